"""Stolen passwords are found in a sorted file by bisection, or in a folder of ranges."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.auth.breached import BREACHED, Breached
from portal.auth.passwords import check
from portal.errors import Invalid
from portal.safety import ConfigError

STOLEN = [f"stolen-tulip-{n}" for n in range(200)]


def digest(password: str) -> str:
    return hashlib.sha1(password.encode()).hexdigest().upper()


@pytest.fixture
def ordered(tmp_path: Path) -> Path:
    """The file as it is downloaded: in the order of hashes, counts of any length."""
    hashes = sorted(digest(one) for one in STOLEN)
    path = tmp_path / "pwned.txt"
    path.write_text("".join(f"{one}:{7 ** (n % 9)}\r\n" for n, one in enumerate(hashes)))
    return path


@pytest.fixture
def ranges(tmp_path: Path) -> Path:
    """The folder as it is downloaded: a file for each five digits."""
    folder = tmp_path / "ranges"
    folder.mkdir()
    for one in STOLEN:
        with (folder / f"{digest(one)[:5]}.txt").open("a") as file:
            file.write(f"{digest(one)[5:]}:3\n")
    return folder


@pytest.fixture
def _nothing() -> Iterator[None]:
    yield
    BREACHED.look_in("")


@pytest.mark.parametrize("kind", ["ordered", "ranges"])
def test_every_stolen_password_is_found_and_no_other(
    kind: str, request: pytest.FixtureRequest
) -> None:
    stolen = Breached()
    stolen.look_in(str(request.getfixturevalue(kind)))
    assert all(stolen.holds(one) for one in STOLEN)
    assert not any(stolen.holds(f"{one}!") for one in STOLEN)


def test_a_file_without_an_end_of_line_and_one_that_is_gone(ordered: Path) -> None:
    stolen = Breached()
    stolen.look_in(str(ordered))
    ordered.write_bytes(ordered.read_bytes().rstrip())
    assert all(stolen.holds(one) for one in STOLEN)
    ordered.unlink()
    assert not stolen.holds(STOLEN[0])  # the rule of passwords holds all the same


@pytest.mark.parametrize("content", ["", "password\n", "5BAA61E4\n", None])
def test_what_is_no_such_file_stops_the_start(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "x"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError, match="BREACHED_PASSWORDS"):
        Breached().look_in(str(path))
    with pytest.raises(ConfigError):
        Breached().look_in(str(tmp_path))


def test_a_stolen_password_is_none(ordered: Path, _nothing: None) -> None:
    check(STOLEN[3])
    BREACHED.look_in(str(ordered))
    with pytest.raises(Invalid, match="泄露") as refused:
        check(STOLEN[3])
    assert refused.value.field == "password"
    check("river-tulip-lamp")
