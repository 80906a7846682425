"""One way through for every action: load, form, one service call in one transaction, redirect."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.audit import access, noting
from portal.auth.gate import open_door
from portal.auth.roles import Actor
from portal.db import transaction, utcnow
from portal.errors import Conflict, Invalid, NotFound, Repeated
from portal.extensions import db
from portal.fields import blame
from portal.language import said
from portal.queue import nudge
from portal.tickets import files, policy, queries
from portal.tickets.clamav import address_of
from portal.tickets.forms import ActForm, BareForm
from portal.tickets.lifecycle import Action, Status
from portal.tickets.models import Ticket
from portal.tickets.pages import is_firm, timeline
from portal.tickets.service.attach import attach, attached
from portal.tickets.service.move import Ask
from portal.wording import ACTIONS

Verb = Callable[[Ask, Any], Ticket]
# What a person reads before answering it: the last of these events is shown above the form.
_ANSWERED: dict[Action, frozenset[Action]] = {
    Action.SUPPLY_INFO: frozenset({Action.ASK_INFO}),
    Action.APPROVE: frozenset({Action.RESOLVE}),
    Action.SEND_BACK: frozenset({Action.RESOLVE}),
    Action.CONFIRM: frozenset({Action.RESOLVE, Action.APPROVE}),
    Action.DISPUTE: frozenset({Action.RESOLVE, Action.APPROVE}),
    Action.CALL_BACK: frozenset({Action.RESOLVE, Action.APPROVE}),
    Action.VOUCH: frozenset({Action.SUBMIT}),
    Action.RETURN: frozenset({Action.ASK_RETURN}),
    Action.REFUSE_RETURN: frozenset({Action.ASK_RETURN}),
    Action.ANSWER_ORDER: frozenset({Action.SUPERVISE}),
}
# Afterwards the reader is at what was just said, the newest of the timeline.
_SAID = frozenset({Action.COMMENT, Action.REPLY, Action.NOTE})
Answer = str | tuple[str, int] | Response


@dataclass(frozen=True)
class Door:
    """One action as a page: its form, the service verb behind it, and the words around it.

    `consequence` says what will happen; `danger` marks what cannot be taken back; `prepare` fills
    the choices of a form from the ticket. `onward` gives the address to go on to instead of the
    ticket, None for the ticket. `renamed` gives another word for the button, None for the usual.
    """

    action: Action
    verb: Verb
    done: str
    form: type[ActForm] = BareForm
    consequence: str = ""
    danger: bool = False
    prepare: Callable[[Any, Ticket, Actor], None] | None = None
    onward: Callable[[Any, Ticket], str | None] | None = None
    renamed: Callable[[Ticket], str | None] | None = None

    def label(self, ticket: Ticket) -> str:
        """The word on the button."""
        return (self.renamed(ticket) if self.renamed else None) or ACTIONS[self.action]


# Filled by `register`: where each action's page is.
ENDPOINTS: dict[Action, str] = {}
DOORS: dict[Action, Door] = {}


def register(blueprint: Blueprint, *doors: Door) -> None:
    """Gives each door the address /tickets/<number>/<action> in its blueprint."""
    for door in doors:
        blueprint.add_url_rule(
            f"/tickets/<number>/{door.action}",
            endpoint=str(door.action),
            view_func=_view(door),
            methods=["GET", "POST"],
        )
        ENDPOINTS[door.action] = f"{blueprint.name}.{door.action}"
        open_door(ENDPOINTS[door.action], door.action)
        DOORS[door.action] = door


def _view(door: Door) -> Callable[[str], Answer]:
    def view(number: str) -> Answer:
        return perform(door, number)

    return view


def perform(door: Door, number: str) -> Answer:
    """Shows the action's form, or does the action once and returns to the ticket."""
    actor = current_user.actor
    ticket = queries.get_visible(actor, number)
    form = door.form()
    if door.prepare is not None:
        door.prepare(form, ticket, actor)
    if request.method == "GET":
        access.note(ticket.id, "view")
        return _ask(door, ticket, form, actor)
    if not form.validate_on_submit():
        return _page(door, ticket, form), 422
    try:
        _act(door, ticket, form, actor)
    except Repeated:
        pass  # the first sending has done it: the second click sees the same page
    except Invalid as error:
        db.session.refresh(ticket)
        if error.field == "files":
            noting.note("upload")
        blame(form, error)
        return _page(door, ticket, form), 422
    except Conflict as error:
        return _conflict(door, number, form, error, actor)
    else:
        flash(str(door.done), "success")
        nudge()
        if door.onward is not None and (address := door.onward(form, ticket)) is not None:
            return redirect(address, 303)
    return redirect(_after(actor, number, "latest" if door.action in _SAID else None), 303)


def _ask(door: Door, ticket: Ticket, form: ActForm, actor: Actor) -> Answer:
    try:
        policy.ensure(door.action, actor, ticket.facts, utcnow())
    except Conflict as error:
        return _conflict(door, ticket.number, form, error, actor)
    form.prepare(ticket.version)
    return _page(door, ticket, form)


def _act(door: Door, ticket: Ticket, form: ActForm, actor: Actor) -> None:
    """Files first, then everything else in one transaction; no transaction, no files."""
    now, ticket_id = utcnow(), ticket.id
    folder, most = Path(current_app.config["UPLOAD_DIR"]), current_app.config["MAX_FILES"]
    uploads = files.present(form["files"].data if "files" in form else None)
    stored = files.store(
        uploads,
        folder,
        max_files=most,
        max_bytes=current_app.config["MAX_FILE_BYTES"],
        already=attached(ticket_id) if uploads else 0,
        quarantine=address_of(current_app.config) is not None,
    )
    db.session.rollback()  # what was read for the page must not be what the verb decides on
    ask = Ask(actor, ticket_id, now, seen=form.seen, key=form.key.data or None)
    try:
        with transaction():
            changed = door.verb(ask, form)
            # What a resolution says is for the firm only once it is approved.
            draft = door.action is Action.RESOLVE and changed.status == Status.IN_REVIEW
            if stored and attached(ticket_id) + len(stored) > most:
                raise Invalid(files.TOO_MANY, "files", n=most)
            attach(changed, stored, actor, now, public=not draft)
    except BaseException:
        files.discard(stored, folder)
        raise


def _page(door: Door, ticket: Ticket, form: ActForm) -> str:
    answered = _answered(door.action, ticket)
    return render_template(
        "tickets/action.html", door=door, ticket=ticket, form=form, answered=answered
    )


def _answered(action: Action, ticket: Ticket) -> list[dict[str, Any]]:
    """The event that this action answers, as the timeline tells it; empty where there is none."""
    if action not in _ANSWERED:
        return []
    actor = current_user.actor
    public_only = is_firm(actor)
    events = queries.events(ticket, public_only=public_only)
    last = [event for event in events if event.action in _ANSWERED[action]][-1:]
    return timeline(ticket, last, queries.attachments(ticket, public_only=public_only), actor)


def _conflict(
    door: Door, number: str, form: ActForm, error: Conflict, actor: Actor
) -> tuple[str, int]:
    """The 409 page: what changed since the form was opened, and what the person typed."""
    db.session.rollback()
    ticket = queries.get_visible(actor, number)
    public_only = is_firm(actor)
    seen = form.seen if form.seen is not None else ticket.version
    changes = queries.events_since(ticket, seen, public_only=public_only)
    return (
        render_template(
            "errors/409.html",
            ticket=ticket,
            action=ACTIONS[door.action],
            opened=request.method == "GET",
            message=said(error),
            changes=timeline(ticket, changes, [], actor),
            kept=form.kept,
            back_url=url_for("tickets.show", number=number),
        ),
        409,
    )


def _after(actor: Actor, number: str, anchor: str | None) -> str:
    """The ticket's page, or the person's first page when the ticket is no longer theirs to see."""
    try:
        queries.get_visible(actor, number)
    except NotFound:
        return url_for("home.index")
    return url_for("tickets.show", number=number, _anchor=anchor)
