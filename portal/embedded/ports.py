"""The address to serve on: read from HOST and PORT, and checked to be free."""

import errno
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from portal.embedded.problems import EmbeddedError
from portal.embedded.processes import wait_until

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8000
HIGHEST_PORT = 65535
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound
PATIENCE_SECONDS = 5.0  # an orphaned web worker notices within a second or two


@dataclass(frozen=True)
class Address:
    """Where the pages are served."""

    host: str
    port: int

    @property
    def bound(self) -> str:
        """The host as gunicorn's --bind wants it."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def url(self) -> str:
        """What to open in a browser on this machine."""
        host = EVERYWHERE.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


def read_address(given: Mapping[str, str]) -> Address:
    """HOST and PORT, each with its default; raises EmbeddedError for a port that is none."""
    host = given.get("HOST", "").strip().strip("[]") or DEFAULT_HOST
    text = given.get("PORT", "").strip() or str(DEFAULT_PORT)
    port = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= port <= HIGHEST_PORT:
        raise EmbeddedError(
            f"端口应为 1 到 {HIGHEST_PORT} 之间的整数，现为“{text}”。",
            f"The port has to be a whole number from 1 to {HIGHEST_PORT}, not “{text}”.",
        )
    return Address(host, port)


def require_free(address: Address, *, patient: bool) -> None:
    """Raise EmbeddedError unless we may listen there; `patient`: wait for those who are leaving."""
    problem: OSError | None = None

    def is_free() -> bool:
        nonlocal problem
        problem = _try(address)
        return problem is None

    if wait_until(is_free, PATIENCE_SECONDS if patient else 0) or problem is None:
        return
    port = address.port
    if problem.errno == errno.EADDRINUSE:
        other = port + 1 if port < HIGHEST_PORT else DEFAULT_PORT
        raise EmbeddedError(
            f"端口 {port} 已被其他程序占用。请换一个端口:make run PORT={other}",
            f"Port {port} is in use by another program. Choose another: make run PORT={other}",
        )
    if isinstance(problem, PermissionError):
        raise EmbeddedError(
            f"没有权限使用端口 {port}。请换一个 1024 以上的端口:make run PORT={DEFAULT_PORT}",
            f"No right to use port {port}. Choose one above 1024: make run PORT={DEFAULT_PORT}",
        )
    raise EmbeddedError(
        f"无法在 {address.bound}:{port} 上提供服务:{problem.strerror or problem}。",
        f"Cannot serve on {address.bound}:{port}: {problem.strerror or problem}.",
    )


def _try(address: Address) -> OSError | None:
    """Listen for an instant, as gunicorn will; the error, or None when that works."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
            probe.listen(1)
        except OSError as error:
            return error
    return None
