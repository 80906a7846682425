"""Puts the town into the database: places, units, people, firms, pairings, rules and leave."""

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import TypeVar

from sqlalchemy import select

from portal.auth.hashing import HASHER
from portal.auth.models import User
from portal.auth.roles import Role
from portal.demo import names, places, rulebook
from portal.demo.accounts import ACCOUNTS, BY_USERNAME, PASSWORD
from portal.demo.cast import Cast, PlayedFirm
from portal.directory.models import (
    Category,
    Chain,
    Department,
    Enterprise,
    Leave,
    Pairing,
    Region,
)
from portal.extensions import db
from portal.routing.queries import active_rules

FIRMS = 200
PAIRED_SHARE = 0.85
OPENED = datetime(2022, 11, 21, 1, 0, tzinfo=UTC)
PAIRED_FROM = date(2022, 12, 1)
SIZES = ("micro", "small", "small", "small", "medium", "medium", "large")
PAIRED_WITH_GANBU = 8

Named = TypeVar("Named", Region, Chain, Department)


class Town:
    """Builds the cast once, in the order in which rows need each other."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.cast = Cast()
        self.names = names.people(rng)
        self.hash = ""
        self.count = self.phones = 0

    def build(self, today: date) -> Cast:
        """All rows, added to the session; `today`: the local day on which somebody is on leave."""
        self._places()
        self._categories()
        self._named_accounts()
        self._staff()
        self._rules()
        self._firms()
        self._leave(today)
        db.session.flush()
        return self.cast

    def _places(self) -> None:
        self.cast.regions = self._ensure(Region, list(places.REGIONS))
        self.cast.chains = self._ensure(Chain, list(places.CHAINS))
        self.cast.departments = self._ensure(Department, list(places.DEPARTMENTS))

    def _ensure(self, model: type[Named], wanted: list[str]) -> dict[str, int]:
        """The rows of these names, added where an administrator has not."""
        present = {row.name: row for row in db.session.scalars(select(model))}
        for position, name in enumerate(wanted, 1):
            if name not in present:
                present[name] = model(name=name, position=position)
                db.session.add(present[name])
        db.session.flush()
        self.cast.kept += present.values()
        return {name: present[name].id for name in wanted}

    def _categories(self) -> None:
        rows = {row.name: row for row in db.session.scalars(select(Category))}
        for name in places.WEIGHTS:
            rows[name].by_pairing = name in places.PAIRED
            self.cast.categories[name] = rows[name].id
            if rows[name].needs_review:
                self.cast.reviewed.add(name)
        self.cast.kept += rows.values()

    def _named_accounts(self) -> None:
        """The staff that a visitor signs in as; their password is known to all, and so no good."""
        self.hash = HASHER.hash(PASSWORD)
        units = {Role.CADRE: places.INDUSTRY, Role.REVIEWER: places.INDUSTRY}
        for account in ACCOUNTS:
            if account.role is Role.APPLICANT:
                continue
            unit = units.get(account.role)
            department_id = self.cast.departments[unit] if unit else None
            self._account(account.username, account.name, account.role, department_id)

    def _staff(self) -> None:
        for unit, size in places.DEPARTMENTS.items():
            department_id = self.cast.departments[unit]
            ours = unit == places.INDUSTRY
            for _ in range(size - ours):
                self._person(Role.CADRE, department_id=department_id)
            if not ours:
                self._person(Role.REVIEWER, department_id=department_id)
        for role in (Role.DISPATCHER, Role.DISPATCHER, Role.SUPERVISOR, Role.SUPERVISOR):
            self._person(role)

    def _person(self, role: Role, *, department_id: int | None = None) -> User:
        """One more account of a role; the password hash is made once for all."""
        word = next(a.username for a in ACCOUNTS if a.role is role)
        self.count += 1
        username = f"{word}{self.count:03d}"
        return self._account(username, self.names.pop(), role, department_id)

    def _account(self, username: str, name: str, role: Role, department_id: int | None) -> User:
        user = User(
            username=username,
            name=name,
            role=role,
            password_hash=self.hash,
            department_id=department_id,
            phone=self._phone(),
            created_at=OPENED,
            password_changed_at=OPENED,
        )
        db.session.add(user)
        db.session.flush()
        self._cast_as(user)
        return user

    def _cast_as(self, user: User) -> None:
        self.cast.kept.append(user)
        actor = user.actor
        if actor.role is Role.CADRE:
            self.cast.cadres[user.id] = actor
        elif actor.role is Role.REVIEWER and actor.department_id is not None:
            self.cast.reviewers[actor.department_id] = actor
        elif actor.role is Role.DISPATCHER:
            self.cast.dispatchers.append(actor)
        elif actor.role is Role.SUPERVISOR:
            self.cast.supervisors.append(actor)

    def _rules(self) -> None:
        rulebook.history(self.cast)
        self.cast.rules = active_rules()

    def _firms(self) -> None:
        brands = names.brands(self.rng)
        cadres = list(self.cast.cadres)
        weights = [share for share, _, _ in places.REGIONS.values()]
        for number in range(FIRMS):
            [region] = self.rng.choices(list(places.REGIONS), weights)
            strong = places.STRENGTHS[region]
            common = self.rng.random() < 0.7
            chain = self.rng.choice(strong if common else tuple(places.CHAINS))
            ours = number < PAIRED_WITH_GANBU
            owner = cadres[0] if ours else self.rng.choice(cadres[1:])
            paired = ours or self.rng.random() < PAIRED_SHARE
            self._firm(number, region, chain, brands.pop(), owner if paired else None)

    def _firm(self, number: int, region: str, chain: str, brand: str, owner: int | None) -> None:
        first = number == 0
        contact = BY_USERNAME["qiye"].name if first else self.names.pop()
        name = names.firm_name(self.rng, region, chain, brand)
        telephone = self._phone()
        code = names.made_up_uscc(self.rng, list(places.REGIONS).index(region) + 1)
        firm = Enterprise(
            uscc=code,
            name=name,
            region_id=self.cast.regions[region],
            chain_id=self.cast.chains[chain],
            size=self.rng.choice(SIZES),
            contact_name=contact,
            contact_phone=telephone,
            created_at=OPENED,
        )
        db.session.add(firm)
        db.session.flush()
        user = User(
            username="qiye" if first else f"qiye{number:03d}",
            name=contact,
            role=Role.APPLICANT,
            password_hash=self.hash,
            enterprise_id=firm.id,
            phone=telephone,
            created_at=OPENED,
            password_changed_at=OPENED,
        )
        db.session.add(user)
        db.session.flush()
        if owner is not None:
            self._pair(firm.id, owner)
        weight = self.rng.choice((1, 1, 2, 2, 3, 5))
        self.cast.kept += [firm, user]
        self.cast.firms.append(
            PlayedFirm(firm.id, name, user.actor, telephone, region, chain, weight, owner)
        )

    def _pair(self, firm_id: int, owner: int) -> None:
        row = Pairing(
            enterprise_id=firm_id,
            owner_id=owner,
            deputy_id=self._colleague(owner),
            starts_on=PAIRED_FROM,
        )
        db.session.add(row)

    def _colleague(self, cadre_id: int) -> int:
        unit = self.cast.cadres[cadre_id].department_id
        team = [id_ for id_, cadre in self.cast.cadres.items() if cadre.department_id == unit]
        return self.rng.choice([id_ for id_ in team if id_ != cadre_id])

    def _leave(self, today: date) -> None:
        """Some leave in 2023, and one cadre who is away today; the visitor's cadre never is."""
        cadres = list(self.cast.cadres)[1:]
        spans = [(date(2023, 1, 9) + timedelta(days=self.rng.randrange(340)), 3) for _ in range(26)]
        for starts_on, length in [*spans, (today - timedelta(days=1), 4)]:
            cadre = self.rng.choice(cadres)
            db.session.add(
                Leave(
                    cadre_id=cadre,
                    deputy_id=self._colleague(cadre) if self.rng.random() < 0.8 else None,
                    starts_on=starts_on,
                    ends_on=starts_on + timedelta(days=self.rng.randrange(length, length + 6)),
                    offered_at=datetime.combine(starts_on, time(1), UTC),  # nothing was open then
                )
            )

    def _phone(self) -> str:
        self.phones += 1
        return names.phone(self.phones)
