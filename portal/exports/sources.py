"""The lists that can be taken away: each makes its table as its reader may see it now."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from werkzeug.datastructures import MultiDict

from portal.auth.models import User
from portal.auth.roles import ACCOUNT_ROLES, OVERSIGHT_ROLES, STAFF_ROLES, Actor, Role
from portal.errors import Invalid, NotFound
from portal.exports.figure_tables import figure_table, figures_table
from portal.exports.models import OWN
from portal.exports.own import own_table
from portal.exports.tables import Cells, Table, by_key
from portal.exports.ticket_columns import HANDLES, LOADED, at, cells, columns_for
from portal.language import lazy as _l
from portal.problems.models import Problem
from portal.problems.problem_queries import visible_problems
from portal.search import choices
from portal.search.forms import SearchForm
from portal.search.matching import matching
from portal.supervision.queries import of_view
from portal.tickets.lifecycle import Status
from portal.tickets.models import Ticket
from portal.tickets.order_models import Order
from portal.tickets.queries import LIGHT_NAMES, Filter, visible
from portal.wording import LIGHTS, firm_name, status_name

Asked = Mapping[str, str]
PROBLEM_STATES = {"open": _l("未答复"), "answered": _l("已答复"), "closed": _l("已关闭")}
# Whoever can open the list behind a figure takes of it what the same predicate shows.
WATCH = frozenset({Role.CADRE, Role.REVIEWER, *OVERSIGHT_ROLES})
ORDER_VIEWS = {
    "open": _l("待回复"),
    "overdue": _l("逾期未回复"),
    "replied": _l("已回复"),
    "all": _l("全部"),
}
LISTS = frozenset({Role.APPLICANT, *STAFF_ROLES})


@dataclass(frozen=True)
class Source:
    """Who may take it, and how the table is made of what was asked; raises Invalid for nonsense."""

    roles: frozenset[Role]
    make: Callable[[Actor, Asked, datetime], Table]


def table_of(source: str, actor: Actor, asked: Asked, now: datetime) -> Table:
    """The table. Raises NotFound for a source that is not the actor's, Invalid for nonsense."""
    one = SOURCES.get(source)
    if one is None or actor.role not in one.roles:
        raise NotFound("没有可以导出的内容。")
    return one.make(actor, asked, now)


def _tickets(actor: Actor, conditions: list[Any], words: dict[str, str]) -> Table:
    columns = columns_for(actor)
    query = select(Ticket.id, Ticket).where(*conditions).options(*LOADED)
    chunk, count = by_key(
        query,
        Ticket.id,
        lambda rows: [cells(one, columns, actor) for _id, one in rows],
        lambda row: row[0],
    )
    personal = actor.role in HANDLES
    return Table(_("诉求"), _headings(columns), chunk, count, words, personal)


def _headings(columns: list[Any]) -> list[str]:
    return [str(column.heading) for column in columns]


def _search(actor: Actor, asked: Asked, now: datetime) -> Table:
    """What a search or a saved view finds."""
    form = SearchForm(MultiDict(asked), choices.offered(actor), actor.role)
    if not form.validate():
        raise Invalid("筛选条件不对，请回到列表重新筛选。")
    words = dict(one.split(_("："), 1) for _name, one in form.chosen())
    if form.q.data:
        words = {str(form.q.label.text): form.q.data, **words}
    return _tickets(actor, matching(actor, form.search(), now), words)


def _queue(actor: Actor, asked: Asked, now: datetime) -> Table:
    """A queue: what is in some statuses, of one light, or overdue."""
    statuses = [one for one in asked.get("statuses", "").split(",") if one]
    light = asked.get("light") or None
    if not set(statuses) <= set(Status) or (light and light not in LIGHT_NAMES):
        raise Invalid("筛选条件不对，请回到列表重新筛选。")
    overdue = asked.get("overdue") == "1"
    chosen = Filter(
        statuses=frozenset(map(Status, statuses)) if statuses else None,
        light=light,
        department_ids=_one_id(asked.get("department")),
        category_ids=_one_id(asked.get("category")),
        elevated=asked.get("elevated") == "1",
        overdue=overdue,
    )
    words = {}
    if statuses:
        words[_("状态")] = _("、").join(status_name(one) for one in statuses)
    if light or overdue:
        words[_("时限")] = str(LIGHTS[light or "red"])
    return _tickets(actor, [visible(actor), *chosen.where(now)], words)


def _one_id(typed: str | None) -> frozenset[int] | None:
    if not typed:
        return None
    if not typed.isascii() or not typed.isdigit() or len(typed) > 18:
        raise Invalid("筛选条件不对，请回到列表重新筛选。")
    return frozenset({int(typed)})


def _orders(actor: Actor, asked: Asked, now: datetime) -> Table:
    """The supervision orders of the tickets that the actor sees: a view, a department's or all."""
    view = asked.get("view", "all")
    if view not in ORDER_VIEWS:
        raise Invalid("筛选条件不对，请回到列表重新筛选。")
    departments = _one_id(asked.get("department"))
    narrowed = [] if departments is None else [Ticket.department_id.in_(departments)]
    issuer = select(User.name).where(User.id == Order.issued_by_id).scalar_subquery()
    query = (
        select(Order.id, Order, Ticket, issuer.label("issuer"))
        .join(Ticket, Ticket.id == Order.ticket_id)
        .where(visible(actor), *of_view(view, now), *narrowed)
        .options(joinedload(Ticket.enterprise), joinedload(Ticket.department))
        .options(joinedload(Ticket.assignee))
    )
    headings = [
        *(_("编号"), _("企业名称"), _("标题"), _("承办单位"), _("承办人"), _("督办要求")),
        *(_("发出人"), _("发出时间"), _("截止时间"), _("回复时间"), _("回复内容"), _("撤销时间")),
    ]
    chunk, count = by_key(
        query,
        Order.id,
        lambda rows: [_order(*row[1:]) for row in rows],
        lambda row: row[2].id,
    )
    return Table(_("督办单"), headings, chunk, count, {_("范围"): str(ORDER_VIEWS[view])})


def _order(order: Order, ticket: Ticket, issuer: str | None) -> Cells:
    return [
        *(ticket.number, firm_name(ticket), ticket.title),
        ticket.department.name if ticket.department else "",
        ticket.assignee.name if ticket.assignee else "",
        *(order.text, issuer or _("系统"), at(order.issued_at), at(order.due_at)),
        *(at(order.answered_at), order.answer or "", at(order.cancelled_at)),
    ]


def _problems(actor: Actor, asked: Asked, _now: datetime) -> Table:
    """The common problems that the actor sees."""
    state = asked.get("state")
    if state and state not in PROBLEM_STATES:
        raise Invalid("筛选条件不对，请回到列表重新筛选。")
    query = select(Problem.id, Problem).where(visible_problems(actor))
    query = query.options(joinedload(Problem.owner).joinedload(User.department))
    if state:
        query = query.where(Problem.state == state)
    headings = [
        *(_("共性问题"), _("问题描述"), _("状态"), _("承办单位"), _("负责人")),
        *(_("建立时间"), _("关闭时间")),
    ]
    chunk, count = by_key(query, Problem.id, lambda rows: [_problem(one) for _id, one in rows])
    return Table(_("共性问题"), headings, chunk, count)


def _problem(problem: Problem) -> Cells:
    unit = problem.owner.department
    return [
        *(problem.name, problem.description, str(PROBLEM_STATES[problem.state])),
        *(unit.name if unit else "", problem.owner.name),
        *(at(problem.created_at), at(problem.closed_at)),
    ]


SOURCES: dict[str, Source] = {
    "search": Source(LISTS, _search),
    "queue": Source(frozenset(STAFF_ROLES), _queue),
    "orders": Source(frozenset(OVERSIGHT_ROLES), _orders),
    "problems": Source(frozenset(STAFF_ROLES), _problems),
    "figure": Source(WATCH, figure_table),
    "figures": Source(frozenset(OVERSIGHT_ROLES), figures_table),
    OWN: Source(frozenset(ACCOUNT_ROLES), own_table),
}
