"""Where the keys come from: the environment, a file, or outside production a file made once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from portal.config import ConfigError, write_once
from portal.keys.ring import INDEX, Ring, RingError, new_entry

FIRST = "first"


def ring_from(config: Mapping[str, Any]) -> Ring:
    """The ring of FIELD_KEYS or FIELD_KEYS_FILE; raises ConfigError.

    Production must name one. Elsewhere `field_keys` is made once in the instance folder, mode 600.
    A file is read anew when a text names a key that was added after the start.
    """
    try:
        if config["FIELD_KEYS"]:
            return Ring.of(config["FIELD_KEYS"])
        path = keys_file(config)
        return Ring.of(path.read_text(), path.read_text)
    except RingError as error:
        chinese, _, english = str(error).partition(" / ")
        raise ConfigError(f"FIELD_KEYS:{chinese}", f"FIELD_KEYS: {english}") from error
    except OSError as error:
        raise ConfigError(
            f"无法读写密钥文件:{error}。", f"Cannot read or write the file of keys: {error}."
        ) from error


def keys_file(config: Mapping[str, Any]) -> Path:
    """The file of keys; made where it may be."""
    if config["FIELD_KEYS_FILE"]:
        return Path(config["FIELD_KEYS_FILE"])
    if config["ENVIRONMENT"] == "production":
        raise ConfigError(
            "生产环境必须设置 FIELD_KEYS 或 FIELD_KEYS_FILE,例如"
            " k1:$(openssl rand -base64 32),index:$(openssl rand -base64 32)。",
            "Production needs FIELD_KEYS or FIELD_KEYS_FILE, such as"
            " k1:$(openssl rand -base64 32),index:$(openssl rand -base64 32).",
        )
    path = Path(config["INSTANCE_DIR"]) / "field_keys"
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_once(path, f"{new_entry(FIRST)}\n{new_entry(INDEX)}\n")
    return path
