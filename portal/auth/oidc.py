"""Talks to the city's unified identity by OpenID Connect: the way there, a code for a token, and
whether the token is what it says. Authorization code with PKCE (RFC 7636), state and nonce.

Nothing here knows accounts. Every request to the provider ends after a few seconds.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from portal.errors import N_, PortalError

TIMEOUT = httpx.Timeout(5.0, connect=3.0)  # seconds
MOST_BYTES = 256 * 1024
KEPT = timedelta(minutes=10)
LEEWAY = 60  # seconds two clocks may be apart
ALGORITHMS = ("RS256", "PS256", "ES256")
_NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
NO_ANSWER = N_("统一身份认证暂时没有响应，请稍后再试，或用用户名和密码登录。")
NOT_RIGHT = N_("统一身份认证返回的信息不正确，没有登录；请重新开始，或用用户名和密码登录。")


class SignOnError(PortalError):
    """The provider could not be asked, or what it answered must not be believed.

    `reason` is for the log: it holds no token and no secret.
    """

    status = 502

    def __init__(self, template: str, reason: str) -> None:
        super().__init__(template)
        self.reason = reason


@dataclass(frozen=True)
class Provider:
    """Whom to ask, and as whom; no secret: a public client, which PKCE alone protects."""

    issuer: str
    client_id: str
    client_secret: str | None


@dataclass(frozen=True)
class Metadata:
    """Where the provider does what."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


@dataclass(frozen=True)
class Fit:
    """What has to fit when the answer comes: fresh for each attempt."""

    state: str
    nonce: str
    verifier: str


def fresh() -> Fit:
    """Three secrets of 256 bits."""
    return Fit(*(secrets.token_urlsafe(32) for _ in range(3)))


class Cache:
    """What providers said of themselves, for ten minutes each; safe between threads."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[datetime, dict[str, Any]]] = {}
        self._lock = Lock()

    def get(self, url: str, now: datetime, *, anew: bool = False) -> dict[str, Any]:
        """The JSON object at an address. Raises SignOnError."""
        with self._lock:
            kept = self._kept.get(url)
        if kept is not None and not anew and now - kept[0] < KEPT:
            return kept[1]
        found = _json(url)
        with self._lock:
            self._kept[url] = now, found
        return found


CACHE = Cache()


def metadata(provider: Provider, now: datetime) -> Metadata:
    """Where the provider does what. Raises SignOnError when it is another's, or not safe."""
    address = provider.issuer.rstrip("/") + "/.well-known/openid-configuration"
    found = CACHE.get(address, now)
    if found.get("issuer") != provider.issuer:
        raise SignOnError(NOT_RIGHT, "the metadata names another issuer")
    methods = found.get("code_challenge_methods_supported")
    if methods is not None and "S256" not in methods:
        raise SignOnError(NOT_RIGHT, "the provider offers no PKCE with S256")
    places = [found.get(name) for name in _NEEDED]
    if not all(isinstance(one, str) and _as_safe(one, provider.issuer) for one in places):
        raise SignOnError(NOT_RIGHT, "an endpoint is missing or not https")
    return Metadata(*(str(one) for one in places))


def way(provider: Provider, where: Metadata, back: str, fit: Fit) -> str:
    """The address at the provider to send the browser to; `back` is ours."""
    asked = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": back,
        "scope": "openid",
        "state": fit.state,
        "nonce": fit.nonce,
        "code_challenge": create_s256_code_challenge(fit.verifier),
        "code_challenge_method": "S256",
    }
    joint = "&" if urlsplit(where.authorization_endpoint).query else "?"
    return where.authorization_endpoint + joint + urlencode(asked)


def token_for(provider: Provider, where: Metadata, back: str, code: str, verifier: str) -> str:
    """The ID token for a code. Raises SignOnError when the provider refuses or does not answer."""
    method = "client_secret_basic" if provider.client_secret else "none"
    try:
        client: Any = OAuth2Client(
            provider.client_id,
            provider.client_secret,
            token_endpoint_auth_method=method,
            timeout=TIMEOUT,
            follow_redirects=False,
        )
        with client:
            answer = client.fetch_token(
                where.token_endpoint,
                grant_type="authorization_code",
                code=code,
                redirect_uri=back,
                code_verifier=verifier,
            )
    except OAuthError as error:
        raise SignOnError(NOT_RIGHT, f"the code was refused: {error.error}") from error
    except (httpx.HTTPError, ValueError) as error:
        raise SignOnError(NO_ANSWER, f"no token: {type(error).__name__}") from error
    token = answer.get("id_token")
    if not isinstance(token, str):
        raise SignOnError(NOT_RIGHT, "the answer holds no ID token")
    return token


def subject_of(token: str, provider: Provider, where: Metadata, nonce: str, now: datetime) -> str:
    """Whom an ID token is about, once its signature and every claim are right (OIDC Core 3.1.3.7).

    Raises SignOnError.
    """
    claims = _signed(token, where, now)
    registry = jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=LEEWAY,
        iss={"essential": True, "value": provider.issuer},
        aud={"essential": True, "value": provider.client_id},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    try:
        registry.validate(claims)
    except JoseError as error:
        raise SignOnError(NOT_RIGHT, f"a claim is wrong: {error}") from error
    party, audience = claims.get("azp"), claims["aud"]
    if party not in (None, provider.client_id) or (party is None and len(_list(audience)) > 1):
        raise SignOnError(NOT_RIGHT, "the token was made for another party")
    return str(claims["sub"])


def _signed(token: str, where: Metadata, now: datetime) -> dict[str, Any]:
    """The claims under a right signature; keys are read anew once, for a provider that rotates."""
    for anew in (False, True):
        try:
            keys = KeySet.import_key_set(CACHE.get(where.jwks_uri, now, anew=anew))  # pyright: ignore[reportArgumentType]
            return jwt.decode(token, keys, algorithms=list(ALGORITHMS)).claims
        except (JoseError, ValueError, KeyError, TypeError) as error:
            problem = error
    raise SignOnError(NOT_RIGHT, f"the signature is wrong: {type(problem).__name__}")


def _json(url: str) -> dict[str, Any]:
    try:
        with httpx.stream("GET", url, timeout=TIMEOUT, follow_redirects=False) as answer:
            answer.raise_for_status()
            body = b""
            for part in answer.iter_bytes():
                body += part
                if len(body) > MOST_BYTES:
                    raise SignOnError(NOT_RIGHT, "the answer is too large")
            found = httpx.Response(200, content=body).json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise SignOnError(NO_ANSWER, f"no answer: {type(error).__name__}") from error
    if not isinstance(found, dict):
        raise SignOnError(NOT_RIGHT, "the answer is no JSON object")
    return found


def _as_safe(url: str, issuer: str) -> bool:
    """An endpoint is as protected as the issuer is: https, but for a provider on this machine."""
    return urlsplit(url).scheme in {"https", urlsplit(issuer).scheme}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
