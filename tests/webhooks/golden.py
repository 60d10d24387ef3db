"""Golden files: what was written once and looked at is what is made today."""

import json
import os
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "golden"


def is_golden(name: str, document: Any) -> None:
    """Assert that a document is the golden one; with GOLDEN=write, make it that."""
    file = FOLDER / f"{name}.json"
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("GOLDEN") == "write":
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    assert document == json.loads(file.read_text())
