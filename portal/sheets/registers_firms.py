"""Firms, their titles and further contacts, and their pairings, as sheets."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import BigInteger, Select, select

from portal.auth.roles import Role
from portal.directory.models import (
    Chain,
    Enterprise,
    EnterpriseClass,
    EnterpriseContact,
    Pairing,
    Region,
)
from portal.directory.uscc import checked_uscc
from portal.errors import Invalid
from portal.extensions import db
from portal.sheets.columns import Values
from portal.sheets.lookups import Firms, Names, People, among
from portal.sheets.planning import Key
from portal.sheets.registers import Register


class Enterprises(Register):
    """Firms with their main contact."""

    kind, model = "enterprises", Enterprise
    noun = "enterprise"

    def look_up(self, keys: Sequence[Key] | None) -> None:
        self.regions, self.chains = Names(Region), Names(Chain)

    def stored(self, keys: Sequence[Key]) -> Select[Any]:
        return select(Enterprise).where(among(Enterprise.uscc, [key[0] for key in keys]))

    def values(self, item: Enterprise) -> Values:
        return {
            "uscc": item.uscc,
            "name": item.name,
            "short_name": item.short_name,
            "region": self.regions.name(item.region_id),
            "chain": self.chains.name(item.chain_id),
            "industry": item.industry,
            "size": item.size,
            "contact_name": item.contact_name,
            "contact_phone": item.contact_phone,
        }

    def columns(self, after: Values) -> dict[str, Any]:
        columns = dict(after)
        columns["region_id"] = self.regions.id(columns.pop("region"))
        columns["chain_id"] = self.chains.id(columns.pop("chain"))
        return columns

    def check(self, key: Key, after: Values, before: Values | None) -> None:
        was = before or {}
        if before is None:
            checked_uscc(key[0])
        self.regions.check(after["region"], was.get("region"), "region")
        self.chains.check(after["chain"], was.get("chain"), "chain")


class OfFirms(Register):
    """Rows that belong to a firm, which the first cell names."""

    def __init__(self, today: date) -> None:
        super().__init__(today)
        self._of_firm: defaultdict[str, set[Key]] = defaultdict(set)

    def load(self, keys: Sequence[Key], *, lock: bool) -> None:
        super().load(keys, lock=lock)
        for key in self.known:
            self._of_firm[key[0]].add(key)

    def keep(self, key: Key, after: Values) -> None:
        super().keep(key, after)
        self._of_firm[key[0]].add(key)

    def look_up(self, keys: Sequence[Key] | None) -> None:
        self.firms = Firms(None if keys is None else [key[0] for key in keys])

    def stored(self, keys: Sequence[Key]) -> Select[Any]:
        firms = self.firms.ids.values()
        return select(self.model).where(among(self.model.enterprise_id, firms, BigInteger))

    def values(self, item: Any) -> Values:
        told = ("uscc", "firm", "cadre")
        columns = (c.key for c in self.sheet.columns if c.key not in told)
        return {
            "uscc": self.firms.codes[item.enterprise_id],
            "firm": self.firms.names[item.enterprise_id],
            **{name: getattr(item, name) for name in columns},
        }

    def columns(self, after: Values) -> dict[str, Any]:
        columns = {name: after[name] for name in self.sheet.by_key if name != "uscc"}
        columns["enterprise_id"] = self.firms.ids[after["uscc"]]
        return columns

    def check(self, key: Key, after: Values, before: Values | None) -> None:
        self.firms.check(key[0])

    def others(self, key: Key) -> list[Values]:
        """The rows of the same firm but this one."""
        return [self.known[other] for other in self.other_keys(key)]

    def other_keys(self, key: Key) -> list[Key]:
        """The keys of the same firm but this one."""
        return [other for other in self._of_firm[key[0]] if other != key]


class Titles(OfFirms):
    """Titles with the days from and to which they hold."""

    kind, model = "titles", EnterpriseClass
    noun = "enterprise"

    def check(self, key: Key, after: Values, before: Values | None) -> None:
        super().check(key, after, before)
        first, last = after["valid_from"], after["valid_to"]
        if last is not None and last < first:
            raise Invalid("失效日期不能早于生效日期。", "valid_to")
        for row in self.others(key):
            if row["name"] == after["name"] and _meet(
                first, last, row["valid_from"], row["valid_to"]
            ):
                raise Invalid(
                    "与从 %(day)s 起的同一称号重叠，请核对日期。",
                    "valid_from",
                    day=row["valid_from"].isoformat(),
                )

    def history(self, item: EnterpriseClass, values: Values) -> tuple[int, Values]:
        names = ("name", "valid_from", "valid_to")
        return item.enterprise_id, {"title": {name: values[name] for name in names}}


class Contacts(OfFirms):
    """Further people to ask for."""

    kind, model = "contacts", EnterpriseContact
    noun = "enterprise"

    def history(self, item: EnterpriseContact, values: Values) -> tuple[int, Values]:
        names = ("name", "phone", "post")
        return item.enterprise_id, {"contact": {name: values[name] for name in names}}


class Pairings(OfFirms):
    """Standing cadres. What has been stays: a new cadre is a new row with a new first day."""

    kind, model = "pairings", Pairing
    noun = "enterprise"

    def look_up(self, keys: Sequence[Key] | None) -> None:
        super().look_up(keys)
        self.people = People()

    def values(self, item: Pairing) -> Values:
        return {
            "uscc": self.firms.codes[item.enterprise_id],
            "firm": self.firms.names[item.enterprise_id],
            "starts_on": item.starts_on,
            "owner": self.people.username(item.owner_id),
            "cadre": self.people.name(item.owner_id),
            "deputy": self.people.username(item.deputy_id),
            "ends_on": item.ends_on,
        }

    def columns(self, after: Values) -> dict[str, Any]:
        return {
            "enterprise_id": self.firms.ids[after["uscc"]],
            "starts_on": after["starts_on"],
            "ends_on": after["ends_on"],
            "owner_id": self.people.id(after["owner"]),
            "deputy_id": self.people.id(after["deputy"]),
        }

    def check(self, key: Key, after: Values, before: Values | None) -> None:
        super().check(key, after, before)
        was = before or {}
        self.people.check(after["owner"], was.get("owner"), "owner", (Role.CADRE,))
        self.people.check(after["deputy"], was.get("deputy"), "deputy", (Role.CADRE,))
        if after["deputy"] == after["owner"]:
            raise Invalid("代理人不能是包联干部本人，请另选一人。", "deputy")
        if after["ends_on"] is not None and after["ends_on"] < after["starts_on"]:
            raise Invalid("结束日期不能早于开始日期。", "ends_on")
        if before is not None:
            self._check_history(after, before)
        for row in self.others(key):
            if self._follows(after, row):
                continue
            if _meet(after["starts_on"], after["ends_on"], row["starts_on"], row["ends_on"]):
                raise Invalid(
                    "与从 %(day)s 起的包联重叠，请先填写那一条的结束日期。",
                    "starts_on",
                    day=row["starts_on"].isoformat(),
                )

    def _check_history(self, after: Values, before: Values) -> None:
        """Days that have been are not told anew."""
        ended, was_end = after["ends_on"], before["ends_on"]
        if was_end is not None and was_end < self.today:
            raise Invalid("这条包联已经结束，历史不能修改。", "ends_on")
        if before["starts_on"] > self.today:
            return
        if after["owner"] != before["owner"]:
            raise Invalid("包联已经开始，不能改包联干部；请另写一行，填写新的开始日期。", "owner")
        if ended != was_end and ended is not None and ended < self.today - timedelta(days=1):
            raise Invalid("结束日期不能早于昨天：已经过去的日子不能改。", "ends_on")

    def _follows(self, after: Values, row: Values) -> bool:
        """Whether `row` is the open pairing that ends the day before this one begins."""
        return (
            row["ends_on"] is None
            and row["starts_on"] < after["starts_on"]
            and after["starts_on"] >= self.today
        )

    def keep(self, key: Key, after: Values) -> None:
        for row in self.others(key):
            if self._follows(after, row):
                row["ends_on"] = after["starts_on"] - timedelta(days=1)
        super().keep(key, after)

    def history(self, item: Pairing, values: Values) -> tuple[int, Values]:
        spell = {name: values[name] for name in ("starts_on", "ends_on")}
        people = {"name": values["owner"], "deputy": values["deputy"]}
        spell |= {name: self.people.called(who) for name, who in people.items()}
        return item.enterprise_id, {"pairing": spell}

    def write(self, key: Key, after: Values) -> Any:
        """A new pairing ends the open one before it, first: a firm has one open pairing."""
        for other in self.other_keys(key):
            item, row = self.items[other], self.known[other]
            if item.ends_on != row["ends_on"]:
                self.also.append((item, {**row, "ends_on": item.ends_on}, dict(row)))
                item.ends_on = row["ends_on"]
                db.session.flush()
        return super().write(key, after)


def _meet(a: date, a_end: date | None, b: date, b_end: date | None) -> bool:
    """Whether two spans of days share one; no end is for ever."""
    return (b_end is None or a <= b_end) and (a_end is None or b <= a_end)
