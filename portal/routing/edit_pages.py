"""The editor of a draft: add, change and remove a rule, look at the effect, put in force."""

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.auth.roles import Role
from portal.db import transaction, utcnow
from portal.errors import Invalid, Stale
from portal.fields import blame
from portal.routing import queries, rulebook
from portal.routing.changes import changes, sentences
from portal.routing.forms import EnactForm, RemoveForm, RuleForm
from portal.routing.models import Rulebook
from portal.routing.pages import blueprint, done, version_page
from portal.routing.preview import DAYS, MOST, Preview, preview
from portal.routing.replay import Replay
from portal.routing.rule_words import Words

Answer = Response | str | tuple[str, int]
BUSIEST = 30  # cadres in the table of a preview


@blueprint.route("/<int:rulebook_id>/add", methods=["GET", "POST"])
def add(rulebook_id: int) -> Answer:
    """One more rule of a draft."""
    return _edit(queries.get(rulebook_id), None, {})


@blueprint.route("/<int:rulebook_id>/rules/<int:rule_id>", methods=["GET", "POST"])
def change(rulebook_id: int, rule_id: int) -> Answer:
    """Another wording of a rule of a draft."""
    found = [one for one in queries.rules_of(rulebook_id) if one.id == rule_id]
    if not found:
        abort(404)
    [rule] = found
    names = ("category_id", "region_id", "chain_id", "urgency", "department_id")
    return _edit(
        queries.get(rulebook_id), rule.id, {name: getattr(rule, name) or "" for name in names}
    )


def _edit(book: Rulebook, rule_id: int | None, values: dict[str, Any]) -> Answer:
    form, changed = RuleForm(**values), []
    if book.state != "draft":
        return redirect(url_for("rules.version", rulebook_id=book.id), 303)
    if form.validate_on_submit():
        try:
            _save(form, book.id, rule_id)
            return done(_("已保存在草稿中。"), book.id)
        except Stale as error:
            changed = _since(book.id, error)
        except Invalid as error:
            blame(form, error)
    status = _status(form, book.id, changed)
    page = render_template(
        "routing/rule.html", form=form, book=book, rule_id=rule_id, changed=changed
    )
    return page, status


def _save(form: RuleForm, rulebook_id: int, rule_id: int | None) -> None:
    with transaction():
        rulebook.put_rule(
            current_user.actor,
            rulebook_id,
            form.revision,
            form.conditions,
            form.department_id.data,
            utcnow(),
            instead_of=rule_id,
        )


@blueprint.post("/<int:rulebook_id>/rules/<int:rule_id>/remove")
def remove(rulebook_id: int, rule_id: int) -> Answer:
    """Takes a rule out of a draft."""
    form = RemoveForm()
    try:
        with transaction():
            rulebook.remove_rule(current_user.actor, rulebook_id, form.revision, rule_id, utcnow())
    except Stale as error:
        changed = _since(rulebook_id, error)
        return version_page(queries.get(rulebook_id), changed=changed), 409
    return done(_("规则已从草稿中删除。"), rulebook_id)


@blueprint.route("/<int:rulebook_id>/enact", methods=["GET", "POST"])
def enact(rulebook_id: int) -> Answer:
    """What a draft would change, replayed without writing; then puts it in force."""
    book, changed = queries.get(rulebook_id), []
    if book.state != "draft":
        return redirect(url_for("rules.version", rulebook_id=book.id), 303)
    form = EnactForm(note=book.note)
    if form.validate_on_submit():
        try:
            with transaction():
                rulebook.enact(
                    *(current_user.actor, book.id, form.revision, utcnow(), form.note.data or "")
                )
            flash(_("新规则已生效，从下一件诉求起按它派单。"), "success")
            if number := _returned(book):
                return redirect(url_for("tickets.show", number=number), 303)
            return redirect(url_for("rules.index"), 303)
        except Stale as error:
            changed = _since(book.id, error)
        except Invalid as error:
            blame(form, error)
    status = _status(form, book.id, changed)
    return _effect(queries.get(book.id), form, changed), status


def _returned(book: Rulebook) -> str | None:
    """The ticket whose return the draft answers, for a dispatcher, who has to dispatch it anew."""
    return queries.returned_by(book) if current_user.role == Role.DISPATCHER else None


def _effect(book: Rulebook, form: EnactForm, changed: list[Any]) -> str:
    """The page that shows what a draft would change."""
    days = request.args.get("days", "")
    chosen = int(days) if days in {str(one) for one in DAYS} else 90
    words, found = Words.read(), rulebook.examined(book.id)
    made = changes(sentences(queries.rules_of(book.base_id)), sentences(queries.rules_of(book.id)))
    present = queries.in_force()
    seen = preview(book.id, chosen, utcnow())
    return render_template(
        "routing/enact.html",
        form=form,
        book=book,
        changed=changed,
        changes=words.changes(made),
        errors=words.errors(found),
        warnings=words.warnings(found),
        stale=book.base_id != (present.id if present else None),
        returned=_returned(book),
        may_enact=rulebook.may_enact(current_user.actor, book),
        preview=seen,
        days=chosen,
        most=MOST,
        spans=[(one, one == chosen) for one in DAYS],
        **_tables(seen, words),
    )


def _tables(seen: Preview, words: Words) -> dict[str, Any]:
    """The moves, and the load of units and cadres now and then; what changes most comes first."""
    before, after = seen.before, seen.after
    people = queries.people_names([*before.cadres, *after.cadres])
    return {
        "moves": [
            {"old": _desk(old, words), "new": _desk(new, words), "n": n}
            for (old, new), n in after.moves.most_common(BUSIEST)
        ],
        "units": _loads(before.departments, after.departments, words.names["department"]),
        "cadres": _loads(before.cadres, after.cadres, people)[:BUSIEST],
        "triage": (_triage(before), _triage(after)),
    }


def _triage(result: Replay) -> int:
    return result.unruled + result.tied


def _desk(unit: int | None, words: Words) -> str:
    return _("派单员") if unit is None else words.unit(unit)


def _loads(
    before: dict[int, int], after: dict[int, int], names: dict[int, str]
) -> list[dict[str, Any]]:
    rows = [
        {"name": names.get(one, ""), "old": before.get(one, 0), "new": after.get(one, 0)}
        for one in {**before, **after}
    ]
    return sorted(rows, key=lambda row: (-abs(row["new"] - row["old"]), -row["new"], row["name"]))


def _status(form: RuleForm | EnactForm, rulebook_id: int, changed: list[dict[str, Any]]) -> int:
    """The status to answer with; the form carries what its reader has now seen of the draft."""
    if changed or not form.seen.data:
        form.seen.data = str(queries.get(rulebook_id).revision)
    return 409 if changed else 422 if form.errors else 200


def _since(rulebook_id: int, error: Stale) -> list[dict[str, Any]]:
    """What others did to the draft since the page was opened."""
    return Words.read().edits(queries.edits_since(rulebook_id, max(error.seen, 0)))
