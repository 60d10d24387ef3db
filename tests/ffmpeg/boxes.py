"""A box for tests that are about something else: what Python needs to start, the clips, and folders to write in."""

import sys
from pathlib import Path

from adapters.ffmpeg.sandbox.box import Box

_CHECKOUT = Path(__file__).resolve().parents[2]
_READABLE = (Path(sys.prefix), Path(sys.base_prefix), Path("/proc"), _CHECKOUT, _CHECKOUT.parent / "shared")


def box_of(*folders: Path) -> Box:
    return Box(readable=_READABLE, writable=folders)
