"""The secrets of one data folder: made once, kept in a file only its owner can read."""

import json
import secrets
from dataclasses import asdict, dataclass, fields
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Credentials:
    secret_key: str
    s3_access_key: str
    s3_secret_key: str
    api_key: str
    admin_password: str
    flower_password: str


def credentials(folder: Path) -> Credentials:
    """Those of `folder`, made if there are none."""
    file = folder / "credentials.json"
    known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    made = {field.name: known.get(field.name) or secrets.token_urlsafe(24) for field in fields(Credentials)}
    found = Credentials(**made)
    if asdict(found) != known:
        file.touch(mode=0o600)
        file.write_text(json.dumps(asdict(found), indent=2) + "\n")
    return found
