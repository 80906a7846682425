"""Writes enterprises: the profile, the titles with their days, and further contacts."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_, select

from portal.directory import firm_queries
from portal.directory.changes import Editor, added, noted, record
from portal.directory.models import Enterprise, EnterpriseClass, EnterpriseContact
from portal.directory.uscc import checked_uscc
from portal.errors import N_, Invalid, NotFound
from portal.extensions import db
from portal.uniqueness import unique

KNOWN = {"uq_enterprise_uscc": (N_("这个信用代码已经登记过，请查找那家企业。"), "uscc")}
SAME_PHONE = {
    "uq_enterprise_contact_enterprise_id_phone_index": (
        N_("这个电话已经登记在这家企业名下。"),
        "phone",
    )
}


@dataclass(frozen=True)
class FirmFields:
    """What an administrator decides of a firm; see directory.models.Enterprise."""

    uscc: str
    name: str
    short_name: str | None
    industry: str | None
    region_id: int
    chain_id: int | None
    size: str
    contact_name: str
    contact_phone: str


@dataclass(frozen=True)
class Contact:
    """One more person to ask for at a firm."""

    name: str
    phone: str
    post: str | None


def get_firm(enterprise_id: int, *, lock: bool = False) -> Enterprise:
    """The firm; `lock`: held until the transaction ends. Raises NotFound."""
    query = select(Enterprise).where(Enterprise.id == enterprise_id)
    firm = db.session.scalar(query.with_for_update(of=Enterprise) if lock else query)
    if firm is None:
        raise NotFound("没有找到这家企业。")
    return firm


def add_firm(editor: Editor, fields: FirmFields) -> Enterprise:
    """A new firm without an account. Raises Invalid for a wrong or known uscc."""
    values = vars(fields) | {"uscc": checked_uscc(fields.uscc)}
    with unique(KNOWN):
        firm = Enterprise(**values, created_at=editor.at)
        db.session.add(firm)
        added(editor, firm)
    return firm


def change_firm(editor: Editor, enterprise_id: int, fields: FirmFields) -> Enterprise:
    """Changes a firm; its tickets keep the region and chain they were filed with.

    Raises Invalid for a wrong or known uscc, and for another uscc where there are tickets.
    """
    firm = get_firm(enterprise_id, lock=True)
    uscc = checked_uscc(fields.uscc)
    if uscc != firm.uscc and firm_queries.ticket_count(enterprise_id):
        raise Invalid("这家企业已有诉求，信用代码不能再改；代码换了请新建企业。", "uscc")
    with unique(KNOWN), noted(editor, firm):
        for name, value in (vars(fields) | {"uscc": uscc}).items():
            setattr(firm, name, value)
    return firm


def change_own(
    editor: Editor, enterprise_id: int, short_name: str | None, contact_name: str, phone: str
) -> Enterprise:
    """What a firm's own applicant changes of its profile."""
    firm = get_firm(enterprise_id, lock=True)
    with noted(editor, firm):
        firm.short_name, firm.contact_name, firm.contact_phone = short_name, contact_name, phone
    return firm


def get_title(enterprise_id: int, title_id: int) -> EnterpriseClass:
    """A title of the firm. Raises NotFound."""
    title = db.session.get(EnterpriseClass, title_id)
    if title is None or title.enterprise_id != enterprise_id:
        raise NotFound("没有找到这项资质。")
    return title


def save_title(
    editor: Editor,
    enterprise_id: int,
    title_id: int | None,
    name: str,
    valid_from: date,
    valid_to: date | None,
) -> EnterpriseClass:
    """Gives a firm a title for local days (no id), or corrects one; no end: until further notice.

    Raises Invalid for days in the wrong order or days on which the firm has this title already.
    """
    get_firm(enterprise_id, lock=True)
    if valid_to is not None and valid_to < valid_from:
        raise Invalid("失效日期不能早于生效日期。", "valid_to")
    _ensure_apart(enterprise_id, title_id, name, valid_from, valid_to)
    if title_id is None:
        title, old = EnterpriseClass(enterprise_id=enterprise_id), {}
        db.session.add(title)
    else:
        title = get_title(enterprise_id, title_id)
        old = {"title": _title(title)}
    title.name, title.valid_from, title.valid_to = name, valid_from, valid_to
    db.session.flush()
    record(editor, "enterprise", enterprise_id, old, {"title": _title(title)})
    return title


def _ensure_apart(
    enterprise_id: int, title_id: int | None, name: str, first: date, last: date | None
) -> None:
    query = select(EnterpriseClass).where(
        EnterpriseClass.enterprise_id == enterprise_id,
        EnterpriseClass.name == name,
        or_(EnterpriseClass.valid_to.is_(None), EnterpriseClass.valid_to >= first),
    )
    if last is not None:
        query = query.where(EnterpriseClass.valid_from <= last)
    if any(one.id != title_id for one in db.session.scalars(query)):
        raise Invalid("这段时间已有同一项资质，请修改原来的一条。", "valid_from")


def remove_title(editor: Editor, enterprise_id: int, title_id: int) -> None:
    """Takes away a title that was entered by mistake; one that ended gets its last day instead."""
    title = get_title(enterprise_id, title_id)
    record(editor, "enterprise", enterprise_id, {"title": _title(title)}, {})
    db.session.delete(title)


def _title(title: EnterpriseClass) -> dict[str, object]:
    return {"name": title.name, "valid_from": title.valid_from, "valid_to": title.valid_to}


def get_contact(enterprise_id: int, contact_id: int) -> EnterpriseContact:
    """A further contact of the firm. Raises NotFound."""
    contact = db.session.get(EnterpriseContact, contact_id)
    if contact is None or contact.enterprise_id != enterprise_id:
        raise NotFound("没有找到这位联系人。")
    return contact


def save_contact(
    editor: Editor, enterprise_id: int, contact_id: int | None, fields: Contact
) -> EnterpriseContact:
    """One more person to ask for (no id), or what changed of one. Raises Invalid, NotFound."""
    get_firm(enterprise_id)
    with unique(SAME_PHONE):
        if contact_id is None:
            contact, old = EnterpriseContact(enterprise_id=enterprise_id), {}
            db.session.add(contact)
        else:
            contact = get_contact(enterprise_id, contact_id)
            old = {"contact": _contact(contact)}
        contact.name, contact.phone, contact.post = fields.name, fields.phone, fields.post
    record(editor, "enterprise", enterprise_id, old, {"contact": _contact(contact)})
    return contact


def remove_contact(editor: Editor, enterprise_id: int, contact_id: int) -> None:
    """Takes a further contact away. Raises NotFound."""
    contact = get_contact(enterprise_id, contact_id)
    record(editor, "enterprise", enterprise_id, {"contact": _contact(contact)}, {})
    db.session.delete(contact)


def _contact(contact: EnterpriseContact) -> dict[str, object]:
    return {"name": contact.name, "phone": contact.phone, "post": contact.post}
