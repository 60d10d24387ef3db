"""s3: URLs. The endpoint and the keys are the operator's; a customer names bucket and key only.

boto3 directly, and not django-storages: this layer knows no Django. One note for operators of older S3
servers: boto3 sends CRC checksums by default; AWS_REQUEST_CHECKSUM_CALCULATION=when_required in the
environment turns them off.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from boto3.s3.transfer import TransferConfig, create_transfer_manager
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from adapters.storage.base import (
    Fetched,
    Forbidden,
    Interrupted,
    NotFound,
    Refused,
    Stat,
    StorageError,
    Stored,
    Throttled,
    Unavailable,
)
from adapters.storage.intake import CHUNK_BYTES, Intake, new_file
from adapters.storage.location import parse_object, parse_prefix

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

PART_BYTES = 16 * 1024 * 1024
PRESIGN_SECONDS_MAX = 7 * 24 * 3600  # the limit of signature version 4
RESUMES_MAX = 10

_THROTTLED = frozenset(
    {"SlowDown", "Throttling", "ThrottlingException", "TooManyRequests", "RequestLimitExceeded"}
)
_PARTS = TransferConfig(multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, max_concurrency=4)


class S3Storage:
    """Any service that speaks S3. Without keys boto3 looks where it always looks."""

    def __init__(
        self,
        *,
        endpoint_url: str | None,
        region: str | None,
        access_key: str | None,
        secret_key: str | None,
    ) -> None:
        # A session of our own: boto3's default one is shared between threads, which its documentation
        # forbids.
        self._client: S3Client = boto3.session.Session().client(
            "s3",
            endpoint_url=endpoint_url,
            region_name=region,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path" if endpoint_url else "auto"},
                connect_timeout=10,  # botocore also gives up a write that makes no headway for as long
                read_timeout=60,  # completing a multipart upload may take that long without a byte
                retries={"mode": "standard", "max_attempts": 3},
            ),
        )

    def stat(self, url: str) -> Stat:
        place = parse_object(url)
        with _translated():
            answer = self._client.head_object(Bucket=place.bucket, Key=place.key)
        return Stat(answer["ContentLength"], answer.get("ContentType"))

    def fetch(self, url: str, target: Path, *, limit_bytes: int, keep_going: Callable[[], bool]) -> Fetched:
        place = parse_object(url)
        with _translated(), new_file(target) as out:
            answer = self._client.get_object(Bucket=place.bucket, Key=place.key)
            intake = Intake(out, limit_bytes=limit_bytes, keep_going=keep_going)
            intake.expect(answer["ContentLength"])
            size_bytes, etag, resumes = answer["ContentLength"], answer["ETag"], 0
            while not _read(answer, intake) or intake.written_bytes < size_bytes:
                if resumes == RESUMES_MAX:
                    raise Interrupted("The connection broke too often before the whole object had arrived.")
                resumes += 1
                # Behind the last byte, and only of the same object: If-Match makes a mixture a 412.
                answer = self._client.get_object(
                    Bucket=place.bucket, Key=place.key, Range=f"bytes={intake.written_bytes}-", IfMatch=etag
                )
            return intake.fetched(answer.get("ContentType"))

    def store(self, file: Path, url: str, *, content_type: str, sha256: str | None = None) -> Stored:
        place = parse_object(url)
        if sha256 is None:
            with file.open("rb") as source:
                sha256 = hashlib.file_digest(source, "sha256").hexdigest()
        size_bytes = file.stat().st_size
        with _translated():
            if size_bytes <= PART_BYTES:
                with file.open("rb") as source:
                    self._client.put_object(
                        Bucket=place.bucket, Key=place.key, Body=source, ContentType=content_type
                    )
            else:
                # By name, not as an open file: the manager then reads each part as it sends it, instead of up
                # to ten parts into memory. After any failure, and on Ctrl-C, it aborts the upload.
                with create_transfer_manager(self._client, _PARTS) as manager:
                    manager.upload(str(file), place.bucket, place.key, {"ContentType": content_type}).result()
        return Stored(sha256, size_bytes)

    def copy(self, url: str, target_url: str, *, content_type: str) -> None:
        source, target = parse_object(url), parse_object(target_url)
        # REPLACE: what a request names as its type; a copy in parts would lose that of the source. To copy an
        # object onto itself, S3 demands it as well.
        named = {"ContentType": content_type, "MetadataDirective": "REPLACE"}
        with _translated(), create_transfer_manager(self._client, _PARTS) as manager:
            manager.copy(
                {"Bucket": source.bucket, "Key": source.key}, target.bucket, target.key, named
            ).result()

    def delete(self, url: str) -> None:
        place = parse_object(url)
        with _translated():
            self._client.delete_object(Bucket=place.bucket, Key=place.key)

    def list(self, prefix_url: str) -> Iterator[str]:
        prefix = parse_prefix(prefix_url)
        with _translated():
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=prefix.bucket, Prefix=prefix.key):
                for item in page.get("Contents", ()):
                    yield f"s3://{prefix.bucket}/{item['Key']}"

    def presign(self, url: str, *, expires_seconds: int) -> str:
        place = parse_object(url)
        if not 1 <= expires_seconds <= PRESIGN_SECONDS_MAX:
            raise ValueError(f"expires_seconds is {expires_seconds}, not 1 to {PRESIGN_SECONDS_MAX}")
        with _translated():
            return self._client.generate_presigned_url(
                "get_object", Params={"Bucket": place.bucket, "Key": place.key}, ExpiresIn=expires_seconds
            )

    def abort_uploads(self, prefix_url: str) -> int:
        prefix = parse_prefix(prefix_url)
        gone = 0
        with _translated():
            pages = self._client.get_paginator("list_multipart_uploads")
            for page in pages.paginate(Bucket=prefix.bucket, Prefix=prefix.key):
                for upload in page.get("Uploads", ()):
                    self._client.abort_multipart_upload(
                        Bucket=prefix.bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                    )
                    gone += 1
        return gone


def _read(answer: "GetObjectOutputTypeDef", intake: Intake) -> bool:
    """Whether the body came to its end; False when its connection broke."""
    with closing(answer["Body"]) as body:
        try:
            while chunk := body.read(CHUNK_BYTES):
                intake.write(chunk)
        except BotoCoreError:
            return False
    return True


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        raise _meaning(error.response) from error
    except NoCredentialsError as error:
        raise Forbidden("There are no keys for this S3 service.") from error
    except BotoCoreError as error:
        raise Unavailable("The S3 service could not be reached, or broke off.") from error


def _meaning(response: Any) -> StorageError:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html; HEAD brings no error code."""
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    code = str(response.get("Error", {}).get("Code", ""))
    said = f"S3 answered {code or status}."
    if code in _THROTTLED or status == 429:
        return Throttled(said)
    if status == 404:
        return NotFound(said)
    if status == 412:
        return Interrupted("The object was replaced while it was being fetched.")
    if status >= 500 or code == "RequestTimeout":
        return Unavailable(said)
    if code in ("KeyTooLongError", "InvalidBucketName", "InvalidURI"):
        return Refused(said)
    return Forbidden(said)
