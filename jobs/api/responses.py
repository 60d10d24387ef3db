"""What the API shows of the rows."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from adapters.ffmpeg.probe import parse_probe
from adapters.imaging.seen import parse_still
from adapters.storage.base import StorageError
from audit.models import AuditEvent
from jobs import stores
from jobs.api import quality
from jobs.api.quality import QualitySummary, WarningResponse
from jobs.models import Attempt, Job, Output, Rendition, Source
from jobs.states import AttemptState, JobState, OutputState, RenditionState, StepKind


class FaultResponse(serializers.Serializer[Any]):
    code = serializers.CharField()
    bucket = serializers.CharField()
    message = serializers.CharField()


class _WithFault(serializers.Serializer[Any]):
    """Rows that carry the four columns of a fault show it as one object, or null."""

    fault = serializers.SerializerMethodField()

    @extend_schema_field(FaultResponse(allow_null=True))
    def get_fault(self, row: Any) -> dict[str, str] | None:
        if not row.fault_code:
            return None
        return {"code": row.fault_code, "bucket": row.fault_bucket, "message": row.fault_message}


class SourceResponse(serializers.Serializer[Any]):
    """Width and height as displayed; null until the source was looked at, or where it has no picture.

    `pages` are those of a PDF document; null for everything else.
    """

    url = serializers.CharField()
    sha256 = serializers.CharField(allow_null=True)
    size_bytes = serializers.IntegerField(allow_null=True)
    duration_seconds = serializers.FloatField(allow_null=True)
    width = serializers.IntegerField(allow_null=True)
    height = serializers.IntegerField(allow_null=True)
    video_codec = serializers.CharField(allow_null=True)
    audio_codec = serializers.CharField(allow_null=True)
    pages = serializers.IntegerField(allow_null=True)


class ManifestResponse(serializers.Serializer[Any]):
    url = serializers.CharField()
    public_url = serializers.CharField(allow_null=True)


class RenditionOutputResponse(serializers.Serializer[Any]):
    url = serializers.CharField()
    public_url = serializers.CharField(allow_null=True)
    size_bytes = serializers.IntegerField()
    sha256 = serializers.CharField()
    duration_seconds = serializers.FloatField(allow_null=True)
    bitrate_kbps = serializers.FloatField(allow_null=True)


class RenditionResponse(_WithFault):
    """`encode_seconds` and `encoder_revision` are of the newest attempt."""

    id = serializers.UUIDField()
    key = serializers.CharField()
    kind = serializers.CharField()
    state = serializers.ChoiceField(choices=[s.value for s in RenditionState])
    required = serializers.BooleanField()  # type: ignore[assignment]  # a field of that name, not the option
    progress = serializers.FloatField(source="step.progress")
    speed = serializers.FloatField(source="step.speed", allow_null=True)
    eta_seconds = serializers.FloatField(source="step.eta_seconds", allow_null=True)
    width = serializers.SerializerMethodField()
    height = serializers.SerializerMethodField()
    encoder = serializers.SerializerMethodField()
    attempts = serializers.SerializerMethodField()
    encode_seconds = serializers.SerializerMethodField()
    encoder_revision = serializers.SerializerMethodField()
    output = serializers.SerializerMethodField()
    quality = serializers.SerializerMethodField()

    def get_width(self, row: Rendition) -> int | None:
        return self._video(row).get("width")

    def get_height(self, row: Rendition) -> int | None:
        return self._video(row).get("height")

    def get_encoder(self, row: Rendition) -> str | None:
        encode = row.spec.get("encode", {})
        made = encode.get("video") or encode.get("audio")
        return str(made["encoder"]) if made else None

    def get_attempts(self, row: Rendition) -> int:
        return len(row.attempts.all())

    def get_encode_seconds(self, row: Rendition) -> float | None:
        newest = self._newest(row)
        return newest.wall_seconds if newest else None

    def get_encoder_revision(self, row: Rendition) -> str | None:
        newest = self._newest(row)
        return newest.encoder_identity.revision if newest and newest.encoder_identity else None

    @extend_schema_field(QualitySummary(allow_null=True))
    def get_quality(self, row: Rendition) -> dict[str, Any] | None:
        """Null where nothing was measured, or not yet."""
        return quality.summary(row)

    @extend_schema_field(RenditionOutputResponse(allow_null=True))
    def get_output(self, row: Rendition) -> dict[str, Any] | None:
        """Null until the rendition counts: with a gate, its file may yet be made anew."""
        if row.state != RenditionState.SUCCEEDED:
            return None
        for output in row.outputs.all():
            if output.state == OutputState.COMMITTED:
                seconds = output.duration_seconds
                return {
                    "url": output.url,
                    "public_url": stores.public_url(output.url),
                    "size_bytes": output.size_bytes,
                    "sha256": output.sha256,
                    "duration_seconds": seconds,
                    "bitrate_kbps": round(output.size_bytes * 8 / seconds / 1000, 1) if seconds else None,
                }
        return None

    def _video(self, row: Rendition) -> dict[str, Any]:
        return row.spec.get("encode", {}).get("video") or {}

    def _newest(self, row: Rendition) -> Attempt | None:
        return max(row.attempts.all(), key=lambda attempt: attempt.epoch, default=None)


def _source(source: Source) -> dict[str, Any]:
    still = parse_still(source.probe)
    probe = parse_probe(source.probe) if source.probe and not still else None
    pictures = [stream for stream in probe.video if not stream.is_attached_picture] if probe else []
    return {
        "url": source.url,
        "sha256": source.sha256 or None,
        "size_bytes": source.size_bytes,
        "duration_seconds": probe.duration_seconds if probe else None,
        "width": pictures[0].display_width if pictures else getattr(still, "width", None),
        "height": pictures[0].display_height if pictures else getattr(still, "height", None),
        "video_codec": pictures[0].codec if pictures else None,
        "audio_codec": probe.audio[0].codec if probe and probe.audio else None,
        "pages": getattr(still, "pages", None),
    }


class JobSummary(_WithFault):
    """A job in a list. `progress` is the mean of its renditions', 0 to 1."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=[s.value for s in JobState])
    progress = serializers.SerializerMethodField()
    preset = serializers.CharField(source="preset.name", allow_null=True, default=None)
    preset_version = serializers.IntegerField(source="preset.version", allow_null=True, default=None)
    reference = serializers.CharField()
    metadata = serializers.DictField()
    destination = serializers.CharField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    source = serializers.SerializerMethodField()  # type: ignore[assignment]  # a field of that name
    manifest = serializers.SerializerMethodField()

    def get_progress(self, row: Job) -> float:
        if row.state in (JobState.SUCCEEDED, JobState.PARTIAL):
            return 1.0
        return round(getattr(row, "mean_progress", None) or 0.0, 4)

    @extend_schema_field(SourceResponse(allow_null=True))
    def get_source(self, row: Job) -> dict[str, Any] | None:
        """The first one."""
        sources = row.sources.all()
        return _source(sources[0]) if sources else None

    @extend_schema_field(ManifestResponse(allow_null=True))
    def get_manifest(self, row: Job) -> dict[str, str | None] | None:
        if row.manifest is None:
            return None
        return {"url": row.manifest.url, "public_url": stores.public_url(row.manifest.url)}


class DeliveredResponse(serializers.Serializer[Any]):
    """An output of a command at the URL that the request has for it. `files`, where it is a folder's."""

    url = serializers.CharField()
    sha256 = serializers.CharField()
    size_bytes = serializers.IntegerField()
    files = serializers.IntegerField(required=False)


class JobResponse(JobSummary):
    """One job, whole. `notes` say where the plan departs from the ladder, and why."""

    encoder_revision = serializers.CharField(
        source="encoder_identity.revision", allow_null=True, default=None
    )
    ladder = serializers.DictField(allow_null=True)
    command = serializers.SerializerMethodField()
    sources = serializers.SerializerMethodField()
    delivered = serializers.SerializerMethodField()
    notes = serializers.SerializerMethodField()
    warnings = WarningResponse(source="detections", many=True)
    renditions = RenditionResponse(many=True)

    @extend_schema_field(
        {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}, {"type": "null"}]}
    )
    def get_command(self, row: Job) -> str | list[str] | None:
        """As it was posted: a text, or a list of arguments; null for a ladder."""
        return row.command["command"] if row.command else None

    @extend_schema_field(SourceResponse(many=True))
    def get_sources(self, row: Job) -> list[dict[str, Any]]:
        return [_source(source) for source in row.sources.all()]

    @extend_schema_field(DeliveredResponse(many=True))
    def get_delivered(self, row: Job) -> list[dict[str, Any]]:
        """Only a command can have them, and only the join makes them."""
        if row.command is None or row.state != JobState.SUCCEEDED:
            return []
        joins = Attempt.objects.filter(
            job=row, step__kind=StepKind.MANIFEST, state=AttemptState.SUCCEEDED
        ).order_by("-epoch")
        evidence = joins.values_list("evidence", flat=True).first()
        return list((evidence or {}).get("delivered", ()))

    def get_notes(self, row: Job) -> list[str]:
        return list(row.plan["notes"]) if row.plan else []


class AcceptedResponse(serializers.Serializer[Any]):
    """202: the job exists, and is worked on whatever happens to this connection."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=[s.value for s in JobState])
    url = serializers.CharField()


class AttemptResponse(_WithFault):
    """One try. `queue_seconds` is the time it waited, by the database's clock."""

    id = serializers.UUIDField()
    step = serializers.CharField(source="step.kind")
    rendition = serializers.SerializerMethodField()
    epoch = serializers.IntegerField()
    state = serializers.ChoiceField(choices=[s.value for s in AttemptState])
    worker = serializers.CharField()
    queue = serializers.CharField()
    queued_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    queue_seconds = serializers.SerializerMethodField()
    argv = serializers.ListField(child=serializers.CharField())
    exit_code = serializers.IntegerField(allow_null=True)
    signal = serializers.IntegerField(allow_null=True)
    stop_reason = serializers.CharField()
    wall_seconds = serializers.FloatField(allow_null=True)
    cpu_seconds = serializers.FloatField(allow_null=True)
    peak_rss_bytes = serializers.IntegerField(allow_null=True)
    encoder_revision = serializers.CharField(
        source="encoder_identity.revision", allow_null=True, default=None
    )
    encoder_sha256 = serializers.CharField(source="encoder_identity.sha256", allow_null=True, default=None)
    stderr_sha256 = serializers.CharField(source="stderr.sha256", allow_null=True, default=None)
    fallback = serializers.CharField(
        source="evidence.fallback",
        allow_null=True,
        default=None,
        help_text="Which encoder ran instead of a GPU's, and why.",
    )

    def get_rendition(self, row: Attempt) -> str | None:
        """Which it made, or measured."""
        return row.step.key or None

    def get_queue_seconds(self, row: Attempt) -> float:
        return round((row.started_at - row.queued_at).total_seconds(), 3)


class OutputResponse(serializers.Serializer[Any]):
    """A committed file. `path` is relative to the job's folder; `download_url` expires (null for file://)."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Output.Kind.values)
    rendition = serializers.CharField(source="rendition.key", allow_null=True, default=None)
    path = serializers.CharField()
    url = serializers.CharField()
    download_url = serializers.SerializerMethodField()
    public_url = serializers.SerializerMethodField()
    content_type = serializers.CharField()
    size_bytes = serializers.IntegerField()
    sha256 = serializers.CharField()
    duration_seconds = serializers.FloatField(allow_null=True)
    committed_at = serializers.DateTimeField()

    def get_download_url(self, row: Output) -> str | None:
        try:
            storage = stores.storages().for_url(row.url)
            return storage.presign(row.url, expires_seconds=settings.DOWNLOAD_URL_SECONDS)
        except StorageError:
            return None

    def get_public_url(self, row: Output) -> str | None:
        return stores.public_url(row.url)


class AuditEventResponse(serializers.ModelSerializer[AuditEvent]):
    class Meta:
        model = AuditEvent
        fields = ["id", "at", "subject", "subject_id", "label", "from_state", "to_state", "actor", "detail"]
