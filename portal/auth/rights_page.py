"""Writes docs/rights.md out of the tables that decide: the gate, policy and lifecycle."""

import inspect
from collections.abc import Iterable

from flask import Flask
from werkzeug.routing import Rule

from portal.auth.gate import PUBLIC, roles_for
from portal.auth.roles import ACCOUNT_ROLES, Role
from portal.tickets.doors import ENDPOINTS
from portal.tickets.lifecycle import OPEN, Action, Status, targets
from portal.tickets.policy import ROLE_ACTIONS
from portal.wording import action_name, role_name, status_name

HEAD = """# Who may do what 权限矩阵

Made by `flask rights show --write docs/rights.md` from `portal/auth/gate.py` (pages),
`portal/tickets/policy.py` (actions) and `portal/tickets/lifecycle.py` (statuses); a test compares.
`tests/web/test_rights.py` sends every route as every role with an own and another's object: a page
that is not for the role is 403, an object that is not the reader's is 404, and a route or an
argument that nobody has named fails the test.

● the role reaches it. A page that is not listed for a role is closed to it.
"""
# Which tickets a role sees, and so may act on; portal/tickets/queries.py says it in SQL.
SEES: dict[Role, tuple[str, str]] = {
    Role.APPLICANT: ("those of the own firm", "本企业的诉求"),
    Role.CADRE: (
        "those assigned to them; what is offered to them while somebody is away, to read",
        "本人承办的诉求；代理期间待接手的可以查看",
    ),
    Role.REVIEWER: ("those of the own unit", "本单位的诉求"),
    Role.DISPATCHER: ("all", "全部"),
    Role.SUPERVISOR: ("all", "全部"),
    Role.LEADER: ("all", "全部"),
    Role.ADMIN: ("none", "不看诉求"),
    Role.SECURITY_ADMIN: ("none", "不看诉求"),
    Role.AUDITOR: ("none", "不看诉求"),
}
SEALED = """A sealed ticket 密件 is not there for the unit it complains about, those above and below
it; of every other reader of staff it hides name and contact until they state a reason (`reveal`):
`docs/decisions/sealed.md`.
"""


def page(app: Flask) -> str:
    """The page as Markdown."""
    return "\n".join([HEAD, *_roles(), *_actions(), *_pages(app)]) + "\n"


def _roles() -> list[str]:
    rows = [
        f"| {role} | {role_name(role)} | {SEES[role][0]} | {SEES[role][1]} |"
        for role in ACCOUNT_ROLES
    ]
    head = ["| role | 角色 | sees which tickets | 看得到的诉求 |", "|---|---|---|---|"]
    return ["## Roles 角色\n", *head, *rows, "", SEALED]


def _actions() -> list[str]:
    """Each action on a ticket: who may take it, of the tickets they see, and in which statuses."""
    rows = [
        f"| {action} | {action_name(action)} | {_marks(_may(action))} | {_where(action)} |"
        for action in Action
        if _may(action)
    ]
    alone = [f"`{action}` {action_name(action)}" for action in Action if not _may(action)]
    return [
        "## Actions on a ticket 对诉求的操作\n",
        "Further conditions of the state (a petition that waits, a second extension, the author of"
        " a resolution) stand in `policy.refusal`; each refuses in a sentence.\n",
        *_table("action | 操作", "possible while 可操作的状态", rows),
        f"By the system alone 仅由系统: {'、'.join(alone)}.\n",
    ]


def _may(action: Action) -> frozenset[Role]:
    return frozenset(role for role in ACCOUNT_ROLES if action in ROLE_ACTIONS[role])


def _where(action: Action) -> str:
    if action is Action.SUBMIT:
        return "–"
    found = [status for status in Status if targets(status, action)]
    if len(found) == len(Status):
        return "any 任何状态"
    if set(found) == OPEN:
        return "open 未办结"
    return ", ".join(f"{status} {status_name(status)}" for status in found)


def _pages(app: Flask) -> list[str]:
    """Each address and who reaches it; those of actions stand above already."""
    doors = set(ENDPOINTS.values())
    rules = sorted(
        (rule for rule in app.url_map.iter_rules() if rule.endpoint not in doors),
        key=lambda rule: (rule.endpoint, rule.rule),
    )
    parts = [
        "## Pages and files 页面与文件\n",
        "An action of the table above has the address `/tickets/<number>/<action>`.\n",
    ]
    for group in dict.fromkeys(rule.endpoint.split(".")[0] for rule in rules):
        own = [rule for rule in rules if rule.endpoint.split(".")[0] == group]
        rows = [_page(app, rule) for rule in own]
        parts += [f"### {group}\n", *_table("address | methods", "what it is", rows)]
    return parts


def _page(app: Flask, rule: Rule) -> str:
    methods = ", ".join(sorted((rule.methods or set()) & {"GET", "POST"}))
    public = rule.endpoint in PUBLIC
    marks = _marks(frozenset(ACCOUNT_ROLES) if public else roles_for(rule.endpoint))
    said = inspect.getdoc(app.view_functions[rule.endpoint]) or ""
    what = said.split("\n")[0] if rule.endpoint != "static" else "Stylesheet, scripts, pictures."
    everybody = "Without sign-in 免登录. " if public else ""
    address = rule.rule.replace("|", "\\|")
    return f"| `{address}` | {methods} | {marks} | {everybody}{what} |"


def _marks(roles: frozenset[Role]) -> str:
    return " | ".join("●" if role in roles else "" for role in ACCOUNT_ROLES)


def _table(first: str, last: str, rows: Iterable[str]) -> list[str]:
    roles = " | ".join(f"{role}<br>{role_name(role)}" for role in ACCOUNT_ROLES)
    columns = len(ACCOUNT_ROLES) + 3
    return [f"| {first} | {roles} | {last} |", "|---" * columns + "|", *rows, ""]
