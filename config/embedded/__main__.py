"""`python -m config.embedded run|demo|services`: what the Makefile calls."""

import argparse
import os
import signal
import sys
from pathlib import Path

import requests
from rich.console import Console

from config.embedded.child import NotReady
from config.embedded.client import JobRefused
from config.embedded.demo import DemoFailed, demo
from config.embedded.foreground import run_services, run_stack
from config.embedded.services import FolderInUse, without_proxy
from config.embedded.stack import StackFailed

# Without a terminal, rich assumes 80 columns, which cuts a table with a checksum in it.
WIDTH_WITHOUT_TERMINAL = 160


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    arguments = _parser().parse_args()
    os.environ.update(without_proxy())
    console = Console()
    if not console.is_terminal:
        console.width = WIDTH_WITHOUT_TERMINAL
    # A closed terminal and a `kill` stop the stack in order, as Ctrl-C does; and Ctrl-C does so too where a shell
    # started us in its background, with SIGINT ignored.
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    try:
        match arguments.command:
            case "run":
                run_stack(arguments.data, arguments.port, console)
            case "services":
                run_services(arguments.data, console)
            case "demo":
                demo(arguments.input, arguments.data, arguments.output, console)
    except (NotReady, StackFailed, FolderInUse, JobRefused, DemoFailed, requests.RequestException) as failure:
        console.print(f"{failure}", style="red", markup=False, highlight=False)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m config.embedded", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="the whole stack, until Ctrl-C")
    run.add_argument("--port", type=int, default=8000, help="of the web server (default 8000)")
    run.add_argument("--data", type=Path, default=Path(".run"), help="data folder (default .run)")
    services = commands.add_parser("services", help="PostgreSQL, Valkey and S3 alone, until Ctrl-C")
    services.add_argument("--data", type=Path, default=Path(".run"), help="data folder (default .run)")
    demo_command = commands.add_parser("demo", help="one job from a clip to a playable ladder")
    demo_command.add_argument("--input", default="", help="a file or an http(s) URL (default: a clip)")
    demo_command.add_argument(
        "--data", type=Path, default=Path(".run/demo"), help="data folder (default .run/demo)"
    )
    demo_command.add_argument("--output", type=Path, default=Path("demo-output"), help="default demo-output")
    return parser


if __name__ == "__main__":
    sys.exit(main())
