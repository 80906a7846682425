"""A city's unified identity as a small HTTP server: OpenID Connect with PKCE, and its misdeeds."""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "suqiutong", "a client secret for tests"


class Provider:
    """Signs in whoever `subject` names, at once. `claims`, `metadata` and `key` may be spoiled."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://127.0.0.1:{port}"
        self.key = self.published = RSAKey.generate_key(2048, {"kid": "one"})
        self.other_key = RSAKey.generate_key(2048, {"kid": "one"})
        self.reset()

    def reset(self) -> None:
        """An honest provider again."""
        self.key = self.published
        self.subject = "citizen-1"
        self.claims: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[dict[str, str]] = []
        self.header: dict[str, Any] = {"alg": "RS256", "kid": "one"}
        self.alter = False

    def configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "code_challenge_methods_supported": ["S256"],
        } | self.metadata

    def authorize(self, asked: dict[str, str]) -> str:
        """The address to send the browser back to."""
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        self.asked.append(asked)
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """A code once, to the right client, with the verifier of its challenge."""
        asked = self.codes.pop(form.get("code", ""), None)
        basic = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        right = (
            asked is not None
            and authorization == basic
            and asked.get("code_challenge_method") == "S256"
            and asked.get("code_challenge") == challenge
            and asked["redirect_uri"] == form.get("redirect_uri")
        )
        if not right or asked is None:
            return 400, {"error": "invalid_grant"}
        token = self.id_token(asked["nonce"])
        return 200, {"access_token": "unused", "token_type": "Bearer", "id_token": token}

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": self.subject,
            "nonce": nonce,
            "iat": now,
            "exp": now + 300,
        } | self.claims
        claims = {name: value for name, value in claims.items() if value is not None}
        token = jwt.encode(self.header, claims, self.key)
        if self.alter:
            head, _body, signature = token.split(".")
            body = json.dumps(claims | {"sub": "somebody-else"}).encode()
            token = ".".join(
                (head, base64.urlsafe_b64encode(body).rstrip(b"=").decode(), signature)
            )
        return token


@contextmanager
def running() -> Iterator[Provider]:
    """A provider on a port of its own, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/authorize":
                asked = {key: values[0] for key, values in parse_qs(parts.query).items()}
                self.send_response(302)
                self.send_header("Location", provider.authorize(asked))
                self.end_headers()
            elif parts.path == "/jwks":
                self._json(200, {"keys": [provider.published.as_dict(private=False)]})
            else:
                self._json(200, provider.configuration())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {key: values[0] for key, values in parse_qs(body).items()}
            self._json(*provider.token(form, self.headers.get("Authorization", "")))

        def _json(self, status: int, answer: dict[str, Any]) -> None:
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider = Provider(server.server_address[1])
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
