"""The administrator's pages of calendars and policies, one module a noun."""

from portal.sla import admin_calendar, admin_policy
from portal.sla.admin_pages import blueprint

__all__ = ["PAGES", "blueprint"]
PAGES = (admin_calendar, admin_policy)
