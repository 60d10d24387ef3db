"""What a client may post: the shape here, the meaning in the planner's own checks."""

import hashlib
import json
from typing import Any

from django.conf import settings
from django.core.cache import cache
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from adapters.ffmpeg.detections import DETECTIONS
from adapters.ffmpeg.encoders import AUDIO_ENCODERS, VIDEO_ENCODERS
from adapters.storage.base import Refused
from jobs import presets, stores
from jobs.api import commands
from jobs.api.fields import Flag, Number, Strict, Text, Whole
from jobs.models import Account, Preset
from jobs.planner import specs
from jobs.planner.problems import problems
from jobs.planner.specs import AudioRung, Extra, Ladder, QualityWish, Rung
from jobs.submission import Submission
from webhooks import targets
from webhooks.events import SUBSCRIBABLE

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
    source_size = Flag(required=False, default=False, help_text="true: the source's own size.")
    encoder = Text(required=False, default="libx264", help_text=f"One of: {', '.join(VIDEO_ENCODERS)}.")
    crf = Number(required=False, allow_null=True, help_text="Constant quality, on the encoder's scale.")
    bitrate_kbps = Whole(required=False, allow_null=True)
    maxrate_kbps = Whole(required=False, allow_null=True, help_text="Caps crf or bitrate_kbps.")
    bufsize_kbps = Whole(required=False, allow_null=True)
    passes = Whole(required=False, default=1)
    speed = Text(required=False, allow_null=True, help_text="In the encoder's words: medium, 8, p4.")
    codec_profile = Text(required=False, allow_null=True)
    level = Text(required=False, allow_null=True)
    pixel_format = Text(required=False, allow_null=True)
    tune = Text(required=False, allow_null=True)
    max_frame_rate = Number(required=False, allow_null=True, help_text="Frames per second, at most.")
    hdr = Text(
        required=False, default="tone_map", help_text="tone_map: SDR for every screen. keep: as it is."
    )
    pool = Text(required=False, allow_null=True, help_text="cpu, gpu or highmem.")
    fallback = Text(
        required=False,
        allow_null=True,
        help_text="For a GPU's encoder: the one that makes the rung on the CPU where no GPU can, such as libx264.",
    )
    fallback_crf = Number(
        required=False, allow_null=True, help_text="Constant quality of the fallback, on its own scale."
    )
    fallback_speed = Text(required=False, allow_null=True, help_text="In the fallback's words.")
    min_quality = Number(
        required=False,
        allow_null=True,
        help_text="The rung's own minimum, in place of the ladder's quality.minimum.",
    )
    required = Flag(  # type: ignore[assignment]  # a field of that name, not the option
        required=False, default=True, help_text="false: the job may do without it, and is then partial."
    )


class AudioRequest(Strict):
    name = Text(required=False, default="audio")
    encoder = Text(required=False, default="aac", help_text=f"One of: {', '.join(AUDIO_ENCODERS)}.")
    bitrate_kbps = Whole(required=False, allow_null=True)
    channels = Whole(required=False, allow_null=True)
    sample_rate_hz = Whole(required=False, allow_null=True)
    loudness_lufs = Number(
        required=False, allow_null=True, help_text="Integrated loudness by EBU R128, such as -23 or -16."
    )
    required = Flag(required=False, default=True)  # type: ignore[assignment]  # a field of that name


class ExtraRequest(Strict):
    """What is made beside the ladder: a picture, a short clip, or what is known of the source (media_info)."""

    name = Text()
    kind = Text(help_text=f"One of: {', '.join(specs.EXTRA_KINDS)}.")
    at_seconds = Number(required=False, allow_null=True, help_text="Where in the film it is taken.")
    duration_seconds = Number(required=False, allow_null=True, help_text="Of a clip.")
    interval_seconds = Number(
        required=False, allow_null=True, help_text="Between pictures of a sprite sheet."
    )
    pages = Text(
        required=False, allow_null=True, help_text='Of a page_preview: "1-3,7"; without it the first.'
    )
    format = Text(required=False, allow_null=True, help_text="jpeg, png, webp, gif or mp4.")
    height = Whole(required=False, allow_null=True)
    width = Whole(required=False, allow_null=True)
    required = Flag(required=False, default=False)  # type: ignore[assignment]  # a field of that name


class QualityRequest(Strict):
    """Each encoded picture is measured beside its source, after its encode."""

    metric = Text(required=False, default="vmaf", help_text="vmaf (0 to 100) or ssim (0 to 1).")
    minimum = Number(
        required=False,
        allow_null=True,
        default=None,
        help_text="The least mean score. Below it a rendition is encoded once more at a better setting, and then "
        "fails. null: nothing fails.",
    )
    compare_at = Text(
        required=False,
        default="rendition",
        help_text="rendition: in the rendition's own size. source: in the source's, at most 1920x1080, as it is seen.",
    )


class LadderRequest(Strict):
    packaging = Text(
        help_text="hls, dash, hls+dash, mp4 or webm; none for extras alone, of a film, an image or a PDF document."
    )
    segment_seconds = Number(required=False, default=specs.DEFAULT_SEGMENT_SECONDS)
    gop_seconds = Number(required=False, default=specs.DEFAULT_GOP_SECONDS)
    segments = Text(
        required=False,
        default="single_file",
        help_text="single_file: byte ranges of one file for each rendition. separate: an object for each segment.",
    )
    publish = Text(
        required=False,
        default="final",
        help_text="final: one manifest, at the end. progressive: as soon as it can be played, and growing.",
    )
    rungs = RungRequest(many=True, required=False, default=list, max_length=specs.MAX_RUNGS)  # type: ignore[call-arg]  # the list's argument
    audio = AudioRequest(required=False, allow_null=True, default=None)
    passthrough = Text(
        required=False,
        default="never",
        help_text="auto: copies a stream of the source that is what its rung asks for already.",
    )
    audio_languages = Text(
        required=False, default="default", help_text="all: a rendition for each language of the source."
    )
    subtitles = Text(
        required=False,
        default="none",
        help_text="all: the source's subtitles of text, as WebVTT; never required.",
    )
    strategy = Text(
        required=False,
        default="separate",
        help_text="separate: each rung is its own process. group: rungs share one that decodes once, where they fit.",
    )
    cascade_min_ssim = Number(
        required=False,
        allow_null=True,
        default=None,
        help_text="In a group: scale a rung from the next larger one where the SSIM to one that is scaled from the "
        "source is at least this. null: scale all from the source.",
    )
    quality = QualityRequest(required=False, allow_null=True, default=None)
    detections = serializers.ListField(
        child=Text(),
        required=False,
        default=list,
        max_length=len(DETECTIONS),
        help_text=f"What to warn of: {', '.join(DETECTIONS)}.",
    )
    extras = ExtraRequest(many=True, required=False, default=list, max_length=specs.MAX_EXTRAS)  # type: ignore[call-arg]

    def validate(self, attrs: dict[str, Any]) -> Ladder:  # the ladder is the value
        ladder = Ladder(
            packaging=attrs["packaging"],
            rungs=tuple(Rung(**rung) for rung in attrs["rungs"]),
            audio=AudioRung(**attrs["audio"]) if attrs["audio"] is not None else None,
            segment_seconds=attrs["segment_seconds"],
            gop_seconds=attrs["gop_seconds"],
            segments=attrs["segments"],
            publish=attrs["publish"],
            passthrough=attrs["passthrough"],
            audio_languages=attrs["audio_languages"],
            subtitles=attrs["subtitles"],
            strategy=attrs["strategy"],
            cascade_min_ssim=attrs["cascade_min_ssim"],
            extras=tuple(Extra(**extra) for extra in attrs["extras"]),
            quality=QualityWish(**attrs["quality"]) if attrs["quality"] is not None else None,
            detections=tuple(attrs["detections"]),
        )
        found: dict[str, list[ErrorDetail]] = {}
        for problem in problems(ladder):
            found.setdefault(problem.pointer or "non_field_errors", []).append(
                ErrorDetail(problem.detail, code=problem.code)
            )
        if found:
            raise serializers.ValidationError(found)
        return ladder


@extend_schema_serializer(component_name="JobRequest")
class JobRequest(Strict):
    """What shall be made: a preset's name, a ladder spelled out, or a command of FFmpeg. One of them.

    A ladder has one `source`; a command has its sources in itself, or named by `inputs`.
    """

    source = SourceRequest(required=False)  # type: ignore[assignment]  # a field of that name, not the option
    preset = Text(required=False, max_length=64, help_text="The name of a stored ladder.")
    preset_version = Whole(
        required=False,
        min_value=1,
        max_value=presets.LAST_VERSION,
        help_text="Which version of the preset; without it the newest.",
    )
    ladder = LadderRequest(required=False)
    command = Text(
        required=False,
        max_length=commands.MAX_TEXT,
        help_text="ffmpeg -i URL ... out.mp4: read, checked against a list, and written anew. See docs/commands.md.",
    )
    arguments = serializers.ListField(
        child=Text(allow_blank=True), required=False, help_text="The same as a list, one argument an item."
    )
    inputs = commands.Names(required=False, help_text='Names for URLs: {"in_1": URL}, or a list of URLs.')
    outputs = commands.Names(
        required=False,
        help_text='Names for what is made: {"out_1": "name.mp4"}, or a list of names. A URL is where it shall be.',
    )
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

    webhook_url = Text(
        required=False,
        max_length=2048,
        help_text="https:// or mailto:. It hears of this job, beside the account's endpoints.",
    )
    webhook_events = serializers.ListField(
        child=Text(),
        required=False,
        default=list,
        max_length=len(SUBSCRIBABLE),
        help_text="Which events it hears of; without them all but job.progress.",
    )

    def validate_webhook_url(self, url: str) -> str:
        try:
            return targets.check(url).url
        except targets.TargetRefused as error:
            raise serializers.ValidationError(str(error), code="url_refused") from error

    def validate_webhook_events(self, types: list[str]) -> list[str]:
        return known_events(types)

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
        wish = self._command(attrs) if "command" in attrs or "arguments" in attrs else self._ladder(attrs)
        destination = attrs.get("destination") or stores.default_destination(account.slug)
        if not destination:
            raise serializers.ValidationError(
                {"destination": ["There is no default one here."]}, code="required"
            )
        minutes = attrs.get("timeout_minutes", settings.TASK_TIMEOUT_MINUTES)
        return Submission(
            **wish,
            destination=destination,
            timeout_seconds=60 * minutes,
            reference=attrs["reference"],
            metadata=attrs["metadata"],
            webhook_url=attrs.get("webhook_url", ""),
            webhook_events=tuple(attrs["webhook_events"]),
        )

    def _ladder(self, attrs: dict[str, Any]) -> dict[str, Any]:
        account: Account = self.context["account"]
        if ("preset" in attrs) == ("ladder" in attrs):
            raise serializers.ValidationError(
                {"preset": ["Give a preset's name, a ladder or a command, one of them."]}, code="conflict"
            )
        for field in ("inputs", "outputs"):
            if field in attrs:
                raise serializers.ValidationError(
                    {field: ["It belongs to a command; a ladder has a source."]}, code="conflict"
                )
        if "preset_version" in attrs and "preset" not in attrs:
            raise serializers.ValidationError(
                {"preset_version": ["It belongs to a preset, which is not named."]}, code="conflict"
            )
        if "source" not in attrs:
            raise serializers.ValidationError({"source": ["A ladder needs one."]}, code="required")
        preset = _preset(account, attrs["preset"], attrs.get("preset_version")) if "preset" in attrs else None
        return {
            "source_urls": (attrs["source"]["url"],),
            "ladder": attrs["ladder"] if preset is None else Ladder.from_json(preset.ladder),
            "preset": preset,
        }

    def _command(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for field in (
            "preset",
            "preset_version",
            "ladder",
            "source",
            *({"command"} if "arguments" in attrs else ()),
        ):
            if field in attrs:
                raise serializers.ValidationError(
                    {field: ["Not beside a command: give one of them."]}, code="conflict"
                )
        program = commands.read(
            attrs["arguments"] if "arguments" in attrs else attrs["command"],
            inputs=attrs.get("inputs", {}),
            outputs=attrs.get("outputs", {}),
            account=self.context["account"].slug,
        )
        return {
            "source_urls": tuple(source.url for source in program.sources),
            "command": program.to_json(),
        }


def known_events(types: list[str]) -> list[str]:
    """Event types without repetition. Raises ValidationError with the place of one that there is not."""
    unknown = {
        str(position): [ErrorDetail(f"Known are: {', '.join(SUBSCRIBABLE)}.", code="unknown")]
        for position, type_ in enumerate(types)
        if type_ not in SUBSCRIBABLE
    }
    if unknown:
        raise serializers.ValidationError(unknown)
    return list(dict.fromkeys(types))


def _preset(account: Account, name: str, version: int | None) -> Preset:
    """Raises ValidationError for a preset or a version that the account does not see."""

    def look_up() -> Preset | None:
        return (
            presets.newest(account, name) if version is None else presets.of_version(account, name, version)
        )

    # The name is a customer's: hashed, it is a key that every cache takes.
    key = f"preset:{account.pk}:{hashlib.sha256(name.encode()).hexdigest()}:{version or 'newest'}"
    preset: Preset | None = cache.get_or_set(key, look_up, _PRESET_SECONDS)
    if preset is not None:
        return preset
    if version is not None and (newest := presets.newest(account, name)) is not None:
        message = f"There is no version {version} of {name}; the newest is {newest.version}."
        raise serializers.ValidationError({"preset_version": [message]}, code="unknown")
    known = ", ".join(sorted(set(presets.visible(account).values_list("name", flat=True))))
    raise serializers.ValidationError({"preset": [f"Unknown; known are: {known}."]}, code="unknown")
