"""The chain's arithmetic: canonical bytes, digests, and the hash that binds an entry. Pure."""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

# By the name that is stored with each entry; SM3 (GB/T 32905-2016) where OpenSSL has it.
ALGORITHMS: dict[str, Callable[[bytes], Any]] = {
    "sha256": hashlib.sha256,
    "sm3": lambda data: hashlib.new("sm3", data),
}
# What the hash covers, in this order, and the hash before it.
COVERED = (
    *("id", "at", "sealed_at", "actor_id", "actor", "role", "kind", "subject"),
    *("source", "source_id", "op", "queue_id", "reason", "content", "digest"),
    *("segment", "algorithm", "previous"),
)


def canonical(value: Any) -> bytes:
    """The one byte string of a JSON value: sorted keys, no spaces, UTF-8; instants in UTC."""
    text = json.dumps(
        value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_plain
    )
    return text.encode()


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    raise TypeError(f"{type(value).__name__} has no canonical form")


def digest(algorithm: str, value: Any) -> str:
    """The digest of a JSON value in hexadecimal. Raises KeyError for an unknown algorithm."""
    return ALGORITHMS[algorithm](canonical(value)).hexdigest()


def hash_of(entry: Mapping[str, Any], columns: list[str]) -> str:
    """The hash of an entry, which binds it to the one before and to the `columns` of its digest."""
    covered = [entry[name] for name in COVERED]
    return digest(str(entry["algorithm"]), [covered, columns])


def sign(key: bytes, value: Any) -> str:
    """HMAC-SHA256 of a JSON value's canonical bytes, in hexadecimal."""
    return hmac.new(key, canonical(value), hashlib.sha256).hexdigest()


def signed(key: bytes, value: Any, signature: str) -> bool:
    """Whether the signature is of this value and key."""
    return hmac.compare_digest(sign(key, value), signature)
