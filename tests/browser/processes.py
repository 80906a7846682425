"""`python -m tests.browser.processes PORT`: web, worker and timer as processes of one import.

The program is imported once and forked, which saves two thirds of what a site costs to start;
tests/platform starts each as an operator does. SIGTERM to the group ends all of it.
"""

import os
import signal
import sys
from collections.abc import Callable

from flask.cli import ScriptInfo
from gunicorn.app import wsgiapp

from wsgi import app


def serve() -> None:
    """The web, on the port that was given."""
    bound = f"127.0.0.1:{sys.argv[1]}"
    sys.argv = ["gunicorn", "wsgi:app", "--bind", bound, "--threads", "4"]
    wsgiapp.run()


def command(name: str) -> None:
    """What `flask --app wsgi NAME` does."""
    app.cli.main([name], prog_name="flask", obj=ScriptInfo(create_app=lambda: app))


def forked(work: Callable[[], None]) -> int:
    """The process that does it."""
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    return child


if __name__ == "__main__":
    children = [
        forked(work) for work in (serve, lambda: command("worker"), lambda: command("timer"))
    ]
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the children hear it, being of the group
    for child in children:
        os.waitpid(child, 0)
