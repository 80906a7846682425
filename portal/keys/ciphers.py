"""Ciphers that seal a field, by name: AES-256-GCM and SM4-GCM (GB/T 32907, GB/T 36624). Pure."""

from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher as Block
from cryptography.hazmat.primitives.ciphers import algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
_TAG_BYTES = 16


class Altered(Exception):
    """The bytes are not what was sealed, or not in the place they were sealed for."""


class Cipher(Protocol):
    """Authenticated encryption: what is sealed opens only whole, and only in its own place."""

    @property
    def key_bytes(self) -> int:
        """How long a key is, in bytes."""
        ...

    def seal(self, key: bytes, nonce: bytes, plain: bytes, place: bytes) -> bytes:
        """`plain` sealed with its tag; `place` is bound to it. A nonce is used once a key."""
        ...

    def open(self, key: bytes, nonce: bytes, sealed: bytes, place: bytes) -> bytes:
        """What was sealed. Raises Altered."""
        ...


class AesGcm:
    """AES-256 in GCM, NIST SP 800-38D."""

    key_bytes = 32

    def seal(self, key: bytes, nonce: bytes, plain: bytes, place: bytes) -> bytes:
        return AESGCM(key).encrypt(nonce, plain, place)

    def open(self, key: bytes, nonce: bytes, sealed: bytes, place: bytes) -> bytes:
        try:
            return AESGCM(key).decrypt(nonce, sealed, place)
        except InvalidTag as error:
            raise Altered from error


class Sm4Gcm:
    """SM4 in GCM, for those whom the commercial cipher rules (商用密码) bind."""

    key_bytes = 16

    def seal(self, key: bytes, nonce: bytes, plain: bytes, place: bytes) -> bytes:
        worker = Block(algorithms.SM4(key), modes.GCM(nonce)).encryptor()
        worker.authenticate_additional_data(place)
        return worker.update(plain) + worker.finalize() + worker.tag

    def open(self, key: bytes, nonce: bytes, sealed: bytes, place: bytes) -> bytes:
        body, tag = sealed[:-_TAG_BYTES], sealed[-_TAG_BYTES:]
        try:
            worker = Block(algorithms.SM4(key), modes.GCM(nonce, tag)).decryptor()
            worker.authenticate_additional_data(place)
            return worker.update(body) + worker.finalize()
        except (InvalidTag, ValueError) as error:
            raise Altered from error


DEFAULT = "aes-256-gcm"
CIPHERS: dict[str, Cipher] = {DEFAULT: AesGcm(), "sm4-gcm": Sm4Gcm()}
