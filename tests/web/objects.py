"""One object of each kind that is a reader's own and one that is not, for the walk of all rights.

A route with an argument that no entry names fails the walk: say here whose object it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import select
from werkzeug.routing import Rule
from werkzeug.routing.converters import AnyConverter

from portal.auth.roles import Role
from portal.db import transaction, utcnow
from portal.directory.models import EnterpriseClass, EnterpriseContact, Leave, Pairing
from portal.extensions import db
from portal.problems.models import Problem, ProblemMember, ProblemSuggestion
from portal.publish import service as publishing
from portal.routing import rulebook
from portal.routing.models import DispatchRule
from portal.sheets.models import SheetImport
from portal.sla import policy_service, recompute_runs
from portal.sla.calendars import current_calendar_id
from portal.sla.models import Policy
from portal.supervision.models import Bulletin, Threshold
from portal.tickets import files
from portal.tickets.file_models import Attachment
from portal.tickets.handover_models import Handover, HandoverItem
from portal.tickets.service import assign
from portal.visits.models import Visit
from portal.visits.rules import Record
from portal.visits.service import link, visit
from tests.factories import MONDAY, Town
from tests.service.stages import NO_REVIEW, Play, assigned, file
from tests.supervising import watched
from tests.visiting import HEARD, filed, pair
from tests.web.objects_access import belongings, handed_out, opened, ruled_on

WHO = {
    Role.APPLICANT: "firm",
    Role.CADRE: "cadre",
    Role.REVIEWER: "reviewer",
    Role.DISPATCHER: "dispatcher",
    Role.SUPERVISOR: "supervisor",
    Role.LEADER: "leader",
    Role.ADMIN: "admin",
    Role.SECURITY_ADMIN: "security",
    Role.AUDITOR: "auditor",
}
BOUND = (Role.APPLICANT, Role.CADRE, Role.REVIEWER)
PLANNED = ("reschedule", "cancel", "keep")  # what is done with a visit that is planned
NOWHERE, NO_NUMBER = 999_999, "SQ20990101-000009"


@dataclass(frozen=True)
class Thing:
    """The value of an argument for an object that a role may reach, and for one that it may not.

    `other` is the same for those who are bound to what is theirs; whoever sees all objects of the
    kind gets `missing`, which there is none of. `each`: own and other by role.
    """

    own: Any = None
    other: Any = None
    missing: Any = NOWHERE
    each: Mapping[Role, tuple[Any, Any]] | None = None

    def values(self, role: Role) -> tuple[Any, Any]:
        """Own and other for a role."""
        if self.each is not None:
            return self.each.get(role, (self.missing, self.missing))
        return self.own, self.other if role in BOUND and self.other is not None else self.missing


class World:
    """Committed rows of every kind that an address can name."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.things: dict[str, Thing] = {}
        self.texts: dict[str, Any] = {"name": "close_rate", "side": "d", "token": "nonsense"}
        self.texts |= {"kind": "late", "key": "now", "filename": "app.css", "month": "2026-03"}
        for fill in (self._tickets, self._people, self._visits, self._own, self._problems):
            fill()
        self._papers()
        self._registers()

    def _tickets(self) -> None:
        """A ticket of the firm with the first unit, one of another firm with the second."""
        town = self.town
        pair(town)
        mine = filed(town)[0][0]
        self.mine = Play(town, mine, MONDAY)
        self.theirs = file(town, NO_REVIEW, who=town.other).relay()
        wanted = town.departments["labour"], town.labour.id, "请办"
        self.theirs.do(assign.dispatch, town.dispatcher, *wanted).relay()
        number, other = self.mine.ticket.number, self.theirs.ticket.number
        files = [self._file(one, town.firm.id) for one in (self.mine, self.theirs)]
        self.things |= {
            "number": Thing(number, other, NO_NUMBER),
            "tickets:attachment_id": Thing(files[0], files[1]),
            "rules.returned:number": Thing(missing=NOWHERE, own=1),
            "sealing:number": Thing(opened(town), missing=NO_NUMBER),
            "vouching:token": Thing(self._vouched(number), missing="no"),
        }
        self.things["case_id"] = Thing(self._case())

    def _vouched(self, number: str) -> str:
        with transaction():
            return link.renew(self.town.cadre, number, utcnow())

    def _case(self) -> int:
        solved = assigned(self.town).to_confirmation().confirm().ticket
        texts = {"title": "续贷", "problem": "贷款到期。", "answer": "已续贷。"}
        with transaction():
            return publishing.prepare(self.town.supervisor, solved, texts, MONDAY).id

    def _file(self, play: Play, by: int | None) -> int:
        name = f"file{play.ticket_id}"
        path = files.path_of(name, Path(current_app.config["UPLOAD_DIR"]))
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"%PDF-1.4")
        row = {"name": "a.pdf", "media_type": "application/pdf", "size": 8, "sha256": "0" * 64}
        return self._add(
            Attachment(
                **row, ticket_id=play.ticket_id, event_seq=1, stored_name=name, uploaded_by_id=by
            )
        )

    def _add(self, row: Any) -> int:
        with transaction() as session:
            session.add(row)
            session.flush()
            return row.id

    def _people(self) -> None:
        """Leave, hand-overs and visits of both units; contacts of both firms."""
        town, day = self.town, date(2026, 3, 2)
        leaves, lists, contacts = [], [], []
        other = {"enterprise_id": town.other_enterprise_id, "owner_id": town.labour.id}
        pairing = self._add(Pairing(**other, starts_on=day))
        for cadre, deputy, firm, play in (
            (town.cadre2, town.cadre, town.enterprise_id, self.mine),
            (town.labour, town.cadre2, town.other_enterprise_id, self.theirs),
        ):
            days = {"starts_on": day, "ends_on": utcnow().date() + timedelta(days=30)}
            both = {"cadre_id": cadre.id, "deputy_id": deputy.id}
            leaves.append(self._add(Leave(**both, **days, offered_at=MONDAY)))
            list_ = Handover(**both, **days, give_back=True, offered_at=MONDAY)
            self._add(HandoverItem(handover=list_, ticket_id=play.ticket_id))
            lists.append(list_.id)
            contacts.append(self._add(EnterpriseContact(enterprise_id=firm, name="钱", phone="1")))
        units = list(town.departments.values())
        self.things |= {
            "pairing_id": Thing(pairing),
            "handovers:leave_id": Thing(*leaves),
            "admin:leave_id": Thing(leaves[0]),
            "handover_id": Thing(*lists),
            "enterprise:contact_id": Thing(*contacts),
            "admin:contact_id": Thing(contacts[0]),
            "visits:enterprise_id": Thing(town.enterprise_id, town.other_enterprise_id),
            "departments:department_id": Thing(units[0], units[1]),
            "admin:enterprise_id": Thing(town.enterprise_id),
            "admin:user_id": Thing(town.cadre2.id),
        }

    def _visits(self) -> None:
        """A visit that is done and one that is planned, of a cadre of each unit."""
        town, day = self.town, date(2026, 3, 2)
        later = (MONDAY.date() + timedelta(days=10), "再访", MONDAY)
        with transaction():
            planned = [
                visit.plan(who, firm, later[0], later[1], "p", later[2]).id
                for who, firm in (
                    (town.cadre, town.enterprise_id),
                    (town.labour, town.other_enterprise_id),
                )
            ]
            heard = Record(day, "赵经理", "", HEARD)
            visit.record(town.labour, town.other_enterprise_id, heard, "theirs", MONDAY)
        query = select(Visit.id).where(Visit.id.not_in(planned))
        query = query.order_by(Visit.cadre_id != town.cadre.id, Visit.id)
        visits = list(db.session.scalars(query))
        self.things["visit_id"] = Thing(visits[0], visits[-1])
        for one in PLANNED:
            self.things[f"visits.{one}:visit_id"] = Thing(planned[0], planned[1])

    def _own(self) -> None:
        """What belongs to one account, and what the administrators of accounts rule on."""
        owned = {
            who: belongings(self.town.people[who].id or 0, who, self.mine.ticket_id, self._add)
            for who in (*WHO.values(), "other")
        }
        for name in owned["other"]:
            pairs = {role: (owned[who][name], owned["other"][name]) for role, who in WHO.items()}
            self.things[name] = Thing(each=pairs)
        for made in (ruled_on, handed_out):
            for name, values in made(self.town, self._add).items():
                self.things[name] = Thing(*values)
        self.fields = {"private.pass_on": {"to": self.things["members:user_id"].own}}

    def _problems(self) -> None:
        """A common problem of each unit, with a ticket of its own; a suggested group."""
        town, ids = self.town, []
        for owner, play in ((town.cadre, self.mine), (town.labour, self.theirs)):
            people = dict.fromkeys(("owner_id", "created_by_id", "changed_by_id"), owner.id)
            problem = Problem(
                name="难", description="难", created_at=MONDAY, changed_at=MONDAY, **people
            )
            ids.append(self._add(problem))
            member = {"ticket_id": play.ticket_id, "added_by_id": owner.id, "added_at": MONDAY}
            self._add(ProblemMember(problem_id=problem.id, **member))
        group = ProblemSuggestion(
            ticket_ids=[self.mine.ticket_id, self.theirs.ticket_id], firms=2, made_at=MONDAY
        )
        self.things |= {
            "problem_id": Thing(*ids),
            "suggestion_id": Thing(self._add(group)),
        }

    def _papers(self) -> None:
        """A threshold, and a bulletin with its files."""
        with transaction() as session:
            watched(session, self.town)
        bulletin = db.session.scalars(select(Bulletin)).one()
        bulletin.state, bulletin.made_at = "made", MONDAY
        bulletin.pdf_size = bulletin.xlsx_size = 1
        counted = {"resolution_gross": {"n": 1, "d": 1, "median": None, "p90": None}}
        bulletin.content = {"figures": counted, "previous": counted}
        db.session.commit()
        folder = Path(current_app.config["UPLOAD_DIR"], "bulletins")
        folder.mkdir(exist_ok=True)
        for form in ("pdf", "xlsx"):
            (folder / f"{bulletin.stored_name}.{form}").write_bytes(b"x")
        self.things["bulletin_id"] = Thing(bulletin.id)

    def _registers(self) -> None:
        """What every holder of a role reaches alike: rules, policies, imports."""
        town = self.town
        with transaction() as session:
            draft = rulebook.new_draft(town.admin, MONDAY)
            place = (None, town.region_id, None, None)
            rulebook.put_rule(town.admin, draft.id, 0, place, town.departments["labour"], MONDAY)
            run = recompute_runs.start_calendar(current_calendar_id(), "吴管")
            session.flush()
            book, run_id = draft.id, run.id
        sheet = SheetImport(kind="regions", file_name="f", sha256="0", size=1, by_name="吴管")
        title = EnterpriseClass(
            enterprise_id=town.enterprise_id, name="gazelle", valid_from=date(2025, 1, 1)
        )
        query = select(DispatchRule.id).where(DispatchRule.rulebook_id == book)
        with transaction() as session:
            current = db.session.scalars(select(Policy.id).where(Policy.current)).one()
            policy = policy_service.new_draft(current, "吴管")
            session.flush()
            policy_id = policy.id
        self.things |= {
            "threshold_id": Thing(db.session.scalars(select(Threshold.id)).one()),
            "rulebook_id": Thing(book),
            "rule_id": Thing(db.session.scalars(query).first()),
            "sla_admin:run_id": Thing(run_id),
            "policy_id": Thing(policy_id),
            "place": Thing(1),
            "import_id": Thing(self._add(sheet)),
            "title_id": Thing(self._add(title)),
            "category_id": Thing(town.categories["融资"]),
            "place_id": Thing(town.departments["finance"]),
        }

    def value(self, rule: Rule, name: str, role: Role) -> tuple[Any, Any]:
        """Own and other value of an argument; other is None where any value will do."""
        blueprint = rule.endpoint.split(".")[0]
        for key in (f"{rule.endpoint}:{name}", f"{blueprint}:{name}", name):
            if key in self.things:
                return self.things[key].values(role)
        converter = rule._converters[name]
        if isinstance(converter, AnyConverter):
            return sorted(converter.items)[0], None
        assert name in self.texts, f"whose is {name} of {rule.endpoint}? Say so in {__name__}."
        return self.texts[name], None

    def addresses(self, rule: Rule, role: Role) -> tuple[str, list[str]]:
        """The address of the own object, and those in which one argument is another's."""
        values = {name: self.value(rule, name, role) for name in rule._converters}
        fixed = dict(rule.defaults or {})
        own = fixed | {name: pair[0] for name, pair in values.items()}
        others = [own | {name: pair[1]} for name, pair in values.items() if pair[1] is not None]
        return _built(rule, own), [_built(rule, one) for one in others]


def _built(rule: Rule, values: dict[str, Any]) -> str:
    _, address = rule.build(values, False) or ("", "")
    return address
