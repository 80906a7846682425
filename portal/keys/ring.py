"""The key ring: seals a text under the current key, opens it under the one it names. Pure.

A sealed text is `v2:<key id>:<base64url of nonce, ciphertext and tag>`. Bound to it as associated
data are the version, the key's id, its place `table.column` and the key of its row, so that text
moved to another column or another row does not open. `v1`, of releases before, lacks the row.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from portal.keys.ciphers import CIPHERS, DEFAULT, NONCE_BYTES, Altered, Cipher

INDEX = "index"
ROWLESS, VERSION = "v1", "v2"
_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
_INDEX_BYTES = 32


class RingError(Exception):
    """The list of keys cannot be read; says which entry and why, never the key."""


class MissingKey(Exception):
    """A text names a key that the ring has not; the operator has to put it back."""

    def __init__(self, key_id: str, place: str) -> None:
        super().__init__(
            f"密钥环缺少密钥“{key_id}”,无法读取 {place};请把它放回 FIELD_KEYS。"
            f" / The key ring lacks key “{key_id}” for {place}: put it back into FIELD_KEYS."
        )
        self.key_id, self.place = key_id, place


class Unreadable(Exception):
    """A stored text is not sealed, or is not what was sealed in this place."""

    def __init__(self, place: str) -> None:
        super().__init__(
            f"{place} 的密文被改动、从别处复制，或不是密文。"
            f" / {place} holds text that was altered, copied from elsewhere, or not sealed."
        )
        self.place = place


@dataclass(frozen=True)
class Key:
    """One key; `cipher` is a name of ciphers.CIPHERS."""

    id: str
    cipher: str
    secret: bytes = field(repr=False)


def parse(text: str) -> tuple[list[Key], bytes]:
    """The keys, the current one first, and the key of blind indexes.

    Entries `id:base64` or `id:cipher:base64`, apart by commas or lines, `#` begins a remark; the
    entry `index:base64` is the index's. Raises RingError.
    """
    entries = [line.split("#")[0].strip() for line in re.split(r"[,\n]", text)]
    keys: list[Key] = []
    index: bytes | None = None
    for entry in filter(None, entries):
        key_id, *cipher, secret = entry.split(":") if ":" in entry else ("", entry)
        if key_id == INDEX and not cipher:
            index = _decoded(key_id, secret, _INDEX_BYTES)
            continue
        keys.append(_key(key_id, cipher[0] if cipher else DEFAULT, secret))
    if len({key.id for key in keys}) != len(keys):
        raise RingError("两把密钥同名。 / Two keys have one id.")
    if not keys or index is None:
        raise RingError(
            "密钥环至少要有一把密钥和一行 index。 / The ring needs a key and an entry “index”."
        )
    return keys, index


def _key(key_id: str, cipher: str, secret: str) -> Key:
    if not _ID.fullmatch(key_id) or cipher not in CIPHERS:
        raise RingError(
            f"密钥“{key_id}”应写成 编号:base64 或 编号:算法:base64,算法为 {'、'.join(CIPHERS)}。"
            f" / Key “{key_id}” has to be id:base64 or id:cipher:base64."
        )
    return Key(key_id, cipher, _decoded(key_id, secret, CIPHERS[cipher].key_bytes))


def _decoded(key_id: str, secret: str, size: int) -> bytes:
    try:
        value = base64.b64decode(secret.strip().replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        value = b""
    if len(value) != size:
        raise RingError(
            f"密钥“{key_id}”应为 {size} 字节的 base64。"
            f" / Key “{key_id}” has to be base64 of {size} bytes."
        )
    return value


def new_entry(key_id: str, cipher: str = DEFAULT) -> str:
    """A fresh entry for the ring, with a random key."""
    size = _INDEX_BYTES if key_id == INDEX else CIPHERS[cipher].key_bytes
    named = key_id if cipher == DEFAULT else f"{key_id}:{cipher}"
    return f"{named}:{base64.b64encode(secrets.token_bytes(size)).decode()}"


class Ring:
    """Seals and opens. `again` reads the keys anew when a text names one that is not here yet:
    a worker that runs on finds the key that was added beside it."""

    def __init__(
        self, keys: Iterable[Key], index: bytes, again: Callable[[], str] | None = None
    ) -> None:
        self._take(list(keys), index)
        self._again = again

    @classmethod
    def of(cls, text: str, again: Callable[[], str] | None = None) -> "Ring":
        """The ring of a list of entries. Raises RingError."""
        return cls(*parse(text), again)

    def _take(self, keys: list[Key], index: bytes) -> None:
        self.keys = {key.id: key for key in keys}
        self.current = keys[0]
        self._index = index

    def seal(self, plain: str, place: str, row: str | None = None) -> str:
        """The text under the current key, bound to its place; twice the same never looks alike.

        `row`: the key of its row. None writes the old form, for migrations of before.
        """
        key, nonce = self.current, secrets.token_bytes(NONCE_BYTES)
        version = ROWLESS if row is None else VERSION
        bound = _bound(version, key.id, place, row)
        sealed = self._cipher(key).seal(key.secret, nonce, plain.encode(), bound)
        return f"{version}:{key.id}:{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str, place: str, row: str | None = None) -> str:
        """What was sealed. Raises MissingKey, and Unreadable for anything else than that."""
        version, key_id, body = (*sealed.split(":", 2), "", "")[:3]
        where = place if row is None else f"{place}.{row}"
        if version not in (ROWLESS, VERSION) or not body:
            raise Unreadable(where)
        key = self._find(key_id, where)
        try:
            raw = base64.urlsafe_b64decode(body)
            nonce, rest = raw[:NONCE_BYTES], raw[NONCE_BYTES:]
            bound = _bound(version, key_id, place, row)
            return self._cipher(key).open(key.secret, nonce, rest, bound).decode()
        except (Altered, ValueError) as error:
            raise Unreadable(where) from error

    def blind(self, plain: str, place: str) -> str:
        """A keyed digest by which an exact text is found without being stored."""
        return hmac.new(self._index, f"{place}|{plain}".encode(), hashlib.sha256).hexdigest()

    def _find(self, key_id: str, place: str) -> Key:
        if key_id not in self.keys and self._again is not None:
            self._take(*parse(self._again()))
        if key_id not in self.keys:
            raise MissingKey(key_id, place)
        return self.keys[key_id]

    def _cipher(self, key: Key) -> Cipher:
        return CIPHERS[key.cipher]


def key_of(stored: str) -> str | None:
    """The id of the key that a stored text names; None for one that is not sealed."""
    parts = stored.split(":", 2)
    return parts[1] if len(parts) == 3 and parts[0] in (ROWLESS, VERSION) else None


def _bound(version: str, key_id: str, place: str, row: str | None) -> bytes:
    where = place if version == ROWLESS else f"{place}.{row}"
    return f"{version}|{key_id}|{where}".encode()
