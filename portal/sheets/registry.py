"""Which register belongs to which kind."""

from datetime import date

from portal.errors import NotFound
from portal.sheets.registers import Categories, Chains, Departments, Regions, Register
from portal.sheets.registers_firms import Contacts, Enterprises, Pairings, Titles
from portal.sheets.registers_people import Leaves, Skills, Staff
from portal.sheets.registers_rules import Rules

REGISTERS: dict[str, type[Register]] = {
    register.kind: register
    for register in (
        *(Enterprises, Titles, Contacts, Departments, Staff, Skills),
        *(Leaves, Pairings, Regions, Chains, Categories, Rules),
    )
}


def register_of(kind: str, today: date) -> Register:
    """The register of a kind, not loaded. Raises NotFound."""
    if kind not in REGISTERS:
        raise NotFound("没有这份名单。")
    return REGISTERS[kind](today)
