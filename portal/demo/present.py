"""The tickets that are open today, placed by working days before now: every queue has work."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from portal.demo import phrases
from portal.demo.case import DAY, Case
from portal.demo.cast import Cast, PlayedFirm
from portal.demo.life import received_in_time, reviewed
from portal.demo.plan import source
from portal.demo.problems import Problem
from portal.demo.stage import Script, Stage
from portal.sla.worktime import Calendar
from portal.tickets.lifecycle import Status, Urgency
from portal.tickets.reasons import REJECT_REASONS


@dataclass(frozen=True)
class Scene:
    """One ticket of today: how far it has come, whose it is, what about, and since when.

    `firm`: "qiye" (the visitor's firm), "ganbu" (another firm of the visitor's cadre), "other".
    `days`: working days before the coming close of business; 0: `minute` working minutes ago.
    `minute`: of the working day on which it was submitted.
    """

    stand: str
    firm: str
    category: str
    days: int
    minute: int
    urgency: Urgency = Urgency.NORMAL


SCENES: tuple[Scene, ...] = (
    Scene("awaiting", "qiye", "政策兑现", 6, 55),
    Scene("asked", "qiye", "用工社保", 3, 130),
    Scene("answered", "qiye", "科技创新", 5, 210),
    Scene("supervised", "qiye", "物流交通", 17, 90, Urgency.URGENT),
    Scene("unsigned", "qiye", "市场开拓", 0, 42),
    Scene("in_review", "qiye", "人才子女", 7, 160),
    Scene("solved", "qiye", "政策兑现", 12, 75),
    Scene("contacted", "ganbu", "政策兑现", 1, 60),
    Scene("contacted", "ganbu", "用工社保", 3, 240),
    Scene("answered", "ganbu", "人才子女", 13, 30),
    Scene("extension_asked", "ganbu", "物流交通", 6, 120),
    Scene("answered", "ganbu", "市场开拓", 18, 200),
    Scene("signed", "ganbu", "科技创新", 1, 35, Urgency.URGENT),
    Scene("return_asked", "ganbu", "其他", 0, 130),
    Scene("second_round", "ganbu", "政策兑现", 9, 100),
    Scene("unsigned", "ganbu", "拖欠账款", 0, 75),
    Scene("asked", "ganbu", "政策兑现", 4, 300),
    Scene("answered", "ganbu", "拖欠账款", 6, 150),
    Scene("in_review", "ganbu", "政策兑现", 6, 110),
    Scene("solved", "ganbu", "用工社保", 10, 140),
    Scene("contacted", "other", "融资", 3, 95, Urgency.URGENT),
    Scene("answered", "other", "用地用房", 9, 45),
    Scene("contacted", "other", "税费", 1, 70),
    Scene("in_review", "other", "审批证照", 5, 80),
    Scene("answered", "other", "环保安全", 17, 220),
    Scene("signed", "other", "水电气热", 1, 15, Urgency.CRITICAL),
    Scene("supervised", "other", "涉企执法检查", 17, 170),
    Scene("return_asked", "other", "审批证照", 0, 110),
    Scene("awaiting", "other", "知识产权", 7, 190),
    Scene("hold_asked", "other", "进出口", 4, 260),
    Scene("held", "other", "基础设施配套", 10, 330),
    Scene("awaiting", "other", "融资", 7, 20),
    Scene("answered", "other", "审批证照", 14, 65),
    Scene("awaiting", "other", "税费", 6, 280),
    Scene("second_round", "other", "环保安全", 9, 310),
    Scene("unsigned", "other", "融资", 0, 15),
    Scene("unsigned", "other", "税费", 0, 58),
    Scene("triage", "other", "其他", 1, 320),
    Scene("triage", "other", "其他", 0, 190),
    Scene("triage", "other", "其他", 0, 100),
    Scene("triage", "other", "其他", 0, 25),
    Scene("asked_first", "other", "其他", 2, 40),
    Scene("rejected", "other", "其他", 3, 200),
    Scene("solved", "other", "水电气热", 11, 85),
    Scene("solved", "other", "融资", 12, 240),
    Scene("solved", "other", "审批证照", 9, 175),
    Scene("solved", "other", "进出口", 8, 50),
    Scene("solved", "other", "知识产权", 13, 125),
    Scene("unconfirmed", "other", "税费", 15, 155),
)


def enter(stage: Stage, cast: Cast, rng: Random, now: datetime) -> None:
    """Puts every scene on the stage, so that it stands at `now` (UTC) where it should."""
    ganbu = next(iter(cast.cadres))
    groups: dict[str, list[PlayedFirm]] = {
        "qiye": cast.firms[:1],
        "ganbu": [firm for firm in cast.firms[1:] if firm.paired_with == ganbu],
        "other": [firm for firm in cast.firms[1:] if firm.paired_with != ganbu],
    }
    for index, scene in enumerate(SCENES):
        firms = groups[scene.firm]
        if scene.category == "其他" and scene.firm == "other":
            firms = [firm for firm in firms if cast.undecided("其他", firm)]
        own = source(f"today:{index}:{rng.random()}")
        case = Case(stage, cast, own, rng.choice(firms), scene.category)
        case.urgency = scene.urgency
        case.nth = sum(before.category == scene.category for before in SCENES[:index])
        stage.enter(_begun(case, scene, submitted_at(stage.calendar, now, scene)))


def coming_close(calendar: Calendar, now: datetime) -> datetime:
    """The first close of business after `now`."""
    today = calendar.add_days(now - timedelta(days=1), 1)
    return today if today > now else calendar.add_days(now, 1)


def submitted_at(calendar: Calendar, now: datetime, scene: Scene) -> datetime:
    """The instant at which a scene begins; always before `now`."""
    if scene.days == 0:
        return calendar.add_minutes(now, -scene.minute).replace(microsecond=0)
    close = calendar.shift_days(coming_close(calendar, now), -scene.days)
    return calendar.add_minutes(close, scene.minute - DAY).replace(microsecond=0)


def _begun(case: Case, scene: Scene, at: datetime) -> Script:
    yield at
    if scene.stand == "rejected":
        yield from _rejected(case)
        return
    case.submit()
    yield from STANDS[scene.stand](case)


def _unsigned(case: Case) -> Script:
    case.expect(Status.ASSIGNED)
    yield from ()


def _triage(case: Case) -> Script:
    case.expect(Status.TRIAGE)
    yield from ()


def _signed(case: Case) -> Script:
    """Signed, and then nothing: the first contact is late."""
    yield case.office(10, 30)
    case.sign()


def _contacted(case: Case) -> Script:
    """Signed and contacted, not answered."""
    yield from received_in_time(case)


def _answered(case: Case) -> Script:
    """Signed, contacted and answered, still in progress."""
    yield from received_in_time(case)
    yield case.office(200, 500)
    case.reply()


def _asked(case: Case) -> Script:
    yield from received_in_time(case)
    yield case.office(60, 200)
    case.ask_info()


def _asked_first(case: Case) -> Script:
    case.expect(Status.TRIAGE)
    yield case.office(30, 90)
    case.ask_info_first()


def _return_asked(case: Case) -> Script:
    """Asked this very moment: a return that nobody rules on expires the same day."""
    yield from received_in_time(case)
    yield case.stage.end
    case.ask_return()


def _extension_asked(case: Case) -> Script:
    """Asked this very moment: the supervisors rule until the close of the next working day."""
    yield from received_in_time(case)
    yield case.stage.end
    case.ask_extension()


def _hold_asked(case: Case) -> Script:
    yield from _answered(case)
    yield case.stage.end
    case.ask_hold()


def _held(case: Case) -> Script:
    """On hold with a promised date; the first report is still to come."""
    yield from _answered(case)
    yield case.stage.after(DAY)
    case.ask_hold()
    yield case.stage.after(60)
    case.hold()


def _supervised(case: Case) -> Script:
    """Late, urged, and under an order that waits for its answer."""
    yield from _answered(case)
    yield case.stage.after(6 * DAY)
    case.urge()
    yield case.due("resolve") + timedelta(seconds=2)
    yield case.stage.after(20)
    case.supervise()


def _in_review(case: Case) -> Script:
    yield from _answered(case)
    yield case.stage.after(2 * DAY)
    case.resolve()


def _awaiting(case: Case) -> Script:
    yield from _in_review(case)
    yield from reviewed(case)


def _second_round(case: Case) -> Script:
    yield from _awaiting(case)
    yield case.stage.after(1.2 * DAY)
    case.dispute()
    yield case.office(20, 80)
    case.contact()


def _solved(case: Case) -> Script:
    yield from _awaiting(case)
    yield case.stage.after(case.rng.uniform(0.2, 1.8) * DAY)
    case.confirm()


def _unconfirmed(case: Case) -> Script:
    yield from _awaiting(case)
    yield case.due("confirm") + timedelta(minutes=1)
    case.expect(Status.CLOSED)


def _rejected(case: Case) -> Script:
    code, title, words, answer = phrases.REJECTED[2]
    case.submit(Problem(title, words, ""))
    yield case.office(40, 160)
    case.reject(code, REJECT_REASONS[code][1], answer)


STANDS: dict[str, Callable[[Case], Script]] = {
    "unsigned": _unsigned,
    "triage": _triage,
    "signed": _signed,
    "contacted": _contacted,
    "answered": _answered,
    "asked": _asked,
    "asked_first": _asked_first,
    "return_asked": _return_asked,
    "extension_asked": _extension_asked,
    "hold_asked": _hold_asked,
    "held": _held,
    "supervised": _supervised,
    "in_review": _in_review,
    "awaiting": _awaiting,
    "second_round": _second_round,
    "solved": _solved,
    "unconfirmed": _unconfirmed,
}
