"""What the webhooks of these jobs get: bodies as those APIs' clients read them. Pure.

The job's own endpoint alone has such a shape, and hears of its end alone. A message is made once and sent as often
as it takes, so its URLs are those that do not expire; a signed one is to be had by asking for the task or command.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from webhooks.payloads import Message
from webhooks.shapes import shape

_BROUGHT = frozenset({"succeeded", "partial"})
_ENDED_BADLY = frozenset({"failed", "dead_letter", "cancelled"})
# What names other files is what to open first.
_ENTRIES = frozenset({"application/vnd.apple.mpegurl", "application/dash+xml"})
_MEBIBYTE = 1 << 20


@shape("tasks")
def tasks(message: Message) -> Mapping[str, Any]:
    job = message.data.get("job", {})
    outputs = _in_order(job.get("outputs", ()))
    return {
        "task_id": job.get("id"),
        "status": _status(job, ("running", "completed", "failed")),
        "output_url": _link(outputs[0]) if outputs else None,
        "error": _fault(job).get("message"),
    }


@shape("commands")
def commands(message: Message) -> Mapping[str, Any]:
    """Output files by their names in the request; those that have none there by the names of their files."""
    job = message.data.get("job", {})
    return {
        "command_id": job.get("id"),
        "status": _status(job, ("PROCESSING", "SUCCESS", "FAILED")),
        "output_files": {_name(output): _file(output) for output in _in_order(job.get("outputs", ()))},
        "error_status": code.upper() if (code := _fault(job).get("code")) else None,
        "error_message": _fault(job).get("message"),
    }


def _status(job: Mapping[str, Any], words: tuple[str, str, str]) -> str:
    going_on, well, badly = words
    state = job.get("state")
    return well if state in _BROUGHT else badly if state in _ENDED_BADLY else going_on


def _fault(job: Mapping[str, Any]) -> Mapping[str, Any]:
    return job.get("fault") or {}


def _in_order(outputs: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(outputs, key=lambda output: output.get("content_type") not in _ENTRIES)


def _name(output: Mapping[str, Any]) -> str:
    return str(output.get("name") or output.get("url", "").rpartition("/")[2])


def _link(output: Mapping[str, Any]) -> str | None:
    return output.get("delivered_url") or output.get("public_url") or output.get("url")


def _file(output: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "storage_url": _link(output),
        "size_mbytes": output.get("size_bytes", 0) / _MEBIBYTE,
        "duration": output.get("duration_seconds"),
        "mime_type": output.get("content_type"),
    }
