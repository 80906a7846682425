"""The administrator's pages, one module a noun; they never show the text of a ticket."""

from portal.directory import (
    admin_access,
    admin_categories,
    admin_contacts,
    admin_firm_parts,
    admin_firms,
    admin_identity,
    admin_joins,
    admin_pairings,
    admin_places,
    admin_queue,
    admin_roles,
    admin_users,
)
from portal.directory.admin_blueprint import blueprint

__all__ = ["PAGES", "blueprint"]
PAGES = (
    *(admin_users, admin_access, admin_joins, admin_roles, admin_identity),
    *(admin_places, admin_categories),
    *(admin_firms, admin_firm_parts, admin_contacts, admin_pairings, admin_queue),
)
