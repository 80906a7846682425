"""Keeps a second factor's secret from whoever reads the database alone. Pure.

The one place that knows how: a key ring can take over both functions.
"""

import base64
import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12


class Unsealed(ValueError):
    """The text was sealed with another key, for another place, or was altered."""


def seal(text: str, place: str, key: str) -> str:
    """`text` under AES-256-GCM, bound to `place` (table.column.row); `key`: SECRET_KEY."""
    nonce = os.urandom(_NONCE_BYTES)
    sealed = AESGCM(_derived(key)).encrypt(nonce, text.encode(), place.encode())
    return base64.urlsafe_b64encode(nonce + sealed).decode()


def unseal(sealed: str, place: str, key: str) -> str:
    """What was sealed for `place`. Raises Unsealed."""
    data = base64.urlsafe_b64decode(sealed)
    try:
        nonce, body = data[:_NONCE_BYTES], data[_NONCE_BYTES:]
        return AESGCM(_derived(key)).decrypt(nonce, body, place.encode()).decode()
    except (InvalidTag, ValueError) as error:
        raise Unsealed(place) from error


def _derived(key: str) -> bytes:
    return hashlib.sha256(b"suqiutong second factor\0" + key.encode()).digest()
