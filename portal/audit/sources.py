"""What goes into the chain: each watched table, who did it, and what of it the auditor reads. Pure.

No text of a firm and no contact: those are in the row's digest only. `kept` rows are written once;
of `state` rows the last entry is how they are now; `passing` rows are noted and may go.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal import masks

KINDS = ("ticket", "access", "account", "sign_in", "security", "directory", "rules", "export")
KINDS += ("publish", "row")
# Names in the changes of the directory that hold contacts of persons.
PERSONAL = frozenset({"phone", "contact_phone", "contact_name", "contact"})


@dataclass(frozen=True)
class Source:
    """One table. `by`: the columns of the actor's id, name and role; `at`: when it happened.

    `subject`: the column of the ticket or account it is about; else the row itself is.
    """

    kind: str
    plain: tuple[str, ...]
    mode: str = "state"
    by: tuple[str, str, str] = ("", "", "")
    at: str = ""
    subject: str = ""


def _row(*plain: str, kind: str = "row", by: tuple[str, str, str] = ("", "", "")) -> Source:
    return Source(kind, plain, by=by)


SOURCES: dict[str, Source] = {
    "ticket_event": Source(
        *("ticket", ("seq", "action", "from_status", "to_status", "round", "public"), "kept"),
        *(("actor_id", "actor_name", "actor_role"), "at", "ticket_id"),
    ),
    "ticket_access": Source(
        *("access", ("what", "detail", "unit", "address", "reason"), "kept"),
        *(("user_id", "user_name", "role"), "at", "ticket_id"),
    ),
    "directory_change": Source(
        *("directory", ("noun", "row_id", "old", "new"), "kept"),
        *(("actor_id", "", ""), "at"),
    ),
    "export_log": Source(
        *("export", ("kind", "format", "rows", "filter", "personal"), "kept"),
        *(("by_id", "by_name", ""), "at"),
    ),
    "threshold_change": Source(
        "rules", ("threshold_id", "old", "new"), "kept", ("actor_id", "", ""), "at"
    ),
    "published_case_step": Source(
        *("publish", ("case_id", "action", "version"), "kept"),
        *(("actor_id", "actor_name", ""), "at"),
    ),
    "user": _row(
        *("username", "name", "role", "active", "department_id", "enterprise_id", "capacity"),
        "must_change_password",
        kind="account",
    ),
    "user_session": Source(
        "sign_in", ("address", "ended_why"), by=("user_id", "", ""), subject="user_id"
    ),
    "sign_in_lock": Source("sign_in", ("kind", "tries", "until", "lifted_at"), subject="user_id"),
    "sign_in_try": Source("sign_in", ("address",), "passing", at="at"),
    "refusal": Source(
        *("security", ("what", "address", "endpoint", "detail"), "passing"),
        *(("actor_id", "", ""), "at", "user_id"),
    ),
    "one_time_link": Source(
        "account", ("kind", "used_at", "revoked_at"), by=("made_by_id", "", ""), subject="user_id"
    ),
    "second_factor": Source("account", ("confirmed_at", "locked_until"), subject="user_id"),
    "recovery_code": Source("account", ("used_at",), subject="user_id"),
    "external_identity": Source("account", ("issuer",), subject="user_id"),
    "role_request": Source(
        *("account", ("role", "department_id", "asked_by_id", "state")),
        by=("ruled_by_id", "", ""),
        subject="user_id",
    ),
    "join_request": _row("username", "state", kind="account", by=("ruled_by_id", "", "")),
    "consent": Source("account", ("version",), by=("user_id", "", ""), subject="user_id"),
    "erasure": Source(
        *("account", ("due_at", "ended_at", "done")), by=("asked_by_id", "", ""), subject="user_id"
    ),
    "category": _row("name", "parent_id", "needs_review", "by_pairing", "complex", "active"),
    "department": _row("name", "parent_id", "position", "active"),
    "region": _row("name", "position", "active"),
    "chain": _row("name", "chief_id", "position", "active"),
    "enterprise": _row("uscc", "name", "region_id", "chain_id", "size", "industry"),
    "enterprise_class": _row("enterprise_id", "name", "valid_from", "valid_to"),
    "enterprise_contact": _row("enterprise_id"),
    "pairing": _row("enterprise_id", "owner_id", "deputy_id", "starts_on", "ends_on"),
    "skill": _row("cadre_id", "category_id"),
    "leave": _row("cadre_id", "deputy_id", "starts_on", "ends_on", by=("", "noted_by", "")),
    "policy": _row("profile", "version", "current", kind="rules", by=("", "made_by", "")),
    "calendar": _row("confirmed_years", "current", kind="rules", by=("", "made_by", "")),
    "rulebook": _row("version", "state", "revision", kind="rules", by=("made_by_id", "", "")),
    "rulebook_edit": _row("rulebook_id", "revision", kind="rules", by=("by_id", "", "")),
    "dispatch_rule": _row(
        *("rulebook_id", "number", "category_id", "region_id", "chain_id", "urgency"),
        "department_id",
        kind="rules",
    ),
    "threshold": _row("figure", "dimension", "worse", "yellow", "red", "active", kind="rules"),
    "problem_answer": _row(
        "problem_id", "resolve_as", kind="publish", by=("answered_by_id", "", "")
    ),
    "visit_correction": _row("visit_id", kind="directory", by=("author_id", "", "")),
}


def content_of(
    source: Source, op: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None
) -> dict[str, Any]:
    """What an entry says: of a row written once its plain columns, of a change both sides.

    `also`: the names of other columns that differ, whose values nobody reads here.
    """
    if source.mode != "state":
        row = new or old or {}
        return {name: _shown(row.get(name)) for name in source.plain if row.get(name) is not None}
    before, after = old or {}, new or {}
    differ = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    shown = [name for name in source.plain if name in differ]
    return {
        "old": {name: before[name] for name in shown if before.get(name) is not None},
        "new": {name: after[name] for name in shown if after.get(name) is not None},
        "also": sorted(differ - set(source.plain) - {"id"}) if op == "update" else [],
    }


# What of an account names the person.
_NAMES = ("username", "name")


def nameless(content: dict[str, Any]) -> dict[str, Any]:
    """The content without the name of a firm's person, who may ask to be forgotten: masked."""
    return {
        side: {name: masks.name(one) if name in _NAMES else one for name, one in values.items()}
        if isinstance(values, Mapping)
        else values
        for side, values in content.items()
    }


def _shown(value: Any) -> Any:
    """A plain value; contacts inside a change of the directory are only named."""
    if isinstance(value, Mapping):
        return {name: "…" if name in PERSONAL else one for name, one in value.items()}
    return value
