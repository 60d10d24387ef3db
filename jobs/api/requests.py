"""What a client may post: the shape here, the meaning in the planner's own checks."""

import hashlib
import json
from typing import Any

from django.conf import settings
from django.core.cache import cache
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from adapters.storage.base import Refused
from jobs import stores
from jobs.api.fields import Flag, Number, Strict, Text, Whole
from jobs.models import Account, Preset
from jobs.planner import specs
from jobs.planner.specs import AudioRung, Ladder, Rung
from jobs.submission import Submission

METADATA_BYTES = 16 * 1024
# A new version is taken after this long; a version itself never changes.
_PRESET_SECONDS = 1


class SourceRequest(Strict):
    url = Text(
        max_length=4096, help_text="http://, https://, s3:// or file:// (beneath the account's roots)."
    )

    def validate_url(self, url: str) -> str:
        try:
            stores.check_source(url, self.context["account"].slug)
        except Refused as error:
            raise serializers.ValidationError(error.message, code="url_refused") from error
        return url


class RungRequest(Strict):
    """One step of the ladder. What is left out is the planner's choice."""

    name = Text(help_text="Names the rendition: a-z, 0-9, - and _.")
    height = Whole(required=False, allow_null=True, help_text="Short side of the picture, pixels.")
    width = Whole(required=False, allow_null=True, help_text="Long side of the picture, pixels.")
    encoder = Text(required=False, default="libx264")
    crf = Number(required=False, allow_null=True)
    bitrate_kbps = Whole(required=False, allow_null=True)
    maxrate_kbps = Whole(required=False, allow_null=True)
    bufsize_kbps = Whole(required=False, allow_null=True)
    speed = Text(required=False, allow_null=True)
    codec_profile = Text(required=False, allow_null=True)
    level = Text(required=False, allow_null=True)
    pixel_format = Text(required=False, allow_null=True)
    tune = Text(required=False, allow_null=True)
    required = Flag(  # type: ignore[assignment]  # a field of that name, not the option
        required=False, default=True, help_text="false: the job may do without it, and is then partial."
    )


class AudioRequest(Strict):
    name = Text(required=False, default="audio")
    encoder = Text(required=False, default="aac")
    bitrate_kbps = Whole(required=False, allow_null=True)
    channels = Whole(required=False, allow_null=True)
    sample_rate_hz = Whole(required=False, allow_null=True)
    required = Flag(required=False, default=True)  # type: ignore[assignment]  # a field of that name


class LadderRequest(Strict):
    packaging = Text(help_text="hls or mp4.")
    segment_seconds = Number(required=False, default=specs.DEFAULT_SEGMENT_SECONDS)
    gop_seconds = Number(required=False, default=specs.DEFAULT_GOP_SECONDS)
    rungs = RungRequest(many=True, max_length=specs.MAX_RUNGS)  # type: ignore[call-arg]  # the list's argument
    audio = AudioRequest(required=False, allow_null=True, default=None)

    def validate(self, attrs: dict[str, Any]) -> Ladder:  # the ladder is the value
        ladder = Ladder(
            packaging=attrs["packaging"],
            rungs=tuple(Rung(**rung) for rung in attrs["rungs"]),
            audio=AudioRung(**attrs["audio"]) if attrs["audio"] is not None else None,
            segment_seconds=attrs["segment_seconds"],
            gop_seconds=attrs["gop_seconds"],
        )
        found: dict[str, list[ErrorDetail]] = {}
        for problem in specs.problems(ladder):
            found.setdefault(problem.pointer or "non_field_errors", []).append(
                ErrorDetail(problem.detail, code=problem.code)
            )
        if found:
            raise serializers.ValidationError(found)
        return ladder


@extend_schema_serializer(component_name="JobRequest")
class JobRequest(Strict):
    """A ladder job: a source, and either a preset's name or a ladder spelled out."""

    source = SourceRequest()  # type: ignore[assignment]  # a field of that name, not the option
    preset = Text(
        required=False, max_length=64, help_text="The name of a stored ladder; its newest version is taken."
    )
    ladder = LadderRequest(required=False)
    destination = Text(
        required=False,
        max_length=2048,
        help_text="A folder, s3:// or file://; the outputs go beneath a folder of the job's own in it.",
    )
    reference = Text(
        required=False, max_length=200, default="", allow_blank=True, help_text="Your own name for it."
    )
    metadata = serializers.DictField(
        required=False, default=dict, help_text="Kept and given back, up to 16 KiB."
    )
    timeout_minutes = Whole(
        required=False,
        min_value=1,
        max_value=settings.MAX_TIMEOUT_MINUTES,
        help_text="For each attempt at a rendition.",
    )

    def validate_destination(self, url: str) -> str:
        try:
            return stores.check_destination(url, self.context["account"].slug)
        except Refused as error:
            raise serializers.ValidationError(error.message, code="url_refused") from error

    def validate_metadata(self, metadata: dict[str, Any]) -> dict[str, Any]:
        if len(json.dumps(metadata).encode()) > METADATA_BYTES:
            raise serializers.ValidationError(f"At most {METADATA_BYTES} bytes.", code="too_large")
        return metadata

    def validate(self, attrs: dict[str, Any]) -> Submission:  # the submission is the value
        account: Account = self.context["account"]
        if ("preset" in attrs) == ("ladder" in attrs):
            raise serializers.ValidationError(
                {"preset": ["Give a preset's name or a ladder, one of the two."]}, code="conflict"
            )
        preset: Preset | None = None
        if "preset" in attrs:
            preset = _newest_preset(attrs["preset"])
            if preset is None:
                known = ", ".join(sorted(set(Preset.objects.values_list("name", flat=True))))
                raise serializers.ValidationError(
                    {"preset": [f"Unknown; known are: {known}."]}, code="unknown"
                )
        destination = attrs.get("destination") or stores.default_destination(account.slug)
        if not destination:
            raise serializers.ValidationError(
                {"destination": ["There is no default one here."]}, code="required"
            )
        minutes = attrs.get("timeout_minutes", settings.TASK_TIMEOUT_MINUTES)
        return Submission(
            source_url=attrs["source"]["url"],
            ladder=attrs["ladder"] if preset is None else Ladder.from_json(preset.ladder),
            preset=preset,
            destination=destination,
            timeout_seconds=60 * minutes,
            reference=attrs["reference"],
            metadata=attrs["metadata"],
        )


def _newest_preset(name: str) -> Preset | None:
    def look_up() -> Preset | None:
        return Preset.objects.filter(name=name).order_by("-version").first()

    # The name is a customer's: hashed, it is a key that every cache takes.
    key = f"preset:{hashlib.sha256(name.encode()).hexdigest()}"
    preset: Preset | None = cache.get_or_set(key, look_up, _PRESET_SECONDS)
    return preset
