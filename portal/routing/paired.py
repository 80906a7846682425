"""The standing cadre of a firm: the owner, who stands in for the owner, the deputy (domain.md §4).

A pairing does not ask for skills: the cadre knows the firm. An owner who is full gives way to the
deputy, and both to the rules, rather than that the firm waits.
"""

from collections.abc import Mapping

from portal.directory.models import Pairing
from portal.routing import facts, reasons, rules
from portal.routing.choice import Cadre, deal
from portal.routing.decision import PAIRING, Away, Case, Decision


def stand_ins(pairing: Pairing | None, away: Away) -> list[int]:
    """Who is there for the owner of a pairing, then for its deputy."""
    if pairing is None:
        return []
    ends = [rules.stand_in(one, away) for one in (pairing.owner_id, pairing.deputy_id) if one]
    return list(dict.fromkeys(one for one in ends if one is not None))


def by_pairing(
    pairing: Pairing | None, present: list[Cadre], case: Case
) -> tuple[Decision | None, list[str]]:
    """The first of `present` who can take it; else None and why not, in words."""
    if pairing is None:
        return None, ["企业没有包联干部"]
    owner = pairing.owner.name
    if not present:
        return None, [f"包联干部{owner}不在岗且无人代理"]
    said: list[str] = []
    for cadre in present:
        if cadre.department_id in case.wanted.excluded:
            said.append(f"包联干部{cadre.name}所在单位须回避")
        elif _full(cadre, case):
            said.append(f"包联干部{reasons.full(cadre)}")
        elif cadre.id == pairing.owner_id:
            words = [f"包联干部：{owner}"]
            return Decision(cadre.department_id, cadre.id, words, PAIRING), []
        else:
            why = "，".join(said) or f"包联干部{owner}不在岗"
            words = [f"{why}，由{cadre.name}代理"]
            return Decision(cadre.department_id, cadre.id, words, PAIRING), []
    return None, said


def team_of(team: Mapping[int, Cadre], ids: list[int]) -> list[Cadre]:
    """Those of the ids who can work, in the order of the ids."""
    return [team[one] for one in ids if one in team]


def _full(cadre: Cadre, case: Case) -> bool:
    """Whether a cadre has no place left, the tickets counted that wait for one before this."""
    if cadre.capacity is None or cadre.full:
        return cadre.full
    queue = facts.waiting(cadre.department_id, case.ticket)
    if not queue:
        return False
    team = facts.cadres({cadre.department_id}, case.away)
    _, after = deal(queue, team.values(), case.now)
    return next((one.full for one in after if one.id == cadre.id), False)
