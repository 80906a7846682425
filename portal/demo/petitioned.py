"""Today's petitions: extensions, a hold and an exclusion that wait, and a ticket on hold."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from portal.demo.case import Case
from portal.demo.life import received_in_time
from portal.demo.stage import Script
from portal.tickets.lifecycle import Status
from portal.tickets.service import exclusion, extension, hold

LOCAL = ZoneInfo("Asia/Shanghai")
EXTENSION = "需会同两家单位现场勘查后出具意见，申请延长办理时间，已电话告知企业。"
HOLD = "该路段配套管网列入在建工程，完工前无法接入，承诺完工后第一时间恢复办理。"
HELD = "情况属实，同意挂账，请每月向企业报告一次工程进度。"
EXCLUSION = "企业已就同一事项提起行政诉讼并被受理，结果以判决为准。"


def answered(case: Case) -> Script:
    """Signed, contacted and answered in time."""
    yield from received_in_time(case)
    yield case.office(200, 500)
    case.reply()


def extension_asked(case: Case) -> Script:
    """The cadre asks for more time, this very moment: nobody has ruled yet."""
    yield from answered(case)
    yield case.stage.end
    extension.ask_extension(case.ask(case.cadre), 5, "survey", EXTENSION)


def hold_asked(case: Case) -> Script:
    """The cadre asks to hold it, this very moment."""
    yield from answered(case)
    yield case.stage.end
    _ask_hold(case)


def on_hold(case: Case) -> Script:
    """Held by a supervisor, with a promised date that lies ahead."""
    yield from answered(case)
    yield case.office(300, 400)
    _ask_hold(case)
    yield case.office(60, 200)
    hold.hold(case.ask(case.rng.choice(case.cast.supervisors)), HELD)
    case.expect(Status.ON_HOLD)


def exclusion_asked(case: Case) -> Script:
    """A supervisor asks to leave it out of the net rate; a second one must agree."""
    yield from answered(case)
    yield case.stage.end
    exclusion.ask_exclusion(case.ask(case.cast.supervisors[-1]), "in_court", EXCLUSION)


def _ask_hold(case: Case) -> None:
    now = case.stage.now
    promised = _working_day(case, case.stage.end + timedelta(days=60))
    report = now.astimezone(LOCAL).date() + timedelta(days=28)
    owner = case.cadre.id or 0
    hold.ask_hold(case.ask(case.cadre), "project", HOLD, promised, report, owner)


def _working_day(case: Case, instant: datetime) -> date:
    """The first local working day from an instant on."""
    return case.stage.calendar.next_open(instant).astimezone(LOCAL).date()
