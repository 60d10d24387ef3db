"""What the processes write to stderr: a JSON object on each line, with the traceback of what went wrong."""

import json
import logging
import logging.config
import sys
from typing import Any

import pytest
from billiard.einfo import ExceptionInfo
from django.conf import settings


def logged(exc_info: Any) -> dict[str, Any]:
    """How a line of somebody else's logger comes out."""
    formatters: Any = settings.LOGGING["formatters"]
    formatter = logging.config.DictConfigurator({"version": 1}).configure_formatter(dict(formatters["json"]))
    record = logging.LogRecord("celery.worker", logging.ERROR, "", 0, "%s broke", ("it",), exc_info)
    line: dict[str, Any] = json.loads(formatter.format(record))
    return line


@pytest.mark.parametrize("kept_by_celery", [False, True])
def test_an_error_of_a_library_has_its_traceback(kept_by_celery: bool) -> None:
    """Celery hands on a traceback of its own making, which can be sent to another process."""
    try:
        int("many")
    except ValueError:
        line = logged(ExceptionInfo().exc_info if kept_by_celery else sys.exc_info())
    assert (line["event"], line["level"], line["logger"]) == ("it broke", "error", "celery.worker")
    assert line["exception"].startswith("Traceback (most recent call last):\n")
    assert "\nValueError: invalid literal" in line["exception"]
    assert "exc_info" not in line
