"""Asks a ClamAV daemon whether a file is clean, by INSTREAM; a socket and nothing else. Pure."""

import re
import socket
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

SECONDS = 30.0
_CHUNK = 64 * 1024
_FOUND = re.compile(r"^stream: (.+) FOUND$")


class ScannerAway(Exception):
    """The daemon does not answer, or answers with an error: nothing is known of the file."""


Address = Path | tuple[str, int]


def address_of(config: Mapping[str, Any]) -> Address | None:
    """Where the daemon listens: CLAMAV_SOCKET (a path) or CLAMAV_HOST (host or host:port)."""
    if config.get("CLAMAV_SOCKET"):
        return Path(config["CLAMAV_SOCKET"])
    host, _, port = str(config.get("CLAMAV_HOST") or "").rpartition(":")
    if not host:
        host, port = port, "3310"
    return (host, int(port)) if host else None


def virus_in(stream: IO[bytes], address: Address, seconds: float = SECONDS) -> str | None:
    """The name of the virus that the daemon finds, None for a clean file. Raises ScannerAway."""
    try:
        with _connected(address, seconds) as link:
            link.sendall(b"zINSTREAM\0")
            while chunk := stream.read(_CHUNK):
                link.sendall(struct.pack("!I", len(chunk)) + chunk)
            link.sendall(struct.pack("!I", 0))
            answer = _answer(link)
    except OSError as error:
        raise ScannerAway(str(error)) from error
    if answer == "stream: OK":
        return None
    if found := _FOUND.match(answer):
        return found.group(1)
    raise ScannerAway(answer or "no answer")


def answers(address: Address, seconds: float = 2.0) -> bool:
    """Whether the daemon is there."""
    try:
        with _connected(address, seconds) as link:
            link.sendall(b"zPING\0")
            return _answer(link) == "PONG"
    except OSError:
        return False


def _connected(address: Address, seconds: float) -> socket.socket:
    if isinstance(address, Path):
        link = socket.socket(socket.AF_UNIX)
        link.settimeout(seconds)
        try:
            link.connect(str(address))
        except OSError:
            link.close()
            raise
        return link
    return socket.create_connection(address, seconds)


def _answer(link: socket.socket) -> str:
    """One answer, at most 4 KB, up to its end mark."""
    said = b""
    while b"\0" not in said and len(said) < 4096 and (part := link.recv(1024)):
        said += part
    return said.split(b"\0")[0].decode("utf-8", "replace").strip()
