"""Accounts: list, create, change, stop, a one-time password, and a cadre's leave."""

from typing import Any

from flask import redirect, request, url_for
from flask_babel import gettext as _

from portal.auth import guard, links, password_service, role_requests, sessions
from portal.auth import service as accounts
from portal.auth.models import User
from portal.auth.roles import Role
from portal.auth.session_words import lines
from portal.auth.signed import limits
from portal.db import transaction, utcnow
from portal.directory import cadre_queries, cadre_service, change_words, queries, service
from portal.directory.admin_access import link_page
from portal.directory.admin_blueprint import (
    Answer,
    blueprint,
    confirm,
    done,
    editor,
    find_firm,
    listed_accounts,
    my_id,
    page,
    refused,
    today,
)
from portal.directory.forms import (
    AbilitiesForm,
    ApplicantForm,
    LeaveForm,
    NewApplicantForm,
    NewUserForm,
    ResetForm,
    UserForm,
)
from portal.errors import Invalid
from portal.fields import blame, clean
from portal.queue import SWEEP, nudge


@blueprint.get("/users")
def users() -> Answer:
    """All accounts, searched and narrowed to a role."""
    return listed_accounts("admin/users.html", "admin.users")


@blueprint.route("/users/new", methods=["GET", "POST"])
def new_user() -> Answer:
    """A new member of staff."""
    form = NewUserForm()
    if form.validate_on_submit():
        details = {"department_id": form.department_id.data}
        return _create(form, Role(form.role.data), details) or page("admin/user_new.html", form)
    return page("admin/user_new.html", form)


@blueprint.route("/users/new-applicant", methods=["GET", "POST"])
def new_applicant() -> Answer:
    """One more applicant of a firm."""
    form = NewApplicantForm(firm=clean(request.args.get("firm"))[:50])
    if form.validate_on_submit():
        try:
            firm = find_firm(form.firm.data or "")
        except Invalid as error:
            blame(form, error)
        else:
            answer = _create(form, Role.APPLICANT, {"enterprise_id": firm.id})
            return answer or page("admin/applicant_new.html", form)
    return page("admin/applicant_new.html", form)


def _create(
    form: NewUserForm | NewApplicantForm, role: Role, details: dict[str, int | None]
) -> Answer | None:
    """Creates the account; None, and the form says why, when it was refused."""
    try:
        with transaction():
            created = accounts.create_for_somebody(
                editor(),
                form.username.data or "",
                form.name.data or "",
                role,
                form.password.data or None,
                phone=form.phone.data or None,
                **details,
            )
            user_id = created.id
    except Invalid as error:
        blame(form, error)
        return None
    if not form.password.data:
        return link_page(user_id)
    words = _("账号已创建，首次登录时须修改密码。")
    if role is not Role.APPLICANT:
        words += _("角色由安全管理员批准后生效。")
    return done(words, "admin.user", user_id=user_id)


@blueprint.route("/users/<int:user_id>", methods=["GET", "POST"])
def user(user_id: int) -> Answer:
    """One account: change it, and see what else can be done to it."""
    person = accounts.get_user(user_id)
    staff = person.role != Role.APPLICANT
    form = UserForm(obj=person) if staff else ApplicantForm(obj=person)
    if form.validate_on_submit():
        unit = form.department_id.data if isinstance(form, UserForm) else None
        name, phone = form.name.data or "", form.phone.data or None
        try:
            with transaction():
                accounts.update_user(editor(), user_id, name, phone, unit)
            return done(_("账号已保存。"), "admin.user", user_id=user_id)
        except Invalid as error:
            blame(form, error)
    return page("admin/user.html", form, **_about(person))


def _about(person: User) -> dict[str, Any]:
    """What the page of an account shows beside its form."""
    cadre = person.role == Role.CADRE
    return {
        "person": person,
        "sessions": lines(sessions.for_user(person, utcnow(), limits())),
        "link": links.living(person.id, utcnow()),
        "lock": guard.lock_of(person.id, utcnow()),
        "is_me": person.id == my_id(),
        "asked": role_requests.open_of(person.id),
        "leaves": queries.leaves(person.id) if cadre else None,
        "open_count": queries.open_count(person.id) if cadre else 0,
        "load": cadre_queries.loads_of([person.id]).get(person.id, 0),
        "skills": cadre_service.skills_of(person.id) if cadre else {},
        "paired": cadre_queries.paired_count(person.id, today()) if cadre else 0,
        "chains": cadre_queries.chief_of(person.id),
        "history": change_words.said(queries.changes_of("user", person.id)),
        "today": today(),
    }


@blueprint.route("/users/<int:user_id>/abilities", methods=["GET", "POST"])
def abilities(user_id: int) -> Answer:
    """What a cadre knows, and how many tickets they hold at once."""
    person = accounts.get_user(user_id)
    known = cadre_service.skills_of(user_id)
    form = AbilitiesForm(known, skills=list(known), capacity=person.capacity)
    if form.validate_on_submit():
        skills, capacity = form.skills.data or [], form.capacity.data
        try:
            with transaction():
                cadre_service.set_abilities(editor(), user_id, skills, capacity)
            return done(_("专长和容量已保存，从下一次派单起生效。"), "admin.user", user_id=user_id)
        except Invalid as error:
            blame(form, error)
    return page("admin/abilities.html", form, person=person)


@blueprint.route("/users/<int:user_id>/deactivate", methods=["GET", "POST"])
def deactivate_user(user_id: int) -> Answer:
    """Stops an account; its sessions end at once."""
    person = accounts.get_user(user_id)
    if request.method == "GET":
        consequence = _("停用后，此人立即退出登录，不能再登录；经办记录全部保留。")
        if count := queries.open_count(user_id):
            consequence += _("此人名下还有 %(n)d 件未办结诉求，请派单员改派。", n=count)
        if chains := cadre_queries.chief_of(user_id):
            names = _("、").join(chains)
            consequence += _("此人是产业链（%(names)s）的链长，停用后链长空缺。", names=names)
        title = _("停用账号“%(name)s”？", name=person.name)
        back = url_for("admin.user", user_id=user_id)
        return confirm(title, consequence, _("停用账号"), back)
    try:
        with transaction():
            accounts.set_active(editor(), user_id, active=False)
    except Invalid as error:
        return refused(error, "admin.user", user_id=user_id)
    return done(_("账号已停用。"), "admin.user", user_id=user_id)


@blueprint.post("/users/<int:user_id>/activate")
def activate_user(user_id: int) -> Answer:
    """Lets a stopped account sign in again."""
    with transaction():
        accounts.set_active(editor(), user_id, active=True)
    return done(_("账号已启用。"), "admin.user", user_id=user_id)


@blueprint.route("/users/<int:user_id>/password", methods=["GET", "POST"])
def reset_password(user_id: int) -> Answer:
    """A one-time password; the person's sessions end."""
    person = accounts.get_user(user_id)
    if person.id == my_id():
        return redirect(url_for("auth.change_password"), 303)
    form = ResetForm()
    if form.validate_on_submit():
        try:
            with transaction():
                password_service.reset_password(editor(), user_id, form.password.data or "")
            return done(_("密码已重设，请告知本人。"), "admin.user", user_id=user_id)
        except Invalid as error:
            blame(form, error)
    return page("admin/reset_password.html", form, person=person)


@blueprint.route("/users/<int:user_id>/leave", methods=["GET", "POST"])
def add_leave(user_id: int) -> Answer:
    """Notes a cadre's leave and who stands in."""
    person = accounts.get_user(user_id)
    form = LeaveForm(user_id)
    if form.validate_on_submit():
        starts_on, ends_on = form.starts_on.data or today(), form.ends_on.data or today()
        try:
            with transaction():
                service.add_leave(
                    *(editor(), user_id, form.deputy_id.data, starts_on, ends_on),
                    give_back=form.give_back.data,
                )
            nudge(SWEEP)
            return done(_("请假已登记，这几天不派新诉求给此人。"), "admin.user", user_id=user_id)
        except Invalid as error:
            blame(form, error)
    return page("admin/leave.html", form, person=person)


@blueprint.post("/users/<int:user_id>/leave/<int:leave_id>/remove")
def remove_leave(user_id: int, leave_id: int) -> Answer:
    """Takes leave back."""
    with transaction():
        service.remove_leave(editor(), user_id, leave_id, today())
    nudge(SWEEP)
    return done(_("请假已撤销。"), "admin.user", user_id=user_id)
