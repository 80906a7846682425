"""三员分立: each administrator has their own work, none another's, and none reads a ticket."""

import pytest
from flask import Flask
from sqlalchemy import select, update

from portal.auth import factors, granting, links, password_service, role_requests, service
from portal.auth.gate import PUBLIC, roles_for
from portal.auth.models import User
from portal.auth.roles import ADMINISTRATORS, STAFF_ROLES, Role
from portal.db import transaction, utcnow
from portal.directory.changes import Editor
from portal.directory.models import DirectoryChange
from portal.errors import Invalid, NotAllowed
from portal.extensions import db
from portal.outbox.models import Message
from portal.tickets.models import Ticket
from portal.tickets.queries import visible
from tests.factories import PASSWORD, Town
from tests.pages import Visitor
from tests.service.stages import signed
from tests.web.objects import WHO
from tests.web.test_gate import routes

MARK = "不可外传之事"
NOT_THEIRS = {
    Role.ADMIN: ("/security/requests", "/security/people/{cadre}/role", "/exports/log"),
    Role.SECURITY_ADMIN: ("/admin/users/new", "/admin/users/{cadre}", "/exports/log", "/rules"),
    Role.AUDITOR: ("/admin/users", "/security/people", "/security/settings", "/rules"),
}
TICKETS = ("/search", "/tickets/{number}", "/tickets/{number}/receipt", "/petitions", "/problems")


def by(town: Town, who: str) -> Editor:
    return Editor(town.people[who].id, utcnow())


def person(town: Town, who: str) -> User:
    db.session.expire_all()
    return db.session.get_one(User, town.people[who].id)


def new_account(visit: Visitor, town: Town, role: str = "cadre") -> User:
    """An account as the system administrator makes it."""
    values = {
        "name": "钱进",
        "role": role,
        "department_id": str(town.departments["labour"]),
        "phone": "",
        "username": "qianjin",
        "password": "given-Secret-17",
    }
    assert visit.get("admin", "/admin/users/new").submit(**values).status in (200, 303)
    user = db.session.scalar(select(User).where(User.username == "qianjin"))
    assert user is not None
    return user


# An account waits for its role


def test_a_new_account_has_no_role_until_it_is_granted(visit: Visitor, town: Town) -> None:
    user = new_account(visit, town)
    assert (user.role, user.department_id) == ("none", None)
    with transaction():
        user.must_change_password = False
    visit.get(None, "/sign-in").submit("/sign-in", username="qianjin", password="given-Secret-17")
    assert "等待授权" in visit.get(None, "/").words
    for address in ("/desk", "/inbox", "/search", "/account", "/account/factor", "/admin/users"):
        assert visit.get(None, address).location == "/", address
    page = visit.get("security", "/security/requests")
    assert "钱进" in page.words and "助企干部" in page.words
    [row] = role_requests.all_open()
    assert page.submit(f"/security/requests/{row.id}/grant").status == 303
    db.session.expire_all()
    assert (user.role, user.department_id) == ("cadre", town.departments["labour"])
    assert visit.get(None, "/desk").location.startswith("/sign-in")  # signs in anew
    told = [one for one in db.session.scalars(select(Message.payload)) if "users" in one]
    assert [(one["kind"], one["users"]) for one in told] == [("role_granted", [user.id])]
    changes = db.session.scalars(select(DirectoryChange.new).order_by(DirectoryChange.id)).all()
    assert [one.get("role") or one.get("asked_role") for one in changes] == [
        *("none", "cadre", "cadre"),
    ]
    assert page.submit(f"/security/requests/{row.id}/grant").status == 303
    assert "已经处理过" in visit.get("security", "/security/requests").words


def test_a_refused_request_leaves_the_account_as_it_was(visit: Visitor, town: Town) -> None:
    user = new_account(visit, town)
    [row] = role_requests.all_open()
    page = visit.get("security", "/security/requests")
    assert page.submit(f"/security/requests/{row.id}/refuse").status == 303
    db.session.expire_all()
    assert (user.role, role_requests.open_of(user.id)) == ("none", None)


def test_a_changed_role_is_asked_and_granted(visit: Visitor, town: Town) -> None:
    assert visit.get("cadre", "/inbox").status == 200
    address = f"/admin/users/{town.cadre.id}/role"
    same = visit.get("admin", address).submit()
    assert (same.status, "已经是这个角色" in same.words) == (422, True)
    asked = visit.get("admin", address).submit(role="dispatcher", department_id="")
    assert asked.status == 303
    assert person(town, "cadre").role == "cadre"
    assert "已申请改为“派单员”" in visit.get("admin", f"/admin/users/{town.cadre.id}").words
    with transaction():
        [row] = role_requests.all_open()
        granting.grant(by(town, "security"), row.id)
    assert (person(town, "cadre").role, person(town, "cadre").department_id) == ("dispatcher", None)
    assert visit.get("cadre", "/inbox").location.startswith("/sign-in")


def test_a_role_is_given_without_a_request(visit: Visitor, town: Town) -> None:
    address = f"/security/people/{town.cadre.id}/role"
    no_unit = visit.get("security", address).submit(role="reviewer", department_id="")
    assert no_unit.status == 422
    assert visit.get("security", address).submit(role="leader", department_id="").status == 303
    assert person(town, "cadre").role == "leader"
    assert "领导" in visit.get("security", f"/security/people/{town.cadre.id}").words


def test_a_password_of_before_opens_no_administrators_account(
    app: Flask, visit: Visitor, town: Town
) -> None:
    """Whoever made the account may know it; the operator's command gives another."""
    with transaction():
        granting.give(by(town, "security"), town.cadre.id or 0, Role.AUDITOR, None)
    form = visit.get(None, "/sign-in")
    assert form.submit("/sign-in", username="cadre", password=PASSWORD).status == 422
    told = app.test_cli_runner().invoke(args=["user", "password", "cadre"]).stdout.strip()
    assert form.submit("/sign-in", username="cadre", password=told).status == 303


# What each may not


@pytest.mark.parametrize("who", ["admin", "auditor", "leader", "cadre"])
def test_nobody_else_grants_roles_or_resets_factors(town: Town, who: str) -> None:
    cadre = town.cadre.id or 0
    with transaction():
        row = granting.ask(by(town, "admin"), cadre, Role.DISPATCHER, None)
        db.session.flush()
        request_id = row.id
    for act in (
        lambda: granting.grant(by(town, who), request_id),
        lambda: granting.refuse(by(town, who), request_id),
        lambda: granting.give(by(town, who), cadre, Role.LEADER, None),
        lambda: factors.reset(by(town, who), cadre),
        lambda: factors.unlock(by(town, who), cadre),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert person(town, "cadre").role == "cadre"


@pytest.mark.parametrize("who", ["security", "auditor", "leader", "cadre"])
def test_nobody_else_makes_changes_or_stops_accounts(town: Town, who: str) -> None:
    cadre, editor = town.labour.id or 0, by(town, who)
    for act in (
        lambda: service.create_for_somebody(
            editor, "someone", "某人", Role.ADMIN, "given-Secret-17"
        ),
        lambda: service.update_user(editor, cadre, "某人", None, None),
        lambda: service.set_active(editor, cadre, active=False),
        lambda: granting.ask(editor, cadre, Role.LEADER, None),
    ):
        with pytest.raises(NotAllowed):
            act()
        db.session.rollback()


def test_nobody_grants_to_themself(town: Town) -> None:
    with pytest.raises(NotAllowed):
        granting.give(by(town, "security"), town.security.id or 0, Role.ADMIN, None)
    with transaction():
        granting.ask(by(town, "admin"), town.cadre.id or 0, Role.SECURITY_ADMIN, None)
        [row] = role_requests.all_open()
        row.asked_by_id = town.security.id  # who asked has become what grants
    with pytest.raises(NotAllowed):
        granting.grant(by(town, "security"), row.id)


def test_an_account_holds_one_of_the_three_at_most(town: Town) -> None:
    """The role is one column; a second grant replaces the first, which has to leave another."""
    with pytest.raises(Invalid):
        granting.give(by(town, "security"), town.auditor.id or 0, Role.ADMIN, None)
    db.session.rollback()
    with transaction():
        granting.give(by(town, "security"), town.cadre2.id or 0, Role.AUDITOR, None)
        granting.give(by(town, "security"), town.auditor.id or 0, Role.DISPATCHER, None)
    assert person(town, "auditor").role == "dispatcher"
    with pytest.raises(Invalid):
        granting.give(by(town, "security"), town.firm.id or 0, Role.ADMIN, None)


@pytest.mark.parametrize("who", ["security", "auditor"])
def test_the_last_of_each_kind_stays(town: Town, who: str) -> None:
    with pytest.raises(Invalid):
        service.set_active(by(town, "admin"), town.people[who].id or 0, active=False)
    db.session.rollback()
    with transaction():
        other = granting.give(
            by(town, "security"), town.cadre2.id or 0, Role(town.people[who].role), None
        )
        assert other.role == town.people[who].role
        service.set_active(by(town, "admin"), town.people[who].id or 0, active=False)
    assert not person(town, who).active


def test_an_administrators_password_is_not_given_by_a_page(app: Flask, visit: Visitor) -> None:
    town = visit.town
    for who in ("admin", "security", "auditor"):
        with pytest.raises(NotAllowed):
            password_service.reset_password(
                by(town, "admin"), town.people[who].id or 0, "given-Secret-17"
            )
        with pytest.raises((NotAllowed, Invalid)):
            links.issue(by(town, "admin"), town.people[who].id or 0)
    page = visit.get("admin", f"/admin/users/{town.security.id}/password")
    assert page.submit(password="given-Secret-17").status == 403
    told = app.test_cli_runner().invoke(args=["user", "password", "security"]).stdout.strip()
    signed_in = visit.get(None, "/sign-in").submit(username="security", password=told)
    assert signed_in.status == 303
    assert visit.get(None, "/security/requests").location == "/password"


def test_the_first_three_come_from_the_command_line(app: Flask, town: Town) -> None:
    run = app.test_cli_runner().invoke
    names = ["--admin", "first1", "--security", "first2", "--auditor", "first3"]
    assert "there is already" in run(args=["user", "administrators", *names]).output
    with transaction() as session:
        session.execute(update(User).where(User.role.in_(ADMINISTRATORS)).values(active=False))
    made = run(args=["user", "administrators", *names])
    assert made.exit_code == 0, made.output
    roles = select(User.role).where(User.username.like("first_")).order_by(User.id)
    assert db.session.scalars(roles).all() == ["admin", "security_admin", "auditor"]


# No administrator reads a ticket


def test_the_three_reach_nothing_of_each_other_nor_of_tickets(visit: Visitor, town: Town) -> None:
    number = signed(town).ticket.number
    for role, addresses in NOT_THEIRS.items():
        for address in (*addresses, *TICKETS):
            where = address.format(cadre=town.cadre.id, number=number)
            status = visit.get(WHO[role], where).status
            assert status in (403, 404), (role, where, status)
    for role in ADMINISTRATORS:
        shown = visible(town.people[WHO[role]])
        assert db.session.scalars(select(Ticket.id).where(shown)).all() == [], role


@pytest.mark.parametrize("role", ADMINISTRATORS)
def test_no_page_of_an_administrator_shows_the_text_of_a_ticket(
    app: Flask, visit: Visitor, role: Role, town: Town
) -> None:
    play = signed(town)
    with transaction():
        ticket = db.session.get_one(Ticket, play.ticket_id)
        ticket.title = ticket.description = MARK
    seen = 0
    for endpoint, address, method in routes(app):
        if (
            method != "GET"
            or endpoint in {"auth.sign_out", "account.end"}
            or role not in roles_for(endpoint)
        ):
            continue
        page = visit.get(WHO[role], address)
        assert MARK not in page.text, endpoint
        seen += page.status == 200
    assert seen > 5


def test_endpoints_of_the_three_are_apart(app: Flask) -> None:
    """No endpoint but those of everybody is open to two of the three, nor to one and to staff."""
    shared = []
    for endpoint in app.view_functions:
        roles = roles_for(endpoint)
        if endpoint in PUBLIC or Role.APPLICANT in roles:
            continue
        if len(roles & set(ADMINISTRATORS)) > 1:
            shared.append(endpoint)
        if roles & {Role.SECURITY_ADMIN} and roles & set(STAFF_ROLES):
            shared.append(endpoint)
    assert shared == []


def test_the_settings_are_shown_without_secrets(app: Flask, visit: Visitor) -> None:
    page = visit.get("security", "/security/settings")
    assert "SECOND_FACTOR_STAFF" in page.words and "李明" in page.words
    assert app.config["SECRET_KEY"] not in page.text


def test_a_persons_sessions_are_ended(visit: Visitor, town: Town) -> None:
    assert visit.get("cadre", "/inbox").status == 200
    page = visit.get("security", f"/security/people/{town.cadre.id}")
    assert page.submit("/sessions/end").status == 303
    assert visit.get("cadre", "/inbox").location.startswith("/sign-in")
