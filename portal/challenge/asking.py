"""The challenge of one form: made with the page, checked once when everything else is right."""

import secrets
from typing import Any

from flask import current_app, request
from flask_babel import get_locale, gettext
from flask_babel import gettext as _
from flask_limiter.util import get_remote_address
from itsdangerous import BadSignature, URLSafeTimedSerializer
from wtforms.form import BaseForm

from portal.challenge import store
from portal.challenge.puzzle import ASKED, BITS, Sum, chinese, new_sum, read, works

AGE_SECONDS = 30 * 60
TRIES_SECONDS = 60 * 60
QUICKEST_SECONDS = 1  # nobody reads, reckons and types faster
TOKEN, WORK, ANSWER = "challenge_token", "challenge_work", "challenge_answer"
ENGLISH = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
)


class Challenge:
    """What the macro `challenge` shows: shown, token, nonce, bits, question, typed, error."""

    bits = BITS

    def __init__(self, kind: str, *, after: int = 0) -> None:
        """`after`: how many sendings of an address within an hour are free of it."""
        self.kind, self.error = kind, ""
        sent, made = request.method == "POST", after
        if after and current_app.config["CHALLENGE"]:
            tries = f"tries:{kind}:{get_remote_address()}"
            made = store.add(tries, TRIES_SECONDS) if sent else store.count(tries)
        self.shown = current_app.config["CHALLENGE"] and made >= after
        self.due = self.shown and made - (sent and after > 0) >= after
        self.typed = request.form.get(ANSWER, "")[:20] if sent else ""
        self.token = request.form.get(TOKEN, "")[:400] if sent else ""
        self._facts = self._read(AGE_SECONDS)
        if self._facts is None:
            self._renew()

    def met(self, form: BaseForm) -> bool:
        """Whether the work or the sum is right, once; else says why, above the form and at it."""
        if not self.due:
            return True
        self.error = self._wrong()
        if self.error:
            form.form_errors.append(self.error)
        self._renew()
        return not self.error

    @property
    def nonce(self) -> str:
        """What the work is done on."""
        return str((self._facts or {}).get("n"))

    @property
    def question(self) -> str:
        """The sum in the reader's language."""
        one = self._sum()
        english = str(get_locale()) == "en"
        a, b = ((ENGLISH[n] if english else chinese(n)) for n in (one.a, one.b))
        return gettext(ASKED[one.sign], a=a, b=b)

    def _sum(self) -> Sum:
        a, sign, b = (self._facts or {})["s"]
        return Sum(int(a), str(sign), int(b))

    def _wrong(self) -> str:
        """Why it is not passed; empty when it is, and then this token is used up."""
        facts = self._facts
        if facts is None or facts.get("fresh"):
            return _("请回答表单末尾的验证问题。")
        if not works(self.nonce, request.form.get(WORK, "")):
            if not self.typed.strip():
                return _("请回答表单末尾的验证问题。")
            if read(self.typed) != self._sum().result:
                return _("验证问题的答案不对，请回答新的一题。")
            if self._read(QUICKEST_SECONDS) is not None:
                return _("提交得太快，请稍等两秒，再回答新的一题。")
        if store.add(f"used:{self.nonce}", AGE_SECONDS) > 1:
            return _("这次验证已经用过，请回答新的一题。")
        return ""

    def _renew(self) -> None:
        one = new_sum()
        facts = {"n": secrets.token_urlsafe(16), "k": self.kind, "s": [one.a, one.sign, one.b]}
        self.token, self.typed = _signer().dumps(facts), ""
        self._facts = {**facts, "fresh": True}

    def _read(self, age: int) -> dict[str, Any] | None:
        """What the token says, when it is ours, for this form, and not older than `age`."""
        try:
            facts = _signer().loads(self.token, max_age=age)
        except BadSignature:
            return None
        return facts if isinstance(facts, dict) and facts.get("k") == self.kind else None


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="challenge")
