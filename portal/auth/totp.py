"""Codes of an authenticator (RFC 6238) and recovery codes. Pure."""

import hashlib
import hmac
import re
import secrets
from datetime import datetime

import pyotp
from pyotp.totp import TOTP

STEP_SECONDS = 30
DRIFT = 1  # steps before and after the present one that still count
RECOVERY_CODES = 10
# Without letters and digits that look alike: 16 of 32 signs are 80 bits.
_SIGNS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_RECOVERY_LENGTH = 16
_TYPED = re.compile(r"[\s-]+")


def new_secret() -> str:
    """A secret of 160 bits in base 32, as authenticators take it."""
    return pyotp.random_base32(32)


def address(secret: str, username: str, issuer: str) -> str:
    """The otpauth address that a QR code holds."""
    return TOTP(secret).provisioning_uri(name=username, issuer_name=issuer)


def typed(code: str) -> str:
    """A code as it is compared: people type spaces, hyphens and small letters."""
    return _TYPED.sub("", code).upper()


def step_of(code: str, secret: str, now: datetime, after: int) -> int | None:
    """The time step whose code this is, near `now` and after the step `after`; else None.

    Every candidate is compared, whichever fits: the time taken tells nothing.
    """
    present = int(now.timestamp()) // STEP_SECONDS
    maker, given, found = TOTP(secret), typed(code).encode(), None
    for step in range(present - DRIFT, present + DRIFT + 1):
        same = hmac.compare_digest(maker.generate_otp(step).encode(), given)
        if same and step > after:
            found = step
    return found


def new_recovery_codes() -> list[str]:
    """Ten codes to write down, in groups of four."""
    return [_grouped() for _ in range(RECOVERY_CODES)]


def digest(code: str, user_id: int) -> str:
    """A recovery code as it is stored: 80 random bits need no slow hash."""
    return hashlib.sha256(f"{user_id}:{typed(code)}".encode()).hexdigest()


def _grouped() -> str:
    signs = "".join(secrets.choice(_SIGNS) for _ in range(_RECOVERY_LENGTH))
    return "-".join(signs[place : place + 4] for place in range(0, _RECOVERY_LENGTH, 4))
