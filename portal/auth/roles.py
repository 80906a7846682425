"""Who can act: the roles of domain.md §7 and the actor that rules take. Pure."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """One role an account; the administrators are apart from each other (三员分立)."""

    APPLICANT = "applicant"
    CADRE = "cadre"
    REVIEWER = "reviewer"
    DISPATCHER = "dispatcher"
    SUPERVISOR = "supervisor"
    LEADER = "leader"
    ADMIN = "admin"
    SECURITY_ADMIN = "security_admin"
    AUDITOR = "auditor"
    SYSTEM = "system"
    NONE = "none"  # an account whose role the security administrator has not granted yet


ACCOUNT_ROLES = tuple(role for role in Role if role not in (Role.SYSTEM, Role.NONE))
DEPARTMENT_ROLES = (Role.CADRE, Role.REVIEWER)
OVERSIGHT_ROLES = (Role.SUPERVISOR, Role.LEADER)
STAFF_ROLES = (Role.CADRE, Role.REVIEWER, Role.DISPATCHER, *OVERSIGHT_ROLES)
# Apart from each other (三员分立): no account holds two, none takes another's right.
ADMINISTRATORS = (Role.ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR)


@dataclass(frozen=True)
class Actor:
    """Who does something: ids only, no database object, so that rules stay pure."""

    id: int | None
    role: Role
    name: str
    department_id: int | None = None
    enterprise_id: int | None = None


SYSTEM = Actor(id=None, role=Role.SYSTEM, name="系统")
