"""In the foreground until Ctrl-C: the whole stack (`make run`), or the services alone."""

import os
import shlex
import time
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from config.embedded import programs
from config.embedded.ports import free_ports
from config.embedded.services import Services
from config.embedded.stack import Stack
from config.embedded.watch import Show, watch

SHARED_VARIABLES = (
    "DATABASE_URL",
    "REDIS_URL",
    "S3_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_DEFAULT_REGION",
    # What `manage.py` wants besides, so that commands work from a second terminal too.
    "SECRET_KEY",
    "FFMPEG_BINARY",
    "FFPROBE_BINARY",
    "WORK_DIR",
    "SOURCE_ROOTS",
    "DESTINATION_ROOTS",
    "DEFAULT_DESTINATION",
    "PUBLIC_URLS",
)


def run_stack(folder: Path, port: int, console: Console) -> None:
    """Start everything, say where it is, and keep it up. Ctrl-C stops it in order; a second one at once."""
    (flower_port,) = free_ports(1)
    stack = Stack(
        folder,
        port=port,
        programs=[
            programs.web(port),
            programs.beat(),
            programs.flower(flower_port),
            programs.conductor(),
            *programs.all_workers(os.cpu_count() or 1),
        ],
    )
    with stack:
        try:
            _start(stack, flower_port, console)
            watch([*stack.services.children, *stack.children.values()], _printer(console))
        except KeyboardInterrupt:
            console.print("Stopping: running encodes get their grace. Ctrl-C again stops at once.")
    console.print("Stopped.")


def _start(stack: Stack, flower_port: int, console: Console) -> None:
    began = time.monotonic()
    with console.status("Starting ...") as status:
        stack.start(lambda name: status.update(f"Starting ... {name} is ready"))
    shared = {name: stack.environment[name] for name in SHARED_VARIABLES}
    shared |= {"REELCHORD_URL": stack.url, "REELCHORD_API_KEY": stack.services.credentials.api_key}
    file = write_environment(stack.services.folder, shared)
    console.print(_addresses(stack, flower_port))
    console.print(f"Ready after {time.monotonic() - began:.1f} s. From a second terminal:\n")
    curl = 'curl -H "Authorization: Bearer $REELCHORD_API_KEY" $REELCHORD_URL/api/v1/jobs'
    console.print(f"  . {file} && {curl}\n", soft_wrap=True, highlight=False)
    console.print(f"Logs: {stack.services.logs}. Ctrl-C stops everything in order.")


def run_services(folder: Path, console: Console) -> None:
    """PostgreSQL, Valkey and S3 alone, for a development server or a debugger of one's own."""
    services = Services(folder)
    try:
        services.start(lambda name: console.print(f"{name} is ready"))
        file = write_environment(folder, services.environment)
        console.print(f"Settings: . {file}\nCtrl-C stops the services.")
        watch(services.children, _printer(console))
    except KeyboardInterrupt:
        console.print("Stopping.")
    finally:
        services.stop()


def write_environment(folder: Path, variables: Mapping[str, str]) -> Path:
    """Variables for a shell to source, readable by the owner alone."""
    file = folder / "env"
    file.touch(mode=0o600)
    file.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items()))
    return file


def _addresses(stack: Stack, flower_port: int) -> Table:
    known = stack.services.credentials
    table = Table("", "address", "user", "password")
    table.add_row("API", f"{stack.url}/api/v1/", "", "(key: see env)")
    table.add_row("Admin", f"{stack.url}/admin/", "admin", known.admin_password)
    table.add_row("Flower", f"http://127.0.0.1:{flower_port}/", "admin", known.flower_password)
    table.add_row("S3", stack.services.seaweed.endpoint_url, "", "(keys: see env)")
    return table


def _printer(console: Console) -> Show:
    return lambda name, line: console.print(f"[bold]{name}[/bold] {escape(line)}", highlight=False)
