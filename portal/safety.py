"""What a setting must not be: secrets from files, and what production refuses to start with."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

# Each may be given as NAME, or as NAME_FILE with the path of a file that holds it (a mounted
# secret): what stands in a file is in no list of processes and in no unit file.
SECRETS = (
    "SECRET_KEY",
    "DATABASE_URL",
    "MIGRATION_DATABASE_URL",
    "REDIS_URL",
    "OIDC_CLIENT_SECRET",
)
# Read from their files by those who use them: a ring of keys may change while we run.
KEY_FILES = ("FIELD_KEYS", "AUDIT_KEY")
SECRET_KEY_LENGTH = 32
FEWEST_KINDS = 8  # different characters of a key; a key made at random has twice as many
# Parts of keys that stand in examples, all in small letters.
EXAMPLES = (
    "change-me",
    "changeme",
    "change_me",
    "example",
    "secret-key",
    "secret_key",
    "suqiutong",
)
# A probe of the machine itself asks by these names; no stranger gains by them.
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
TRUE_WORDS = {"1", "true", "yes", "on"}


class ConfigError(click.ClickException):
    """A setting is missing or wrong; a ClickException, so `flask` prints it as one sentence."""

    def __init__(self, chinese: str, english: str) -> None:
        super().__init__(f"{chinese}\n{english}")

    def __str__(self) -> str:
        return self.message


def with_files(given: Mapping[str, Any]) -> dict[str, Any]:
    """`given` with each secret read from its `NAME_FILE`; raises ConfigError.

    A secret given both ways is refused: nobody could say which one holds.
    """
    found = dict(given)
    for name in SECRETS:
        path = given.get(f"{name}_FILE")
        if not path:
            continue
        if given.get(name):
            raise ConfigError(
                f"{name} 和 {name}_FILE 只能设置一个。", f"Set either {name} or {name}_FILE."
            )
        found[name] = _read(f"{name}_FILE", Path(path))
    return found


def _read(name: str, path: Path) -> str:
    try:
        text = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name}：无法读取 {path}。", f"{name}: cannot read {path}.") from error
    if not text:
        raise ConfigError(f"{name}：{path} 是空的。", f"{name}: {path} is empty.")
    return text


def weakness(key: str) -> str:
    """What is wrong with a key that signs sessions, as one word; empty for a good one."""
    if len(key) < SECRET_KEY_LENGTH:
        return "short"
    if len(set(key)) < FEWEST_KINDS:
        return "simple"
    return "example" if any(one in key.lower() for one in EXAMPLES) else ""


def require_key(key: str) -> None:
    """Refuses in production a key that is missing, short, simple or out of an example."""
    if weakness(key):
        raise ConfigError(
            f"生产环境必须设置 SECRET_KEY：至少 {SECRET_KEY_LENGTH} 个随机字符，不能用示例。",
            f"Production needs SECRET_KEY with at least {SECRET_KEY_LENGTH} random characters,"
            " not one from an example.",
        )


def trusted_hosts(given: Mapping[str, Any]) -> list[str] | None:
    """The names this site answers to, loopback among them; None where any name will do.

    Raises ConfigError for a name with a scheme, path or wildcard, and in production for none.
    """
    asked = given.get("TRUSTED_HOSTS") or ""
    if not isinstance(asked, str):
        return list(asked)  # an application made from another one's settings
    names = asked.replace(",", " ").split()
    wrong = next((one for one in names if any(sign in one for sign in "/*?@")), None)
    if wrong is not None:
        raise ConfigError(
            f"TRUSTED_HOSTS 应为域名，用逗号分隔，现有“{wrong}”。",
            f"TRUSTED_HOSTS has to be host names with commas between, not “{wrong}”.",
        )
    if names:
        return [*names, *LOOPBACK]
    if given.get("PORTAL_ENV") == "production":
        raise ConfigError(
            "生产环境必须设置 TRUSTED_HOSTS，写明本站的域名。",
            "Production needs TRUSTED_HOSTS, the names this site is reached by.",
        )
    return None


def refuse_debug(given: Mapping[str, Any]) -> None:
    """The debugger runs what a stranger types: never in production."""
    on = str(given.get("FLASK_DEBUG") or os.environ.get("FLASK_DEBUG") or "").strip().lower()
    if given.get("PORTAL_ENV") == "production" and on in TRUE_WORDS:
        raise ConfigError("生产环境不能打开 FLASK_DEBUG。", "FLASK_DEBUG is refused in production.")


def number(given: Mapping[str, Any], name: str, default: int, low: int, high: int) -> int:
    """A whole number from `low` to `high`, or the default. Raises ConfigError."""
    value = given.get(name, "")
    if value in ("", None):
        return default
    try:
        found = int(value)
    except (TypeError, ValueError):
        found = low - 1
    if not low <= found <= high:
        raise ConfigError(
            f"{name} 应为 {low} 到 {high} 之间的整数，现为“{value}”。",
            f"{name} has to be a whole number from {low} to {high}, not “{value}”.",
        )
    return found
