"""Which imager this is, exactly: as much of an attempt's evidence as the FFmpeg of another."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from adapters.imaging.imager import ask_inventory, interpreter, site_folder

# Of the installed packages, what the child loads; the rest of the folder changes nothing.
_PACKAGES = (
    "PIL", "pillow.libs", "pypdfium2", "pypdfium2_cfg", "pypdfium2_raw", "pi_heif", "pi_heif.libs", "_pi_heif*",
)  # fmt: skip
_CODE = (".py", ".so")


@dataclass(frozen=True, slots=True)
class ImagerIdentity:
    """The child with its libraries; `libraries` maps "pdfium" to its build."""

    sha256: str
    """Of all that it loads: interpreter, libraries, and its own program. 64 hex digits."""
    version: str
    configuration: str
    libraries: dict[str, str]
    formats: tuple[str, ...]
    """What it can open: "jpeg", "heic", "pdf" …"""
    missing: dict[str, str]
    """What it cannot, and why."""
    container_digest: str | None

    @property
    def revision(self) -> str:
        """The short name customers see: "pillow-13.0.0-1a2b3c4d"."""
        return f"pillow-{self.libraries.get('pillow', 'none')}-{self.sha256[:8]}"


@lru_cache(maxsize=4)
def identify(container_digest: str | None = None) -> ImagerIdentity:
    """Hash and ask it, once per process. Call from the main thread. Raises ImagingFailed."""
    inventory = ask_inventory()
    libraries = {str(name): str(version) for name, version in inventory["libraries"].items()}
    formats = tuple(map(str, inventory["formats"]))
    return ImagerIdentity(
        sha256=_hash(),
        version=f"Pillow {libraries.get('pillow', 'none')}, pdfium {libraries.get('pdfium', 'none')}",
        configuration=f"opens {', '.join(formats)}",
        libraries=libraries,
        formats=formats,
        missing={str(name): str(why) for name, why in inventory["missing"].items()},
        container_digest=container_digest,
    )


def _hash() -> str:
    whole = hashlib.sha256()
    for name, file in sorted(_files()):
        with file.open("rb") as opened:
            whole.update(f"{name} {hashlib.file_digest(opened, 'sha256').hexdigest()}\n".encode())
    return whole.hexdigest()


def _files() -> Iterator[tuple[str, Path]]:
    """Each with its name beneath where it is installed: the same code elsewhere has the same hash."""
    yield "python", interpreter()
    own = Path(__file__).resolve().parent / "program"
    site = site_folder()
    roots = [(own, own)] + [(site, path) for name in _PACKAGES if site for path in site.glob(name)]
    for root, path in roots:
        for file in [path] if path.is_file() else path.rglob("*"):
            if file.is_file() and any(suffix in _CODE for suffix in file.suffixes):
                yield str(file.relative_to(root)), file
