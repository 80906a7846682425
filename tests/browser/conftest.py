"""The whole site as real processes (gunicorn, worker, timer) and a real browser to open it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    sync_playwright,
)

from tests.factories import CHEAP, PASSWORD, Town
from tests.services import Services

ROOT = Path(__file__).resolve().parents[2]
WAIT_SECONDS = 60
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's chromium; without it these tests do not run, and in CI they fail."""
    if CHROMIUM is None:
        message = "chromium is not installed, so the browser tests did not run"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    flags = ["--disable-background-networking", "--disable-quic", "--disable-gpu"]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def site(app: Flask, services: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Web, worker and timer on the private services; the address of the web.

    Gone with the module: a living worker would handle the rows of other tests.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        **services.settings,
        "SECRET_KEY": app.config["SECRET_KEY"],
        "SECOND_FACTOR_STAFF": "off",
        **{name: str(value) for name, value in CHEAP.items()},
        "FIELD_KEYS_FILE": str(Path(app.config["INSTANCE_DIR"]) / "field_keys"),
        "PORTAL_INSTANCE": str(tmp_path_factory.mktemp("site")),
        "UPLOAD_DIR": app.config["UPLOAD_DIR"],
    }
    log = (tmp_path_factory.mktemp("log") / "site.log").open("w")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.browser.processes", str(port)],
        cwd=ROOT,
        env=environment,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_healthy(address, log.name)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=20)
        log.close()


def _wait_until_healthy(address: str, log: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            pass
        time.sleep(0.2)
    raise AssertionError(f"the site did not come up:\n{Path(log).read_text()[-3000:]}")


@pytest.fixture
def violations() -> list[str]:
    """What pages did against their own policy."""
    return []


@pytest.fixture
def person(
    browser: Browser, site: str, town: Town, violations: list[str]
) -> Iterator[Callable[..., Page]]:
    """Opens a browser window of its own for a person of the town; None is a stranger.

    What a page does against its own policy (something inline, something from elsewhere) fails the
    test that opened it.
    """
    contexts: list[BrowserContext] = []

    def note(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            violations.append(f"{message.page.url if message.page else ''}: {message.text}")

    def enter(who: str | None, width: int = 1280) -> Page:
        context = browser.new_context(
            base_url=site, viewport={"width": width, "height": 900}, locale="zh-CN"
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", note)
        if who is not None:
            page.goto("/sign-in")
            page.get_by_label("用户名").fill(who)
            page.get_by_label("密码", exact=True).fill(PASSWORD)
            page.locator("main").get_by_role("button", name="登录").click()
            page.wait_for_url(lambda url: "/sign-in" not in url)
        return page

    yield enter
    for context in contexts:
        context.close()
    assert violations == []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Function, call: pytest.CallInfo[None]) -> Iterator[None]:
    """A failure's report holds what each open page showed: a time-out alone tells nothing."""
    report = yield
    if call.when == "call" and call.excinfo is not None:
        for context in getattr(item.funcargs.get("browser"), "contexts", ()):
            for page in context.pages:
                report.sections.append((page.url, page.locator("body").inner_text()[:2000]))
    return report
