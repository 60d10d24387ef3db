"""python -I -S -B __main__.py SITE REQUEST: do what the request says, in the box in which `imager.py` starts this.

SITE is the folder that holds Pillow and its like, REQUEST is JSON. The answer is lines of JSON on stdout: one for
each picture, and a last one with what was found, or with the fault and exit code 1. Whatever else there is to say
goes to stderr, and is kept with the attempt.
"""

import errno
import json
import resource
import sys
from math import ceil
from pathlib import Path
from types import ModuleType
from typing import Any

_FOLDER = Path(__file__).resolve().parent


def _find_packages(site: str) -> None:
    """Only this folder of the checkout can be read here: its parents are packages without files."""
    for name, folder in (("adapters", None), ("adapters.imaging", _FOLDER.parent)):
        package = ModuleType(name)
        package.__path__ = [str(folder)] if folder else []
        sys.modules[name] = package
    sys.path.append(site)


def _say(**line: Any) -> None:
    print(json.dumps(line), flush=True)  # noqa: T201 - the answer


def _allow(cpu_seconds: int) -> None:
    """So much from now on; then the kernel ends this with SIGXCPU, see setrlimit(2)."""
    used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    wanted = ceil(used) + cpu_seconds
    resource.setrlimit(resource.RLIMIT_CPU, (wanted if most < 0 else min(wanted, most), most))


def _look(request: dict[str, Any]) -> dict[str, Any]:
    _allow(request["cpu_seconds"])
    if request["kind"] == "pdf":
        from adapters.imaging.program import pages

        return pages.look(Path(request["source"]))
    from adapters.imaging.program import pictures

    return pictures.look(Path(request["source"]), request["kind"])


def _make(request: dict[str, Any]) -> dict[str, Any]:
    from adapters.imaging.program import pictures

    _allow(request["cpu_seconds"])
    source, folder, format = Path(request["source"]), Path(request["folder"]), request["format"]
    if request["kind"] == "pdf":
        from adapters.imaging.program import pages

        def keep(picture: dict[str, Any], image: Any) -> None:
            pictures.save(image, folder / picture["file_name"], format)
            _say(made=picture["file_name"])
            _allow(request["cpu_seconds"])

        pages.draw(source, request["pictures"], keep)
        return {}
    for picture in request["pictures"]:
        target, size = folder / picture["file_name"], (picture["width"], picture["height"])
        pictures.make(source, request["kind"], target=target, format=format, width=size[0], height=size[1])
        _say(made=picture["file_name"])
    return {}


def _identify(_: dict[str, Any]) -> dict[str, Any]:
    from adapters.imaging.program import inventory

    return inventory.look()


def main(site: str, text: str) -> int:
    _find_packages(site)
    from adapters.imaging.program.refused import Refused

    request = json.loads(text)
    try:
        answer = {"look": _look, "make": _make, "identify": _identify}[request["action"]](request)
    except Refused as refused:
        _say(fault=refused.code, detail=refused.detail)
        return 1
    except MemoryError:
        _say(fault="out_of_memory", detail="no address space is left for it")
        return 1
    except ImportError as error:
        _say(fault="imaging_unavailable", detail=str(error))
        return 1
    except OSError as error:
        code = {errno.ENOSPC: "disk_full", errno.EDQUOT: "disk_full", errno.EFBIG: "output_too_large"}
        _say(fault=code.get(error.errno or 0, "imaging_failed"), detail=str(error))
        return 1
    _say(done=answer)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
