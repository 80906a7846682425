"""Filing a ticket: choose the category, write, check the answers, submit; a draft on every step."""

from pathlib import Path
from typing import Any

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.audit import noting
from portal.db import transaction, utcnow
from portal.directory.models import Category
from portal.errors import Invalid, NotFound
from portal.extensions import db, limiter
from portal.fields import offer
from portal.language import said
from portal.problems.showing import own_views
from portal.queue import nudge
from portal.tickets import choices, files, sealing_words, suggested
from portal.tickets.clamav import address_of
from portal.tickets.contact import blueprint
from portal.tickets.file_models import Draft
from portal.tickets.forms import ACCEPT, SubmitForm, wording_fields
from portal.tickets.lifecycle import Urgency
from portal.tickets.service import drafts
from portal.tickets.service.attach import attach_to_draft
from portal.tickets.service.submit import Wording, submit_draft

Answer = str | tuple[str, int] | Response


def _folder() -> Path:
    return Path(current_app.config["UPLOAD_DIR"])


def _category(category_id: int | None) -> Category | None:
    category = db.session.get(Category, category_id) if category_id else None
    return category if category is not None and category.active else None


@blueprint.get("/tickets/new")
def new() -> str:
    """First step: which kind of problem; an unfinished draft is offered first.

    `under` in the address: a category was chosen that has kinds, which are shown now.
    """
    above = _category(request.args.get("under", type=int))
    if above is not None and (kinds := choices.categories(above.id)):
        return render_template("tickets/choose_kind.html", above=above, categories=kinds)
    draft = drafts.draft_of(current_user.actor)
    begun = draft if draft is not None and draft.fields.get("title") else None
    return render_template(
        "tickets/choose.html",
        categories=choices.categories(),
        divided=choices.divided(),
        draft=begun,
    )


@blueprint.route("/tickets/new/write", methods=["GET", "POST"])
def write() -> Answer:
    """Second step: the words, the contact and the files; kept as a draft whenever it is sent."""
    draft = drafts.draft_of(current_user.actor)
    category = _category(request.args.get("category", type=int)) or _category(
        draft.fields.get("category_id") if draft else None
    )
    if category is None:
        return redirect(url_for("tickets.new"), 303)
    if request.method == "GET":
        return _write_page(_form(data=_start(draft, category)), category, draft)
    form = _form()
    valid = form.validate_on_submit()
    draft, problem = _keep(form, category)
    if problem is not None:
        form.files.errors = [*form.files.errors, problem]
        return _write_page(form, category, draft), 422
    if "save" in request.form:
        flash(_("草稿已保存，下次打开“提交诉求”可以继续填写。"), "success")
        return redirect(url_for("tickets.new"), 303)
    if not valid:
        return _write_page(form, category, draft), 422
    return redirect(url_for("tickets.check"), 303)


def _form(**given: Any) -> SubmitForm:
    """The form with the units that a sealed ticket can be about."""
    form = SubmitForm(**given)
    offer(form.about_id, choices.departments(), _("不指明单位"))
    return form


def _start(draft: Draft | None, category: Category) -> dict[str, Any]:
    """What a fresh form shows: the draft, else the firm's contact and the category's template."""
    start = {
        "description": category.template,
        "contact_name": current_user.name,
        "contact_phone": current_user.phone or current_user.enterprise.contact_phone,
        "urgency": str(Urgency.NORMAL),
    }
    if draft is None:
        return start
    kept = dict(draft.fields)
    old = _category(kept.get("category_id"))
    if old is not None and old.id != category.id and kept.get("description") == old.template:
        kept["description"] = category.template
    return start | {name: value for name, value in kept.items() if value}


def _keep(form: SubmitForm, category: Category) -> tuple[Draft | None, str | None]:
    """Saves what was typed, and the files; the sentence when a file is refused (words are kept)."""
    actor, now = current_user.actor, utcnow()
    most = current_app.config["MAX_FILES"]
    with transaction():
        draft = drafts.save(actor, wording_fields(form) | {"category_id": category.id}, now)
        draft_id, already = draft.id, len(draft.attachments)
    try:
        stored = files.store(
            files.present(form.files.data),
            _folder(),
            max_files=most,
            max_bytes=current_app.config["MAX_FILE_BYTES"],
            already=already,
            quarantine=address_of(current_app.config) is not None,
        )
    except Invalid as error:
        noting.note("upload")
        return drafts.draft_of(actor), said(error)
    try:
        with transaction():
            attach_to_draft(draft_id, stored, actor, now, most=most)
    except Invalid as error:
        files.discard(stored, _folder())
        return drafts.draft_of(actor), said(error)
    except BaseException:
        files.discard(stored, _folder())
        raise
    return drafts.draft_of(actor), None


def _write_page(form: SubmitForm, category: Category, draft: Draft | None) -> str:
    return render_template(
        "tickets/write.html",
        form=form,
        category=category,
        offers_seal=sealing_words.offers(category.full_name),
        attachments=draft.attachments if draft else [],
        accept=ACCEPT,
        max_files=current_app.config["MAX_FILES"],
        max_bytes=current_app.config["MAX_FILE_BYTES"],
    )


@blueprint.post("/tickets/new/files/<int:attachment_id>/remove")
def remove_file(attachment_id: int) -> Response:
    """Takes one file off the draft."""
    with transaction():
        stored_name = drafts.remove_file(current_user.actor, attachment_id)
    if stored_name is not None:
        files.path_of(stored_name, _folder()).unlink(missing_ok=True)
    return redirect(url_for("tickets.write"), 303)


@blueprint.post("/tickets/new/discard")
def discard() -> Response:
    """Throws the draft away."""
    with transaction():
        names = drafts.discard(current_user.actor)
    for name in names:
        files.path_of(name, _folder()).unlink(missing_ok=True)
    flash(_("草稿已删除。"), "success")
    return redirect(url_for("tickets.new"), 303)


@blueprint.get("/tickets/new/check")
def check() -> Answer:
    """Last step: all answers to check before they are sent."""
    draft = drafts.draft_of(current_user.actor)
    category = _category(draft.fields.get("category_id")) if draft else None
    if draft is None or category is None:
        return redirect(url_for("tickets.new"), 303)
    form = _form(formdata=None, data=draft.fields)
    if not _complete(form):
        return redirect(url_for("tickets.write"), 303)
    similar = own_views(current_user.actor, form.title.data or "", form.description.data or "")
    return render_template(
        "tickets/check.html",
        form=form,
        draft=draft,
        category=category,
        similar=similar,
        about=choices.departments().get(form.about_id.data or 0),
        hint=suggested.for_draft(draft.fields, category),
    )


@blueprint.post("/tickets/new/category")
def change_category() -> Response:
    """Another category for the draft that was just checked; its words stay."""
    actor = current_user.actor
    draft, category = drafts.draft_of(actor), _category(request.form.get("category_id", type=int))
    if draft is not None and category is not None:
        fields = draft.fields | {"category_id": category.id}
        with transaction():
            drafts.save(actor, fields, utcnow())
        flash(_("类别已改为“%(name)s”，请核对后提交。", name=category.name), "success")
    return redirect(url_for("tickets.check"), 303)


def _complete(form: SubmitForm) -> bool:
    """Whether the draft's words pass the form's own checks."""
    return all(field.validate(form) for field in form if field.name not in ("csrf_token", "files"))


@blueprint.post("/tickets/new/check")
@limiter.limit("60/hour")
def submit() -> Answer:
    """Submits the draft: one ticket, however often the button is pressed."""
    actor = current_user.actor
    submit_key = request.form.get("submit_key", "")
    if not submit_key:
        abort(400)
    draft, wording = drafts.draft_of(actor), None
    if draft is not None and draft.submit_key == submit_key:
        category = _category(draft.fields.get("category_id"))
        if category is None or not _complete(_form(formdata=None, data=draft.fields)):
            return redirect(url_for("tickets.write"), 303)
        wording = _wording(draft, category)
    try:
        with transaction():
            number = submit_draft(actor, submit_key, wording, utcnow()).number
    except NotFound:
        if drafts.draft_of(actor) is None:
            raise
        flash(_("这份草稿刚刚在另一个页面改过，请核对后再提交。"), "warning")
        return redirect(url_for("tickets.check"), 303)
    nudge()
    return redirect(url_for("tickets.receipt", number=number), 303)


def _wording(draft: Draft, category: Category) -> Wording:
    fields = draft.fields
    return Wording(
        title=fields["title"],
        category_id=category.id,
        urgency=Urgency(fields["urgency"]),
        description=fields["description"],
        contact_name=fields["contact_name"],
        contact_phone=fields["contact_phone"],
        sealed=bool(fields.get("sealed")),
        sealed_about_id=fields.get("about_id") if fields.get("sealed") else None,
    )
