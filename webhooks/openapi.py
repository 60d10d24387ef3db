"""The messages as the OpenAPI document's `webhooks` have them; settings name these objects."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse, OpenApiWebhook, extend_schema
from rest_framework import serializers

from webhooks.events import TYPES

_Serializer = serializers.Serializer


class MessageFault(_Serializer[Any]):
    """What went wrong: a stable code, its bucket, a sentence."""

    code = serializers.CharField()
    bucket = serializers.CharField()
    message = serializers.CharField()


class MessagePlace(_Serializer[Any]):
    """Where an object lies, and where players find it (null where nothing serves it)."""

    url = serializers.CharField()
    public_url = serializers.CharField(allow_null=True)


class MessageOutput(MessagePlace):
    """A stored file with its checksum, and the encoder that made it."""

    kind = serializers.CharField()
    rendition = serializers.CharField(allow_null=True)
    content_type = serializers.CharField()
    size_bytes = serializers.IntegerField()
    sha256 = serializers.CharField()
    duration_seconds = serializers.FloatField(allow_null=True)
    encoder_revision = serializers.CharField(allow_null=True)
    name = serializers.CharField(required=False, help_text="What the request of a command calls it.")
    delivered_url = serializers.CharField(required=False, help_text="Where the request wanted it.")


class MessageJob(_Serializer[Any]):
    """A job at the moment of the event. `outputs`, of a job that brought some, may be cut: `outputs_total` counts."""

    id = serializers.UUIDField()
    state = serializers.CharField()
    reference = serializers.CharField()
    preset = serializers.CharField(allow_null=True)
    encoder_revision = serializers.CharField(allow_null=True)
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    manifest = MessagePlace(allow_null=True)
    fault = MessageFault(allow_null=True)
    progress = serializers.FloatField(required=False, help_text="0 to 1; of job.progress alone.")
    outputs = MessageOutput(many=True, required=False)
    outputs_total = serializers.IntegerField(required=False)


class MessageRendition(_Serializer[Any]):
    key = serializers.CharField()
    state = serializers.CharField()
    required = serializers.BooleanField()  # type: ignore[assignment]  # a field of that name
    output = MessageOutput(allow_null=True)
    fault = MessageFault(allow_null=True)


class MessageBatch(_Serializer[Any]):
    """`jobs` counts them by state."""

    id = serializers.UUIDField()
    jobs = serializers.DictField(child=serializers.IntegerField())


class MessageEndpoint(_Serializer[Any]):
    """`reason`: gone (it answered 410), failing (it only failed, for days) or asked. A ping has none."""

    id = serializers.UUIDField()
    url = serializers.CharField()
    reason = serializers.CharField(required=False)


class AboutJob(_Serializer[Any]):
    job = MessageJob()


class AboutRendition(AboutJob):
    rendition = MessageRendition()


class AboutBatch(_Serializer[Any]):
    batch = MessageBatch()


class AboutEndpoint(_Serializer[Any]):
    endpoint = MessageEndpoint()


class _Message(_Serializer[Any]):
    id = serializers.UUIDField(help_text="Of the event: the same for every try, and the header webhook-id.")
    type = serializers.CharField()
    version = serializers.IntegerField(help_text="1. Members may be added within it.")
    created_at = serializers.DateTimeField()
    sequence = serializers.IntegerField(help_text="Orders the messages about one job; it has gaps.")


class JobMessage(_Message):
    data = AboutJob()  # type: ignore[assignment]  # a field of that name


class RenditionMessage(_Message):
    data = AboutRendition()  # type: ignore[assignment]  # a field of that name


class BatchMessage(_Message):
    data = AboutBatch()  # type: ignore[assignment]  # a field of that name


class EndpointMessage(_Message):
    data = AboutEndpoint()  # type: ignore[assignment]  # a field of that name


_DESCRIPTION = (
    "Signed as Standard Webhooks has it, in the headers `webhook-id` (the event's id: drop what you have had),"
    " `webhook-timestamp` (seconds since 1970, of this try) and `webhook-signature`."
)


def _webhook(type_: str, message: type[_Message]) -> OpenApiWebhook:
    return OpenApiWebhook(
        name=type_,
        decorator=extend_schema(
            operation_id=f"on_{type_.replace('.', '_')}",
            summary=TYPES[type_],
            description=_DESCRIPTION,
            tags=["webhooks"],
            request=message,
            responses={
                "2XX": OpenApiResponse(description="Received. Anything else is tried again."),
                "410": OpenApiResponse(description="Gone: the endpoint is disabled."),
            },
            auth=[],
        ),
    )


job_queued = _webhook("job.queued", JobMessage)
job_started = _webhook("job.started", JobMessage)
job_progress = _webhook("job.progress", JobMessage)
rendition_succeeded = _webhook("rendition.succeeded", RenditionMessage)
rendition_failed = _webhook("rendition.failed", RenditionMessage)
job_succeeded = _webhook("job.succeeded", JobMessage)
job_partial = _webhook("job.partial", JobMessage)
job_failed = _webhook("job.failed", JobMessage)
job_dead_lettered = _webhook("job.dead_lettered", JobMessage)
job_cancelled = _webhook("job.cancelled", JobMessage)
batch_finished = _webhook("batch.finished", BatchMessage)
endpoint_disabled = _webhook("endpoint.disabled", EndpointMessage)
endpoint_ping = _webhook("endpoint.ping", EndpointMessage)
