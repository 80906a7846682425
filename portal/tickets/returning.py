"""The ruling on a return offers to correct the rule that caused it (domain.md §4)."""

from flask import flash, request, url_for
from flask_babel import gettext as _

from portal.auth.roles import Actor
from portal.routing import queries
from portal.routing.rule_words import Words
from portal.tickets import choices, forms
from portal.tickets.models import Ticket
from portal.tickets.staff_forms import ReturnForm
from portal.wording import urgency_name


def offer_correction(form: ReturnForm, ticket: Ticket, actor: Actor) -> None:
    """Fills the form with the rule and what a better one could name; nothing where no rule did it.

    What the rule names is ticked beforehand: so the new one is at least as specific, and wins.
    """
    rule = queries.rule(ticket.rule_id)
    if rule is None or rule.department_id != ticket.department_id:
        for name in ("unit_id", "by_region", "by_chain", "by_urgency"):
            del form[name]
        return
    form.dimensions = (ticket.category_id, ticket.region_id, ticket.chain_id, ticket.urgency)
    others = {
        one: name for one, name in choices.departments().items() if one != ticket.department_id
    }
    form.unit_id.choices = forms.options({0: _("不改规则"), **others})
    form.unit_id.description = _(
        "这件诉求是按第 %(n)d 条规则“%(rule)s”派出的。选定单位后，先看影响，再决定是否启用。",
        n=rule.number,
        rule=Words.read().sentence(rule.conditions, rule.department_id),
    )
    category, region = ticket.category.name, ticket.region.name
    form.by_region.label.text = _(
        "只改“%(name)s”类别中县市区为“%(value)s”的", name=category, value=region
    )
    form.by_urgency.label.text = _(
        "只改紧急程度为“%(value)s”的", value=urgency_name(ticket.urgency)
    )
    if ticket.chain is None:
        del form.by_chain
    else:
        form.by_chain.label.text = _("只改产业链为“%(value)s”的", value=ticket.chain.name)
    if request.method == "GET":
        form.by_region.data = rule.region_id is not None
        form.by_urgency.data = rule.urgency is not None
        if ticket.chain is not None:
            form.by_chain.data = rule.chain_id is not None


def to_draft(form: ReturnForm, ticket: Ticket) -> str | None:
    """Where a rule was proposed: the draft's page, which shows what it would change."""
    draft_id = queries.draft_for(ticket.id) if form.wish is not None else None
    if draft_id is None:
        return None
    flash(_("规则草稿已建立。下面是它会带来的变化，确认后启用；不启用就不影响派单。"), "success")
    return url_for("rules.enact", rulebook_id=draft_id)
