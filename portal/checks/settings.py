"""What is unsafe in the settings and on the disk of this machine; no database is asked."""

import os
import stat
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url

from portal.auth.hashing import LEAST_MEMORY_KIB, LEAST_ROUNDS
from portal.checks.finding import Check, Severity
from portal.config import PROJECT
from portal.db import utcnow
from portal.safety import KEY_FILES, SECRETS, weakness
from portal.tickets import clamav

Config = Mapping[str, Any]
HERE = frozenset({"", "localhost", "127.0.0.1", "::1"})
COMMON = frozenset({"", "postgres", "password", "secret", "123456", "suqiutong", "changeme", "…"})
TLS_MODES = frozenset({"require", "verify-ca", "verify-full"})
OTHERS = stat.S_IRWXO
# The folders that a web server in front may serve, or that pages are made from.
WEB_FOLDERS = ("static", "templates", "portal")


def _environment(config: Config) -> str | None:
    kind = str(config["ENVIRONMENT"])
    return None if kind == "production" else f"PORTAL_ENV={kind}"


def _secret(config: Config) -> str | None:
    return weakness(str(config["SECRET_KEY"])) or None


def _https(config: Config) -> str | None:
    return None if config["HTTPS"] else "PORTAL_HTTPS=0"


def _cookies(config: Config) -> str | None:
    safe = config["SESSION_COOKIE_HTTPONLY"] and config["SESSION_COOKIE_SAMESITE"]
    secure = config["SESSION_COOKIE_SECURE"] or not config["HTTPS"]
    return None if safe and secure else str(config["SESSION_COOKIE_NAME"])


def _hosts(config: Config) -> str | None:
    return None if config.get("TRUSTED_HOSTS") else "TRUSTED_HOSTS"


def _proxies(config: Config) -> str | None:
    return "TRUSTED_PROXIES=0" if config["HTTPS"] and not config["TRUSTED_PROXIES"] else None


def _debug(config: Config) -> str | None:
    on = [name for name in ("DEBUG", "TESTING", "PROPAGATE_EXCEPTIONS") if config.get(name)]
    return ", ".join(on) or None


def _forgery(config: Config) -> str | None:
    return None if config.get("WTF_CSRF_ENABLED", True) else "WTF_CSRF_ENABLED"


def _limits(config: Config) -> str | None:
    return None if config.get("RATELIMIT_ENABLED", True) else "RATELIMIT_ENABLED"


def _challenge(config: Config) -> str | None:
    return None if config["CHALLENGE"] else "CHALLENGE=0"


def _queue_password(config: Config) -> str | None:
    parts = urlsplit(str(config["REDIS_URL"]))
    if parts.scheme.endswith("unix") or (parts.hostname or "") in HERE or parts.password:
        return None
    return str(parts.hostname)


def _queue_tls(config: Config) -> str | None:
    parts = urlsplit(str(config["REDIS_URL"]))
    plain = parts.scheme == "redis" and (parts.hostname or "") not in HERE
    return str(parts.hostname) if plain else None


def _database_password(config: Config) -> str | None:
    url = make_url(config["DATABASE_URL"])
    password = str(url.password or "")
    weak = password in COMMON or password == url.username
    return f"{url.username}@{url.host}" if weak and (url.host or "") not in HERE else None


def _database_tls(config: Config) -> str | None:
    url = make_url(config["DATABASE_URL"])
    host = str(url.host or url.query.get("host") or "")
    if host in HERE or host.startswith("/") or url.query.get("sslmode") in TLS_MODES:
        return None
    return host


def _owner_apart(config: Config) -> str | None:
    same = config["MIGRATION_DATABASE_URL"] == config["DATABASE_URL"]
    return "MIGRATION_DATABASE_URL" if same else None


def _upload_place(config: Config) -> str | None:
    folder = Path(config["UPLOAD_DIR"]).resolve()
    inside = any(folder.is_relative_to(PROJECT / one) for one in WEB_FOLDERS)
    return str(folder) if inside else None


def _upload_mode(config: Config) -> str | None:
    return open_to_all(Path(config["UPLOAD_DIR"]))


def _instance_mode(config: Config) -> str | None:
    key = Path(config["INSTANCE_DIR"]) / "secret_key"
    return open_to_all(key)


def _secret_files(config: Config) -> str | None:
    paths = (os.environ.get(f"{name}_FILE") for name in (*SECRETS, *KEY_FILES))
    found = [open_one for path in paths if path and (open_one := open_to_all(Path(path)))]
    return ", ".join(found) or None


def open_to_all(path: Path) -> str | None:
    """The path with its mode when everybody on the machine may read or write it."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return None
    return f"{path} {mode:o}" if mode & OTHERS else None


def _second_factor(config: Config) -> str | None:
    asked = config.get("SECOND_FACTOR_STAFF")
    return None if asked == "staff" else f"SECOND_FACTOR_STAFF={asked}"


def _password_cost(config: Config) -> str | None:
    cost = {name: int(config[name]) for name in ("PASSWORD_MEMORY_KIB", "PASSWORD_ROUNDS")}
    enough = (LEAST_MEMORY_KIB, LEAST_ROUNDS)
    low = [f"{n}={v}" for (n, v), least in zip(cost.items(), enough, strict=True) if v < least]
    return ", ".join(low) or None


def _own_keys(config: Config) -> str | None:
    """Keys that were made beside the data they protect: a copy of the disk holds both."""
    unset = [n for n in KEY_FILES if not (os.environ.get(n) or os.environ.get(f"{n}_FILE"))]
    return ", ".join(unset) or None


def _breached(config: Config) -> str | None:
    return None if config.get("BREACHED_PASSWORDS") else "BREACHED_PASSWORDS"


def _scanner(config: Config) -> str | None:
    return None if clamav.address_of(config) is not None else "CLAMAV_HOST"


def _backup(config: Config) -> str | None:
    """The age of the file that the backup touches when it is done, where one is named."""
    stamp = config.get("BACKUP_STAMP")
    if not stamp:
        return None
    try:
        made = datetime.fromtimestamp(Path(stamp).stat().st_mtime, UTC)
    except OSError:
        return f"{stamp}: -"
    age = utcnow() - made
    old = age > timedelta(hours=int(config["BACKUP_HOURS"]))
    return f"{stamp}: {age.total_seconds() / 3600:.0f} h" if old else None


def _backup_unknown(config: Config) -> str | None:
    return None if config.get("BACKUP_STAMP") else "BACKUP_STAMP"


_E, _W = Severity.ERROR, Severity.WARNING
ROWS: tuple[Check, ...] = (
    Check("environment", _W, "这不是生产环境", "this is not production", _environment),
    Check("secret-key", _E, "SECRET_KEY 太弱", "SECRET_KEY is weak", _secret),
    Check("https", _E, "没有启用 HTTPS", "pages are not served by HTTPS only", _https),
    Check("cookies", _E, "会话 Cookie 缺少保护", "the session cookie lacks a flag", _cookies),
    Check("hosts", _E, "没有限定本站域名", "any Host header is answered", _hosts),
    Check(
        "proxies",
        _W,
        "启用了 HTTPS 却不信任任何代理，限流会把所有人算作一个地址",
        "HTTPS without a trusted proxy: all readers count as one address",
        _proxies,
    ),
    Check("debug", _E, "调试开关打开着", "a debugging switch is on", _debug),
    Check("csrf", _E, "跨站请求防护关闭了", "forms need no anti-forgery token", _forgery),
    Check("rate-limits", _E, "限流关闭了", "rate limits are off", _limits),
    Check("challenge", _W, "注册和查询没有人机验证", "no challenge to programs", _challenge),
    Check(
        "queue-password",
        _E,
        "队列服务在网络上而没有密码",
        "the queue's server has a network address and no password",
        _queue_password,
    ),
    Check("queue-tls", _W, "队列连接没有加密", "the way to the queue is not encrypted", _queue_tls),
    Check(
        "database-password",
        _E,
        "数据库密码为空、常见或与用户名相同",
        "the database password is empty, common or the user's name",
        _database_password,
    ),
    Check(
        "database-tls",
        _W,
        "数据库连接没有要求加密（sslmode）",
        "the way to the database need not be encrypted (sslmode)",
        _database_tls,
    ),
    Check(
        "owner-apart",
        _E,
        "应用与表的所有者使用同一个数据库账号",
        "the application uses the account that owns the tables",
        _owner_apart,
    ),
    Check(
        "upload-place",
        _E,
        "附件目录在网页目录里",
        "the folder of uploads is under a folder that is served",
        _upload_place,
    ),
    Check("upload-mode", _E, "附件目录对所有人开放", "uploads are open to all", _upload_mode),
    Check("key-mode", _E, "密钥文件对所有人开放", "the key file is open to all", _instance_mode),
    Check("secret-files", _E, "密钥文件对所有人可读", "a secret's file is open", _secret_files),
    Check(
        "second-factor",
        _W,
        "工作人员登录不要求第二重验证",
        "not all staff need a second factor",
        _second_factor,
    ),
    Check(
        "password-cost",
        _E,
        "密码散列的强度太低",
        "hashes of passwords cost too little",
        _password_cost,
    ),
    Check(
        "own-keys",
        _W,
        "加密或签名密钥和数据放在一起",
        "keys lie beside the data that they protect",
        _own_keys,
    ),
    Check(
        "breached-passwords",
        _W,
        "没有设置泄露密码库",
        "passwords are not compared with stolen ones",
        _breached,
    ),
    Check("scanner", _W, "没有设置病毒扫描", "uploads are not scanned for viruses", _scanner),
    Check("backup", _E, "备份太久没有完成", "the last backup is too old", _backup),
    Check("backup-unknown", _W, "不知道备份何时完成", "no backup is watched", _backup_unknown),
)
