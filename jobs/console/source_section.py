"""What is known of a source, from the row and from its probe."""

from collections.abc import Sequence

from adapters.ffmpeg.probe import AudioStream, Probe, VideoStream, parse_probe
from adapters.imaging.seen import Document, Image, parse_still
from jobs.console import cells
from jobs.console.sections import Cell, Facts, Table, columns
from jobs.models import Source


def read(source: Source | None) -> tuple[Probe | None, Image | Document | None]:
    """What the ingest found: a film or sound, or else an image or a document."""
    if source is None or not source.probe:
        return None, None
    still = parse_still(source.probe)
    return (None, still) if still else (parse_probe(source.probe), None)


def facts(source: Source | None, probe: Probe | None, still: Image | Document | None = None) -> Facts | None:
    if source is None:
        return None
    rows: list[tuple[str, Cell]] = [("URL", cells.code(source.url))]
    if source.fetched_at:
        rows += [
            ("SHA-256", cells.code(source.sha256)),
            ("Size", cells.size(source.size_bytes)),
            ("Content type", cells.code(source.content_type)),
            ("Fetched", cells.when(source.fetched_at)),
        ]
    else:
        rows.append(("Fetched", "not yet, or in vain"))
    if probe:
        rows += [
            ("Container", cells.code(probe.format_name)),
            ("Length", cells.span(probe.duration_seconds)),
            ("Bit rate", cells.rate(probe.bit_rate_kbps)),
        ]
    if isinstance(still, Image):
        rows += _of_image(still)
    elif still:
        rows += _of_document(still)
    return Facts("Source", rows)


def _of_image(image: Image) -> list[tuple[str, Cell]]:
    turned = f"turned by its EXIF ({image.orientation})" if image.orientation > 1 else ""
    kind = [image.format, image.mode, "animated: its first picture" if image.is_animated else "", turned]
    return [
        ("Image", ", ".join(filter(None, kind))),
        ("Picture size", f"{image.width}x{image.height}"),
        ("Colour profile", image.profile or cells.NOTHING),
        ("Taken", " with ".join(filter(None, [image.captured_at, image.camera])) or cells.NOTHING),
        ("Tells its place", "yes; it is not read" if image.has_location else "no"),
    ]


def _of_document(document: Document) -> list[tuple[str, Cell]]:
    width, height = document.page_sizes[0]
    written = [document.creator, document.producer]
    return [
        ("Document", f"{document.format}, {'restricted' if document.is_encrypted else 'not encrypted'}"),
        ("Pages", f"{document.pages:,}"),
        ("First page", f"{width:g} x {height:g} points"),
        ("Title", document.title or cells.NOTHING),
        ("Author", document.author or cells.NOTHING),
        ("Written with", ", ".join(filter(None, written)) or cells.NOTHING),
        (
            "Written, changed",
            ", ".join(filter(None, [document.created_at, document.modified_at])) or cells.NOTHING,
        ),
    ]


def others(sources: Sequence[Source]) -> Table | None:
    """The second source and those after it, which only a command has."""
    if not sources:
        return None
    return Table(
        "Further sources",
        columns("Input", "URL", "Size", "SHA-256", "Holds"),
        [
            [
                str(source.position + 1),
                cells.code(source.url),
                cells.size(source.size_bytes),
                cells.digest(source.sha256) if source.sha256 else cells.NOTHING,
                _holds(source),
            ]
            for source in sources
        ],
    )


def _holds(source: Source) -> str:
    if not source.probe:
        return cells.NOTHING
    probe = parse_probe(source.probe)
    kinds = [
        *(stream.codec for stream in probe.video),
        *(stream.codec for stream in probe.audio),
        *probe.other,
    ]
    return ", ".join(kinds)


def streams(probe: Probe | None) -> Table | None:
    if probe is None:
        return None
    rows = [_video(stream) for stream in probe.video] + [_audio(stream) for stream in probe.audio]
    other = ", ".join(sorted(set(probe.other)))
    return Table(
        "Streams of the source",
        columns("#", "Kind", "Codec", "Picture or sound", "Rate", "More"),
        sorted(rows, key=lambda row: int(row[0])),
        empty="Neither video nor audio.",
        note=f"Besides: {other}." if other else "",
    )


def _video(stream: VideoStream) -> list[Cell]:
    rate = stream.average_frame_rate or stream.frame_rate
    more = [
        stream.pixel_format or "",
        stream.color_transfer or "",
        f"turned by {stream.rotation}°" if stream.rotation else "",
        "variable rate" if stream.is_variable_rate else "",
        "cover picture" if stream.is_attached_picture else "",
    ]
    return [
        str(stream.index),
        "video",
        " ".join(filter(None, [stream.codec, stream.codec_profile])),
        f"{stream.display_width}x{stream.display_height}",
        f"{float(rate):.3f}".rstrip("0").rstrip(".") + " fps" if rate else cells.NOTHING,
        ", ".join(filter(None, more)) or cells.NOTHING,
    ]


def _audio(stream: AudioStream) -> list[Cell]:
    sound = stream.channel_layout or (f"{stream.channels} channels" if stream.channels else "")
    return [
        str(stream.index),
        "audio",
        stream.codec or cells.NOTHING,
        sound or cells.NOTHING,
        f"{stream.sample_rate_hz / 1000:g} kHz" if stream.sample_rate_hz else cells.NOTHING,
        stream.language or cells.NOTHING,
    ]
