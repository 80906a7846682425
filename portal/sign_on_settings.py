"""The settings of sign-in: who needs a second factor, and the city's unified identity. Pure but
for the one file that holds a secret."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Unfit(ValueError):
    """A setting is wrong: the sentence in Chinese and in English."""


def sign_on(given: Mapping[str, Any]) -> dict[str, str]:
    """The settings of SECOND_FACTOR_STAFF and OIDC_…; raises Unfit."""
    issuer = str(given.get("OIDC_ISSUER") or "").strip()
    client = str(given.get("OIDC_CLIENT_ID") or "").strip()
    local = issuer.startswith("http://127.0.0.1") and given.get("PORTAL_ENV") != "production"
    if issuer and not (issuer.startswith("https://") or local):
        raise Unfit("OIDC_ISSUER 应为 https 地址。", "OIDC_ISSUER has to be an https address.")
    if issuer and not client:
        raise Unfit(
            "设置了 OIDC_ISSUER,还须设置 OIDC_CLIENT_ID。",
            "OIDC_ISSUER needs OIDC_CLIENT_ID as well.",
        )
    return {
        "SECOND_FACTOR_STAFF": _word(given, "SECOND_FACTOR_STAFF", ("staff", "admins", "off")),
        "OIDC_ISSUER": issuer,
        "OIDC_CLIENT_ID": client,
        "OIDC_CLIENT_SECRET": _secret(given, "OIDC_CLIENT_SECRET"),
        "OIDC_REGISTER": _word(given, "OIDC_REGISTER", ("off", "applicant")),
    }


def _word(given: Mapping[str, Any], name: str, words: tuple[str, ...]) -> str:
    """One of `words`, the first of them by default."""
    word = str(given.get(name) or words[0]).strip().lower()
    if word not in words:
        raise Unfit(
            f"{name} 应为 {'、'.join(words)} 之一。", f"{name} has to be one of {', '.join(words)}."
        )
    return word


def _secret(given: Mapping[str, Any], name: str) -> str:
    """A secret from the environment, or from the file that `name`_FILE names; may be empty."""
    path = given.get(f"{name}_FILE")
    if given.get(name) or not path:
        return str(given.get(name) or "")
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise Unfit(
            f"无法读取 {name}_FILE:{error}。", f"Cannot read {name}_FILE: {error}."
        ) from error
