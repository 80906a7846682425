"""The rulebook's pages: the rules in force as sentences, versions, drafts, returns by rule."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.auth.roles import Role
from portal.db import transaction, utcnow
from portal.errors import NotAllowed, NotFound
from portal.language import said
from portal.paging import cursor_from
from portal.routing import queries, rates, rulebook
from portal.routing.changes import changes, sentences
from portal.routing.findings import examine
from portal.routing.forms import RemoveForm
from portal.routing.models import Rulebook
from portal.routing.rule_words import Words
from portal.tickets.pages import rows

VERSIONS = 20
blueprint = Blueprint("rules", __name__, url_prefix="/rules")


@blueprint.get("")
def index() -> str:
    """The rules in force, most specific first, with drafts and the history of versions."""
    words, rules = Words.read(), queries.active_rules()
    found = examine(rules, queries.world())
    return render_template(
        "routing/index.html",
        present=queries.in_force(),
        groups=words.groups(rules, rates.return_rates()),
        errors=words.errors(found),
        warnings=words.warnings(found),
        gaps=words.gaps(found),
        drafts=queries.drafts(),
        history=queries.enacted(VERSIONS),
        may_write=may_write(),
    )


@blueprint.get("/<int:rulebook_id>")
def version(rulebook_id: int) -> str:
    """One version: what it changes, what is wrong with it, its rules."""
    return version_page(queries.get(rulebook_id))


def version_page(book: Rulebook, **more: Any) -> str:
    """The page of a version; `more`: what happened to a draft meanwhile."""
    words, rules = Words.read(), queries.rules_of(book.id)
    found = examine(rules, queries.world())
    present = queries.in_force()
    made = changes(sentences(queries.rules_of(book.base_id)), sentences(rules))
    draft = book.state == "draft"
    return render_template(
        "routing/version.html",
        book=book,
        draft=draft,
        stale=draft and book.base_id != (present.id if present else None),
        present=present,
        changes=words.changes(made),
        groups=words.groups(rules),
        errors=words.errors(found) if draft else [],
        warnings=words.warnings(found) if draft else [],
        gaps=words.gaps(found) if draft else [],
        edits=words.edits(queries.edits_since(book.id, 0)),
        remove=RemoveForm(formdata=None, seen=str(book.revision)) if draft else None,
        may_write=may_write(),
        may_drop=draft and (current_user.role == Role.ADMIN or book.made_by_id == current_user.id),
        **more,
    )


@blueprint.post("/drafts")
def new_draft() -> Response:
    """A draft with the rules in force."""
    with transaction():
        draft_id = rulebook.new_draft(current_user.actor, utcnow()).id
    return done(_("草稿已建立，可以修改规则；启用之前不影响派单。"), draft_id)


@blueprint.post("/<int:rulebook_id>/drop")
def drop_draft(rulebook_id: int) -> Response:
    """Deletes a draft."""
    try:
        with transaction():
            rulebook.drop_draft(current_user.actor, rulebook_id)
    except NotAllowed as error:
        flash(said(error), "danger")
        return redirect(url_for("rules.version", rulebook_id=rulebook_id), 303)
    flash(_("草稿已删除。"), "success")
    return redirect(url_for("rules.index"), 303)


@blueprint.post("/<int:rulebook_id>/carry")
def carry_over(rulebook_id: int) -> Response:
    """Makes a draft's changes to the version in force now."""
    with transaction():
        refused = rulebook.carry_over(current_user.actor, rulebook_id, utcnow())
    for sentence in Words.read().changes(refused):
        flash(_("没有带过来，现行版本已另有规定：%(change)s", change=sentence), "danger")
    return done(_("草稿已改到现行版本上，请重新查看影响。"), rulebook_id)


@blueprint.get("/returns")
def returns() -> str:
    """The return rate of every rule, none of fewer than 20 tickets ranked."""
    words, listed = Words.read(), rates.return_rates()
    known = queries.by_number([one.number for one in listed])
    found = [
        {"rate": one, "rule": words.sentence(*known[one.number])}
        for one in listed
        if one.number in known
    ]
    return render_template("routing/returns.html", rows=found)


@blueprint.get("/returns/<int:number>")
def returned(number: int) -> str:
    """The tickets behind a rule's return rate: those that came back, or all that it routed."""
    only, known = request.args.get("all") is None, queries.by_number([number])
    if number not in known:
        raise NotFound("没有找到这条规则。")
    page = rates.routed(
        current_user.actor,
        number,
        cursor_from(request.args),
        lambda **place: url_for("rules.returned", number=number, all=None if only else 1, **place),
        returned=only,
    )
    return render_template(
        "routing/returned.html",
        number=number,
        only=only,
        rule=Words.read().sentence(*known[number]),
        page=page,
        rows=rows(page.items, utcnow()),
    )


def may_write() -> bool:
    """Whether the reader may make and edit drafts."""
    return current_user.role in (Role.ADMIN, Role.DISPATCHER)


def done(sentence: str, rulebook_id: int) -> Response:
    """To the page of a version, with what was done in a sentence."""
    flash(sentence, "success")
    return redirect(url_for("rules.version", rulebook_id=rulebook_id), 303)
