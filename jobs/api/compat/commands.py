"""`/v1/commands`: named inputs and outputs, as Rendi's API has them (https://docs.rendi.dev/api-reference)."""

import shlex
from collections.abc import Mapping
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from adapters.ffmpeg.probe import Probe, parse_probe
from jobs.api.authentication import ApiKeyAuthentication, account_of
from jobs.api.commands import MAX_TEXT, Names
from jobs.api.compat import answers, errors
from jobs.api.compat.submitting import submit
from jobs.api.fields import Text, Whole
from jobs.api.idempotency import once
from jobs.models import Attempt, Job
from jobs.results import Result, named
from jobs.states import AttemptState, JobState, StepKind

INTERFACE = "commands"
PENDING, PROCESSING, SUCCESS, FAILED = "PENDING", "PROCESSING", "SUCCESS", "FAILED"
STATUS = {
    JobState.QUEUED: PENDING,
    JobState.SUCCEEDED: SUCCESS,
    JobState.PARTIAL: SUCCESS,
    JobState.FAILED: FAILED,
    JobState.DEAD_LETTER: FAILED,
    JobState.CANCELLED: FAILED,
}
_MEBIBYTE = 1 << 20
_MOST_COMMANDS = 4
_HANDLER = errors.plain(
    "detail",
    {
        "inputs": "input_files",
        "outputs": "output_files",
        "command": "ffmpeg_command",
        "webhook_url": "webhook",
        "reference": "reference_id",
    },
)


class KeyInEitherHeader(ApiKeyAuthentication):
    """`X-API-KEY: KEY` as in that API, or `Authorization: Bearer KEY` as everywhere here."""

    def secret_of(self, request: Request) -> str:
        return request.headers.get("X-API-KEY", "").strip() or super().secret_of(request)


class KeyInEitherHeaderScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # it registers itself
    target_class = KeyInEitherHeader
    name = "xApiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "header", "name": "X-API-KEY"}


class CommandRequest(serializers.Serializer[Any]):
    """Members that are not listed are passed over, as they are there."""

    ffmpeg_command = Text(
        required=False,
        max_length=MAX_TEXT,
        help_text="-i {{in_1}} ... {{out_1}}, with or without the word ffmpeg.",
    )
    ffmpeg_commands = serializers.ListField(
        child=Text(max_length=MAX_TEXT),
        required=False,
        min_length=1,
        max_length=_MOST_COMMANDS,
        help_text="Several in place of one: they run one after the other, such as the two of two passes.",
    )
    input_files = Names(required=False, help_text='{"in_1": URL}.')
    output_files = Names(help_text='{"out_1": "name.mp4"}, or the URL that the file shall have.')
    webhook = Text(required=False, allow_null=True, allow_blank=True, max_length=2048)
    reference_id = Text(required=False, allow_blank=True, max_length=200)
    metadata = serializers.DictField(required=False, allow_null=True)
    max_command_run_seconds = Whole(required=False, allow_null=True, min_value=1)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("ffmpeg_command" in attrs) == ("ffmpeg_commands" in attrs):
            raise serializers.ValidationError(
                {"ffmpeg_command": ["Give it, or ffmpeg_commands, one of them."]}, code="conflict"
            )
        return attrs


class CommandAccepted(serializers.Serializer[Any]):
    command_id = serializers.UUIDField()
    status = serializers.CharField(help_text="Always PENDING.")


class CommandOutput(serializers.Serializer[Any]):
    """What is null is not known of such a file. `size_mbytes` counts mebibytes; the bit rates are in kbit/s."""

    file_id = serializers.UUIDField()
    storage_url = serializers.CharField()
    status = serializers.CharField(help_text="Always STORED.")
    filename = serializers.CharField()
    size_mbytes = serializers.FloatField()
    duration = serializers.FloatField(allow_null=True)
    file_type = serializers.CharField(
        help_text="video, audio, image, or what else the media type begins with."
    )
    file_format = serializers.CharField()
    mime_type = serializers.CharField()
    codec = serializers.CharField(allow_null=True)
    pixel_format = serializers.CharField(allow_null=True)
    width = serializers.IntegerField(allow_null=True)
    height = serializers.IntegerField(allow_null=True)
    frame_rate = serializers.FloatField(allow_null=True)
    bitrate_video_kb = serializers.FloatField(allow_null=True)
    bitrate_audio_kb = serializers.FloatField(allow_null=True)


class CommandResponse(serializers.Serializer[Any]):
    command_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=[PENDING, PROCESSING, SUCCESS, FAILED])
    command_type = serializers.CharField(help_text="FFMPEG_COMMAND.")
    total_processing_seconds = serializers.FloatField(allow_null=True)
    ffmpeg_command_run_seconds = serializers.FloatField(allow_null=True)
    output_files = serializers.DictField(child=CommandOutput())
    error_status = serializers.CharField(allow_null=True)
    error_message = serializers.CharField(allow_null=True)
    original_request = serializers.DictField()
    metadata = serializers.DictField()
    created_at = serializers.DateTimeField()


class CommandError(serializers.Serializer[Any]):
    detail = serializers.CharField()


_ERRORS = {400: CommandError, 401: CommandError}


class Commands(APIView):
    authentication_classes = [KeyInEitherHeader]

    def get_exception_handler(self) -> Any:
        return _HANDLER

    @extend_schema(
        operation_id="create_command",
        tags=["commands"],
        request=CommandRequest,
        responses={200: CommandAccepted, **_ERRORS},
    )
    def post(self, request: Request) -> Response:
        """A command job in the shape of Rendi's commands."""
        return once(request, account_of(request), lambda: self._accept(request))

    def _accept(self, request: Request) -> Response:
        asked = CommandRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        job = submit(
            request,
            _document(asked.validated_data),
            interface=INTERFACE,
            timeout_seconds=asked.validated_data.get("max_command_run_seconds"),
        )
        return Response({"command_id": str(job.id), "status": PENDING})


@extend_schema(exclude=True)
class RunCommand(Commands):
    """The paths at which that API takes the same requests."""


class Command(APIView):
    authentication_classes = [KeyInEitherHeader]

    def get_exception_handler(self) -> Any:
        return _HANDLER

    @extend_schema(
        operation_id="get_command",
        tags=["commands"],
        responses={200: CommandResponse, **_ERRORS, 404: CommandError},
    )
    def get(self, request: Request, id: str) -> Response:
        """The command, and its outputs by their names once it is done."""
        return Response(_shown(answers.find(request, INTERFACE, id)))


def _document(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The same wish in the words of `/api/v1/jobs`."""
    texts = asked["ffmpeg_commands"] if "ffmpeg_commands" in asked else [asked["ffmpeg_command"]]
    document: dict[str, Any] = {
        "command": " && ".join(map(_with_its_word, texts)) if len(texts) > 1 else texts[0],
        "inputs": asked.get("input_files") or {},
        "outputs": asked["output_files"],
        "metadata": asked.get("metadata") or {},
        "reference": asked.get("reference_id", ""),
    }
    if url := asked.get("webhook"):
        document["webhook_url"] = url
    return document


def _with_its_word(text: str) -> str:
    return text if text.lstrip().startswith("ffmpeg") else f"ffmpeg {text}"


def _shown(job: Job) -> dict[str, Any]:
    request = job.command or {}
    fault = answers.failure(job)
    status = STATUS.get(JobState(job.state), PROCESSING)
    found = named(request, answers.made(job))
    command = request.get("command", "")
    return {
        "command_id": str(job.id),
        "status": status,
        "command_type": "FFMPEG_COMMAND",
        "total_processing_seconds": answers.total_seconds(job),
        "ffmpeg_command_run_seconds": _run_seconds(job) if status in (SUCCESS, FAILED) else None,
        "output_files": {name: _output(one) for name, one in found.items()},
        "error_status": fault["code"].upper() if fault else None,
        "error_message": fault["message"] if fault else None,
        "original_request": {
            "ffmpeg_command": command if isinstance(command, str) else shlex.join(command),
            "input_files": request.get("inputs", {}),
            "output_files": request.get("outputs", {}),
        },
        "metadata": job.metadata,
        "created_at": job.created_at,
    }


def _output(result: Result) -> dict[str, Any]:
    entry = result.entry
    probe = parse_probe(entry.probe) if entry.probe else None
    return {
        "file_id": str(entry.id),
        "storage_url": answers.link(result),
        "status": "STORED",
        "filename": result.label,
        "size_mbytes": entry.size_bytes / _MEBIBYTE,
        "duration": entry.duration_seconds,
        "file_type": entry.content_type.partition("/")[0],
        "file_format": entry.path.rpartition(".")[2].lower(),
        "mime_type": entry.content_type,
        **_streams(probe),
    }


def _streams(probe: Probe | None) -> dict[str, Any]:
    picture = probe.video[0] if probe and probe.video else None
    sound = probe.audio[0] if probe and probe.audio else None
    first = picture or sound
    return {
        "codec": first.codec if first else None,
        "pixel_format": picture.pixel_format if picture else None,
        "width": picture.display_width if picture else None,
        "height": picture.display_height if picture else None,
        "frame_rate": float(picture.frame_rate) if picture and picture.frame_rate else None,
        "bitrate_video_kb": picture.bit_rate_kbps if picture else None,
        "bitrate_audio_kb": sound.bit_rate_kbps if sound else None,
    }


def _run_seconds(job: Job) -> float | None:
    """FFmpeg's own time, of the attempt that counts; of the last one where none succeeded."""
    attempts = Attempt.objects.filter(job=job, step__kind=StepKind.RENDITION, wall_seconds__isnull=False)
    known: list[tuple[str, float | None]] = list(
        attempts.order_by("epoch").values_list("state", "wall_seconds")
    )
    counted = [seconds for state, seconds in known if state == AttemptState.SUCCEEDED]
    return (counted or [seconds for _, seconds in known] or [None])[-1]
