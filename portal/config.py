"""The settings, read from the environment and checked once, at start."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from redis import ConnectionPool
from redis.backoff import NoBackoff
from redis.connection import parse_url
from redis.retry import Retry
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from portal.safety import (
    SECRET_KEY_LENGTH,
    TRUE_WORDS,
    ConfigError,
    number,
    refuse_debug,
    require_key,
    trusted_hosts,
    with_files,
)
from portal.sign_on_settings import Unfit, sign_on
from portal.whole_settings import WHOLE

PROJECT = Path(__file__).resolve().parent.parent
MEGABYTE = 1024 * 1024
MAX_FILES = 10
MAX_FILE_BYTES = 20 * MEGABYTE
_KEYS = ("FIELD_KEYS", "FIELD_KEYS_FILE")
# How many months things are kept, 0 for ever; a log of sign-ins six by law.
RETAIN = {"CONTACT": 36, "FILE": 60, "DRAFT": 6, "SESSION": 6, "REFUSAL": 12}
RETAIN |= {"NOTICE": 12, "IMPORT": 12}
FALSE_WORDS = {"", "0", "false", "no", "off"}


class Urls(Protocol):
    """The addresses of a database for the application's role and for migrations."""

    @property
    def app_url(self) -> str: ...

    @property
    def owner_url(self) -> str: ...


class Embedded(Protocol):
    """What stands in for DATABASE_URL and REDIS_URL: portal.embedded.services."""

    def ensure_postgres(self, instance: Path) -> Urls: ...

    def valkey_url(self, instance: Path) -> str: ...


def load_config(
    overrides: Mapping[str, Any] | None = None, embedded: Embedded | None = None
) -> dict[str, Any]:
    """All settings for `app.config`; raises ConfigError.

    `overrides` win over the environment (tests pass DATABASE_URL, REDIS_URL …). Where neither
    names a database, `embedded` starts one; without `embedded` that is an error.
    """
    given = with_files({**os.environ, **(overrides or {})})
    refuse_debug(given)
    instance = instance_folder(given)
    config: dict[str, Any] = {
        "ENVIRONMENT": given.get("PORTAL_ENV", "development"),
        "INSTANCE_DIR": str(instance),
        "SECRET_KEY": secret_key(given, instance),
        # A ClamAV daemon that every upload is shown to; neither: files are not scanned.
        **{name: given.get(name) or "" for name in (*_KEYS, "CLAMAV_HOST", "CLAMAV_SOCKET")},
        "UPLOAD_DIR": str(_folder("UPLOAD_DIR", given.get("UPLOAD_DIR") or instance / "uploads")),
        "TRUSTED_HOSTS": trusted_hosts(given),
        **_database(given, instance, embedded),
        **_queue(given, instance, embedded),
        **_requests(given),
        **_sessions(given),
        **_sign_on(given),
        **_audit(given, instance),
        **_product(given),
    }
    return config | dict(overrides or {})


def instance_folder(given: Mapping[str, Any] = os.environ) -> Path:
    """The git-ignored folder of this installation's data; PORTAL_INSTANCE moves it."""
    return Path(given.get("PORTAL_INSTANCE") or PROJECT / "instance").resolve()


def secret_key(given: Mapping[str, Any], instance: Path) -> str:
    """SECRET_KEY, or outside production one made once and kept in `instance` with mode 600."""
    key = given.get("SECRET_KEY")
    if given.get("PORTAL_ENV") == "production":
        require_key(str(key or ""))
    if key:
        return str(key)
    return _made_once(_folder("PORTAL_INSTANCE", instance) / "secret_key")


def _audit(given: Mapping[str, Any], instance: Path) -> dict:
    """Where the log's checkpoints and parts lie, and the key that signs them."""
    key = given.get("AUDIT_KEY")
    path = Path(given.get("AUDIT_KEY_FILE") or instance / "audit_key")
    folder = _folder("AUDIT_DIR", given.get("AUDIT_DIR") or instance / "audit")
    return {"AUDIT_DIR": str(folder), "AUDIT_KEY": key or _made_once(path)}


def _made_once(path: Path) -> str:
    """The secret in a file, which is made where there is none."""
    try:
        if not path.exists():
            write_once(path, secrets.token_hex(SECRET_KEY_LENGTH))
        return path.read_text().strip()
    except OSError as error:
        raise ConfigError(
            f"无法读写 {path}:{error}。", f"Cannot read or write {path}: {error}."
        ) from error


def write_once(path: Path, text: str) -> None:
    """Create `path` whole with mode 600; whoever comes second keeps the first one's text."""
    draft = path.with_name(f".{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _database(given: Mapping[str, Any], instance: Path, embedded: Embedded | None) -> dict:
    app_url, owner_url = given.get("DATABASE_URL"), given.get("MIGRATION_DATABASE_URL")
    if not app_url:
        if embedded is None:
            raise ConfigError("请设置 DATABASE_URL。", "DATABASE_URL is not set.")
        urls = embedded.ensure_postgres(instance)
        app_url, owner_url = urls.app_url, urls.owner_url
    app_url = _postgres_url("DATABASE_URL", app_url)
    return {
        "DATABASE_URL": app_url,
        "SQLALCHEMY_DATABASE_URI": app_url,
        "MIGRATION_DATABASE_URL": _postgres_url("MIGRATION_DATABASE_URL", owner_url or app_url),
        "SQLALCHEMY_ENGINE_OPTIONS": {
            "pool_pre_ping": True,
            "pool_size": number(given, "DATABASE_POOL_SIZE", 5, 1, 100),
            "max_overflow": 5,
            "pool_timeout": 10,
            "pool_recycle": 1800,
            "connect_args": {"connect_timeout": 5},
        },
    }


def _postgres_url(name: str, value: str) -> str:
    """The address with psycopg 3 named, as `postgres://` is not known to SQLAlchemy."""
    text = str(value)
    if text.startswith("postgres://"):
        text = text.replace("postgres://", "postgresql://", 1)
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        url = None
    if url is None or url.get_backend_name() != "postgresql":
        raise ConfigError(
            f"{name} 应形如 postgresql://用户:密码@主机/数据库。",
            f"{name} has to look like postgresql://user:password@host/database.",
        )
    return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def _queue(given: Mapping[str, Any], instance: Path, embedded: Embedded | None) -> dict:
    """RQ and the rate limits. With the server away a command fails at once.

    redis-py's own three retries would hold every request for four seconds.
    """
    url = given.get("REDIS_URL") or (embedded.valkey_url(instance) if embedded else None)
    if not url:
        raise ConfigError("请设置 REDIS_URL。", "REDIS_URL is not set.")
    url = str(url).replace("redis+unix://", "unix://", 1)
    options = {"socket_connect_timeout": 2.0, "socket_timeout": 5.0}
    try:
        parse_url(url)
        pool = ConnectionPool.from_url(url, retry=Retry(NoBackoff(), 1), **options)
    except ValueError as error:
        raise ConfigError(
            f"REDIS_URL 不正确:{error}。", f"REDIS_URL is not right: {error}."
        ) from error
    return {
        "REDIS_URL": url,
        "RQ_CONNECTION": {"connection_pool": pool},
        "RQ_QUEUES": ["default"],
        "RATELIMIT_STORAGE_URI": url.replace("unix://", "redis+unix://", 1),
        "RATELIMIT_STORAGE_OPTIONS": {**options, "retry": Retry(NoBackoff(), 0)},
        "RATELIMIT_IN_MEMORY_FALLBACK_ENABLED": True,
        "RATELIMIT_SWALLOW_ERRORS": True,
        "RATELIMIT_HEADERS_ENABLED": False,
    }


def _requests(given: Mapping[str, Any]) -> dict:
    return {
        "MAX_FILES": MAX_FILES,
        "MAX_FILE_BYTES": MAX_FILE_BYTES,
        "MAX_CONTENT_LENGTH": MAX_FILES * MAX_FILE_BYTES + MEGABYTE,
        "MAX_FORM_MEMORY_SIZE": MEGABYTE,
        "MAX_FORM_PARTS": 200,
        "CHALLENGE": _switch(given, "CHALLENGE", default=True),
        "TRUSTED_PROXIES": number(given, "TRUSTED_PROXIES", 0, 0, 5),
    }


def _sessions(given: Mapping[str, Any]) -> dict:
    secure = _switch(given, "PORTAL_HTTPS", default=False)
    return {
        "HTTPS": secure,
        "PREFERRED_URL_SCHEME": "https" if secure else "http",
        # The prefix makes browsers refuse such a cookie from any other host or without TLS.
        "COOKIE_PREFIX": "__Host-" if secure else "",
        "SESSION_COOKIE_NAME": "__Host-suqiutong" if secure else "suqiutong",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": secure,
        **{name: number(given, name, *bounds) for name, bounds in WHOLE.items()},
        "WTF_CSRF_TIME_LIMIT": None,  # a form lives as long as its session
    }


def _sign_on(given: Mapping[str, Any]) -> dict[str, str]:
    try:
        return sign_on(given)
    except Unfit as error:
        raise ConfigError(*error.args) from error


def _product(given: Mapping[str, Any]) -> dict:
    kept = {f"RETAIN_{name}_MONTHS": months for name, months in RETAIN.items()}
    least = {"RETAIN_SESSION_MONTHS": 6, "RETAIN_REFUSAL_MONTHS": 6}
    return {
        **{name: number(given, name, n, least.get(name, 0), 600) for name, n in kept.items()},
        "ERASE_WAIT_DAYS": number(given, "ERASE_WAIT_DAYS", 7, 0, 90),
        # A file or folder of hashes of stolen passwords (portal.auth.breached).
        "BREACHED_PASSWORDS": given.get("BREACHED_PASSWORDS") or "",
        "BABEL_DEFAULT_LOCALE": "zh_CN",
        "BABEL_DEFAULT_TIMEZONE": "Asia/Shanghai",
        "BABEL_TRANSLATION_DIRECTORIES": str(PROJECT / "translations"),
        "SERVICE_PHONE": given.get("SERVICE_PHONE") or "12345",
        # The figures' month begins on this day (domain.md §5: a window such as 19th to 18th).
        "PERIOD_START_DAY": number(given, "PERIOD_START_DAY", 1, 1, 28),
        # How long, in seconds, the open page's figures are kept before they are counted anew.
        "OPEN_KEEP_SECONDS": number(given, "OPEN_KEEP_SECONDS", 600, 0, 86_400),
        # A file that the backup touches when it is done, and how old that may be.
        "BACKUP_STAMP": given.get("BACKUP_STAMP") or "",
        "BACKUP_HOURS": number(given, "BACKUP_HOURS", 36, 1, 24 * 31),
        # A font file for PDF files; empty: a Chinese font of the machine is looked for.
        "PDF_FONT": given.get("PDF_FONT") or "",
        # How sure, in per cent, a suggested category has to be (docs/decisions/suggestion.md).
        "SUGGEST_THRESHOLD": number(given, "SUGGEST_THRESHOLD", 70, 1, 100),
    }


def _switch(given: Mapping[str, Any], name: str, *, default: bool) -> bool:
    if name not in given:
        return default
    word = str(given[name]).strip().lower()
    if word not in TRUE_WORDS | FALSE_WORDS:
        raise ConfigError(f"{name} 应为 1 或 0。", f"{name} has to be 1 or 0.")
    return word in TRUE_WORDS


def _folder(name: str, value: str | Path) -> Path:
    """The folder, created if missing; ConfigError when it cannot be written."""
    path = Path(value).resolve()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        writable = os.access(path, os.W_OK | os.X_OK)
    except OSError:
        writable = False
    if not writable:
        raise ConfigError(f"{name}:无法写入目录 {path}。", f"{name}: cannot write to {path}.")
    return path
