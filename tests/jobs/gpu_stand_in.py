"""A stand-in for the driver of an NVIDIA GPU, which no machine here has: h264_nvenc is made by x264.

It takes the argument list of a GPU rung, and refuses it in the real driver's words while that is away. What is around
it is real: the proof, the box, the sessions, the picture that comes out. Of NVENC itself it shows nothing.
"""

from pathlib import Path

_SCRIPT = """#!/bin/sh
left=$#
gpu=
while [ $left -gt 0 ]; do
  word=$1; shift; left=$((left - 1))
  case "$word" in
    h264_nvenc) word=libx264; gpu=yes ;;
    -cq) word=-crf ;;
    p4) word=ultrafast ;;
    -hwaccel|-hwaccel_output_format) shift; left=$((left - 1)); continue ;;
    hwdownload,*) word=${{word#hwdownload,}} ;;
    -rc:v|-no-scenecut|-forced-idr|-strict_gop|-b:v) shift; left=$((left - 1)); continue ;;
    -g) set -- "$@" -sc_threshold 0 -flags:v +cgop ;;
  esac
  set -- "$@" "$word"
done
if [ -n "$gpu" ] && [ -e "{away}" ]; then
  echo "[h264_nvenc @ 0x5581] [error] Cannot load libcuda.so.1" >&2
  exit 255
fi
if [ -n "$gpu" ] && [ -e "{full}" ]; then
  echo "[h264_nvenc @ 0x5581] [error] OpenEncodeSessionEx failed: out of memory (10): (no details)" >&2
  exit 187
fi
exec "{real}" "$@"
"""


class Driver:
    """Of the GPU that is not there. `ffmpeg` is the program to name in FFMPEG_BINARY."""

    def __init__(self, folder: Path, real: Path) -> None:
        self.ffmpeg, self._away, self._full = folder / "ffmpeg", folder / "away", folder / "full"
        self.ffmpeg.write_text(_SCRIPT.format(away=self._away, full=self._full, real=real))
        self.ffmpeg.chmod(0o755)

    def die(self) -> None:
        self._away.touch()

    def come_back(self) -> None:
        self._away.unlink()

    def fill(self) -> None:
        """Other programs take all sessions."""
        self._full.touch()

    def empty(self) -> None:
        self._full.unlink()
