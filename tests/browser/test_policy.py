"""The policy of the pages is real: what is inline does not run, and is noticed."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

INLINE = """() => new Promise((done) => {
  document.addEventListener('securitypolicyviolation', (event) => done(event.effectiveDirective));
  const script = document.createElement('script');
  script.textContent = 'window.ran = 1';
  document.body.append(script);
  setTimeout(() => done('nothing'), 2000);
})"""


def test_an_inline_script_does_not_run_and_is_recorded(
    person: Callable[..., Page], request: pytest.FixtureRequest
) -> None:
    page = person(None)
    page.goto("/query")
    assert page.evaluate(INLINE) == "script-src-elem"
    assert page.evaluate("window.ran") is None
    recorded = request.getfixturevalue("violations")
    assert len(recorded) == 1
    recorded.clear()  # this one was meant
