"""What every answer carries so that a browser does no more with it than we mean (stack.md 20)."""

import secrets
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, request

# Nothing from elsewhere; scripts and styles only where the page names this answer's own nonce, so
# that neither what somebody wrote nor a file somebody sent can become one.
POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}';"
    " img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self';"
    " form-action {forms}; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
)
# What is no page: it shows nothing and runs nothing, even if a browser opens it as one.
NO_PAGE = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
# Features of a browser that no page of ours uses.
UNUSED = (
    *("accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "geolocation"),
    *("gyroscope", "magnetometer", "microphone", "midi", "payment", "publickey-credentials-get"),
    *("screen-wake-lock", "usb", "xr-spatial-tracking"),
)
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Permitted-Cross-Domain-Policies": "none",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{one}=()" for one in UNUSED),
}
HSTS = "max-age=31536000; includeSubDomains"
# Never shown again: secrets, and what is made anew for each sending.
_SECRET = ("password", "csrf_token", "secret", "token", "challenge")
_SECRETS = frozenset({"old", "new", "new2", "code", "query_code", "otp"})


def init_app(app: Flask) -> None:
    """Puts the headers on each answer."""
    app.after_request(_headers)


def wants_json() -> bool:
    """Whether a program asks, that would rather have JSON than a page."""
    accepted = request.accept_mimetypes
    return accepted["application/json"] > accepted["text/html"]


def as_json(status: int, message: str) -> dict[str, Any]:
    """An error for a program: the status, its name, and the sentence where a rule said one."""
    try:
        name = HTTPStatus(status).phrase
    except ValueError:
        name = ""
    return {"status": status, "error": name, "message": message}


def unknown_host() -> Response:
    """400 for a name that is not ours: no page, as no address can be made for such a name."""
    text = "Unknown host. 请从本站的域名访问。\n"
    return Response(text, HTTPStatus.BAD_REQUEST, mimetype="text/plain")


def typed() -> list[tuple[str, str]]:
    """The fields of the form that was sent, without secrets and without files."""
    return [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name not in _SECRETS and not any(one in name for one in _SECRET)
    ]


def nonce() -> str:
    """The nonce of this answer: what its templates name and its policy allows."""
    return g.setdefault("nonce", secrets.token_urlsafe(16))


def _headers(response: Response) -> Response:
    headers = response.headers
    page = _is_page(response)
    policy = POLICY.format(nonce=nonce(), forms=_forms()) if page else NO_PAGE
    headers.setdefault("Content-Security-Policy", policy)
    for name, value in ALWAYS.items():
        headers.setdefault(name, value)
    if current_app.config["HTTPS"]:
        headers.setdefault("Strict-Transport-Security", HSTS)
    # A file that is sent says no-cache, which lets a browser keep it on its disk.
    if request.endpoint != "static" and not response.cache_control.public:
        headers["Cache-Control"] = "no-store"
    return response


def _forms() -> str:
    """Where a form may lead: here, and to the city's sign-on, which a form of ours redirects to.

    Browsers hold the whole way of a form against this, the redirects too.
    """
    issuer = urlsplit(str(current_app.config.get("OIDC_ISSUER") or ""))
    return f"'self' {issuer.scheme}://{issuer.netloc}" if issuer.netloc else "'self'"


def _is_page(response: Response) -> bool:
    return response.mimetype == "text/html" or request.endpoint == "static"
