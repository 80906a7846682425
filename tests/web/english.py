"""Plays tickets of every kind and opens the pages a reader can reach, for the test of English."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urljoin, urlsplit

from bs4 import Comment
from sqlalchemy import select, update

from portal.auth.models import User
from portal.auth.roles import Role
from portal.db import transaction, utcnow
from portal.directory import cadre_service, category_service, firm_service, place_service
from portal.directory import service as directory
from portal.directory.category_service import CategoryFields
from portal.directory.changes import Editor
from portal.directory.firm_service import Contact
from portal.directory.place_service import PlaceFields
from portal.extensions import db
from portal.kpi.periods import local_day
from portal.routing import rulebook
from portal.sla import policy_service, recompute
from portal.sla.sweep import sweep
from portal.tickets.handover_models import HandoverItem
from portal.tickets.reasons import REJECT_REASONS
from portal.tickets.service import (
    applicant,
    assign,
    confirmation,
    elevate,
    exclusion,
    extension,
    handle,
    handover,
    hold,
    review,
    triage,
)
from portal.tickets.service.move import Ask
from portal.visits.models import Visit
from portal.visits.service import visit
from tests.factories import MONDAY, Town
from tests.pages import Page, Visitor, form_values
from tests.plays import HOUR, Play
from tests.service.test_walks import ask_hold
from tests.supervising import supervised
from tests.visiting import filed, pair

CHINESE = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]+")
KEPT = {"其他", "中文"}  # the category “other”, and the button that leads back to Chinese
# How many pages of one kind are opened; of some more, because each says other words.
EACH, MORE = 5, {"kpi.tickets": 24}
# Files whose headings are Chinese for every reader, as they come back.
FILES = {
    *("static", "tickets.download", "sheets.export", "sheets.template", "sheets.wrong"),
    *("bulletins.pdf", "bulletins.xlsx"),
}
ORDERED = timedelta(days=24)  # the first level after the due has come for a ticket of MONDAY
SAID_IN = ("title", "aria-label", "placeholder", "alt", "data-busy", "data-copied", "data-too-much")


def play_everything(town: Town) -> None:
    """Tickets in every state and with every kind of event, long ago and now.

    A policy is put in force, so the test restores the seeded one.
    """
    play = Play(town)
    for at in (MONDAY, utcnow() - HOUR):
        now = at + HOUR / 2
        play.file(at)
        for deeds in (_deeds(play, town, at, now), _pleas(play, town, at, now)):
            for ask, verb, more in deeds:
                with transaction():
                    verb(ask, *more)
        waiting = play.file(at)
        play.contact(waiting, now)
        play.answer(waiting, now)
        sweep(at + ORDERED if at == MONDAY else utcnow())
    sweep(utcnow())
    _visit(town)
    register(town)
    _desks(play, town, utcnow())
    _enact(utcnow())
    _rules(town, utcnow())


def _visit(town: Town) -> None:
    """A visit with a correction, a problem that waits for the firm's word, plans; an alert."""
    supervised(town, utcnow())
    pair(town)
    filed(town)
    with transaction() as session:
        one = session.scalars(select(Visit)).one()
        visit.correct(town.cadre, one.id, "还见到了赵厂长。", "c", MONDAY)
        for n in range(2):
            day = visit.local_day(utcnow()) + timedelta(days=40)
            visit.plan(town.cadre, town.enterprise_id, day, "融资", f"p{n}", utcnow())


def _desks(play: Play, town: Town, now: datetime) -> None:
    """Leave with a hand-over of which one ticket is taken, and a unit where one waits."""
    day = local_day(now)
    with transaction() as session:
        leave = directory.add_leave(
            *(Editor(town.reviewer.id, now), town.cadre2.id or 0, town.cadre.id, day, day),
            give_back=True,
        )
        row = handover.offer(leave.id, now)
        assert row is not None
        offered = select(HandoverItem.ticket_id).where(HandoverItem.handover_id == row.id)
        assert handover.take(town.cadre, row.id, list(session.scalars(offered))[:3], now)
        session.execute(update(User).where(User.role == Role.CADRE).values(capacity=1))
    play.file(now)


def _enact(now: datetime) -> None:
    """Another policy for what is open, too; a run that has done a few of them."""
    policy = next(one for one in policy_service.versions() if one.profile == "zhuhai")
    with transaction():
        seen = policy_service.print_of(policy)
        policy_service.enact(policy.id, seen, now, "吴管", to_open=True)
    recompute.work(lambda: now, most=EACH)


def _rules(town: Town, now: datetime) -> None:
    """A draft of rules with a tie and a rule that can never win."""
    finance, labour = town.categories["融资"], town.departments["labour"]
    wanted = [(None, town.region_id, None, None)]
    wanted += [(finance, None, None, urgency) for urgency in ("normal", "urgent", "critical")]
    with transaction():
        draft = rulebook.new_draft(town.dispatcher, now)
        for conditions in wanted:
            rulebook.put_rule(town.dispatcher, draft.id, None, conditions, labour, now)


def register(town: Town) -> None:
    """A row of everything that the administrator's pages of the registry show."""
    editor, day = Editor(town.admin.id, MONDAY), MONDAY.date()
    finance, loans = town.departments["finance"], town.categories["融资"]
    cadre, other = town.cadre.id or 0, town.cadre2.id or 0
    firm = town.enterprise_id
    with transaction():
        firm_service.save_title(editor, firm, None, "gazelle", day, None)
        title = firm_service.save_title(editor, firm, None, "unicorn", day, day)
        firm_service.remove_title(editor, firm, title.id)
        firm_service.save_contact(editor, firm, None, Contact("钱会计", "13800003333", "财务"))
        directory.pair(editor, firm, cadre, other, utcnow().date(), MONDAY.date())
        directory.add_leave(editor, other, cadre, *[utcnow().date() + timedelta(days=30)] * 2)
        cadre_service.set_abilities(editor, cadre, [loans], 20)
        below = PlaceFields("担保科", 1, parent_id=finance)
        place_service.save_place(editor, "departments", None, below)
        chief = PlaceFields("轴承", 1, chief_id=town.leader.id)
        place_service.save_place(editor, "chains", town.chain_id, chief)
        kind = CategoryFields("贷款续贷", "贷款银行：", True, True, True, True, 1, loans)
        category_service.save_category(editor, None, kind)


def _pleas(play: Play, town: Town, at: datetime, now: datetime) -> Iterator[tuple[Ask, Any, tuple]]:
    """Petitions of each kind, asked, granted and refused, and what a supervisor does beside."""

    def held() -> int:
        ticket_id = play.file(at)
        play.contact(ticket_id, now)
        return ticket_id

    def ruled(ticket_id: int) -> Ask:
        return Ask(town.supervisor, ticket_id, now)

    longer = (3, "approval", "等待批复。")
    for verb in (extension.grant_extension, extension.refuse_extension, None):
        one = held()
        yield play.as_cadre(one, now), extension.ask_extension, longer
        if verb is not None:
            yield ruled(one), verb, ("情况属实。",)
    for verb in (hold.hold, hold.refuse_hold, None):
        one = held()
        yield play.as_cadre(one, now), ask_hold, ()
        if verb is not None:
            yield ruled(one), verb, ("条件未到。",)
    yield ruled(held()), exclusion.ask_exclusion, ("in_court", "已立案。")
    yield ruled(held()), elevate.elevate, ("asked", "", "请领导协调。")
    twice = held()
    yield play.as_cadre(twice, now), handle.ask_return, ("not_ours", "不归我们。")
    yield Ask(town.dispatcher, twice, now), triage.grant_return, ("同意。",)
    labour, finance = town.departments["labour"], town.departments["finance"]
    yield Ask(town.dispatcher, twice, now), assign.dispatch, (labour, None, "归口。")
    yield play.as_cadre(twice, now), handle.ask_return, ("not_ours", "也不归我们。")
    yield ruled(twice), assign.redirect, (finance, None, "统筹。")


def _deeds(play: Play, town: Town, at: datetime, now: datetime) -> Iterator[tuple[Ask, Any, tuple]]:
    """One deed after the other, each on the ticket its stage needs."""
    loose, court = play.file(at, "税费"), play.file(at, "税费")
    channel = REJECT_REASONS["court"][1]
    yield Ask(town.dispatcher, court, now), triage.reject, ("court", channel, "请等待判决。")
    yield Ask(town.dispatcher, loose, now), triage.transfer, ("市税务局", "请联系税务局。")
    for verb, actor, words in (
        (triage.terminate, town.supervisor, ("重复。",)),
        (applicant.withdraw, town.firm, ("已自行解决。",)),
        (triage.supervise, town.supervisor, ("请尽快办理。",)),
        (applicant.urge, town.firm, ("很急。",)),
        (applicant.comment, town.firm, ("还有一点。",)),
    ):
        yield Ask(actor, play.file(at), now), verb, words
    returned, busy, asked, draft = (play.file(at) for _ in range(4))
    yield play.as_cadre(returned, now), handle.ask_return, ("not_ours", "不归我们。")
    play.contact(busy, now)
    yield play.as_cadre(busy, now), handle.reply, ("正在协调。",)
    yield play.as_cadre(busy, now), handle.note, ("内部情况。",)
    play.contact(asked, now)
    yield play.as_cadre(asked, now), handle.ask_info, ("请补充合同。",)
    play.contact(draft, now)
    yield play.as_cadre(draft, now), handle.resolve, ("explained", "政策不允许。", "说明")
    back, disputed, closed = play.file(at), play.file(at), play.done(at)
    play.contact(back, now)
    yield play.as_cadre(back, now), handle.resolve, ("solved", "已解决。", "")
    yield Ask(town.reviewer, back, now), review.send_back, ("写得不清楚。",)
    play.contact(disputed, now)
    play.answer(disputed, now)
    yield Ask(town.firm, disputed, now), confirmation.dispute, (2, "没有解决。")
    yield Ask(town.firm, closed, at + 2 * HOUR), confirmation.reopen, ("又出现了。",)


def stored_words() -> tuple[str, ...]:
    """Every line of Chinese in the database, the longest first: names, titles, texts."""
    found: set[str] = set()
    for table in db.metadata.sorted_tables:
        if table.name != "calendar_day":  # holidays have English names
            for row in db.session.execute(select(table)):
                for value in row:
                    found.update(_lines(value))
    return tuple(sorted(found, key=len, reverse=True))


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _lines(one)
    elif isinstance(value, str) and CHINESE.search(value):
        lines = [line for line in value.splitlines() if line.strip()]
        yield from (*lines, *(line.rstrip("：") for line in lines))


def walk(visit: Visitor, who: str | None) -> Iterator[Page]:
    """The pages that links lead to from the first one, a few of each kind."""
    rules = visit.app.url_map.bind("localhost")
    todo, done, kinds = ["/", "/inbox", "/tickets/new/check"], set(), Counter[str]()
    while todo:
        address = todo.pop(0)
        if (path := urlsplit(address).path) in done or not rules.test(path, "GET"):
            continue
        kinds[endpoint := rules.match(path, "GET")[0]] += 1
        if kinds[endpoint] > MORE.get(endpoint, 0 if endpoint in FILES else EACH):
            continue
        done.add(path)
        page = visit.get(who, address)
        if page.location:
            todo.insert(0, page.location)
            continue
        yield page
        links = (urljoin(address, str(link["href"])) for link in page.soup.select("a[href]"))
        todo += [link for link in links if link.startswith("/")]


def refusals(visit: Visitor, who: str | None, pages: list[Page]) -> Iterator[Page]:
    """What each form with fields says when it is sent empty."""
    for page in pages:
        address = page.response.request.path
        for form in page.soup.select("main form[method=post]"):
            shown = form.select("input:not([type=hidden], [type=radio]), textarea, select")
            if not shown:
                continue
            data = form_values(form) | {str(field["name"]): "" for field in shown}
            answer = visit.post(who, str(form.get("action") or address), data)
            if answer.status in (409, 422):
                yield answer


def left_over(page: Page, known: tuple[str, ...]) -> list[str]:
    """The Chinese on a page that comes from nowhere but its template or our code."""
    for cut in page.soup.find_all("mark"):  # pieces of what a person wrote
        (cut.parent or cut).clear()
    said = [str(one) for one in page.soup.find_all(string=True) if not isinstance(one, Comment)]
    tags = page.soup.find_all(True)
    said += [str(value) for tag in tags for name, value in tag.attrs.items() if name in SAID_IN]
    return [one for text in filter(CHINESE.search, said) for one in _unknown(text, known)]


@cache
def _unknown(text: str, known: tuple[str, ...]) -> set[str]:
    """The Chinese of a text without the known lines; menus and names come on every page."""
    for one in known:
        text = text.replace(one, "")
    return set(CHINESE.findall(text)) - KEPT
