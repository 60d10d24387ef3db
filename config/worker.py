"""`python -m config.worker OPTIONS` is `celery -A config worker OPTIONS`, there sooner.

Celery's own command line loads every command that is installed before it looks which one is meant: with Flower's, a
web server, which costs each worker 0.35 s of CPU (measured).
"""

from celery.bin.base import CLIContext
from celery.bin.worker import worker

from config.celery import app


def main() -> None:
    """Run a worker with the options of the command line; ends the process."""
    app.set_current()
    worker.main(prog_name="python -m config.worker", obj=CLIContext(app=app, no_color=True, workdir=None))


if __name__ == "__main__":
    main()
