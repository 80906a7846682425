"""Dispatch rules, what is wrong with them and what changed, in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from portal.routing import queries
from portal.routing.changes import Change, Conditions
from portal.routing.findings import Dead, Findings, Gap, Tie, Why
from portal.routing.models import RulebookEdit
from portal.routing.rates import ReturnRate
from portal.routing.rules import RouteFacts, Rule
from portal.wording import urgency_name

View = dict[str, Any]
_NAMES = ("category_id", "region_id", "chain_id", "urgency")


@dataclass(frozen=True)
class Words:
    """Sentences with the names of the directory, read once."""

    names: dict[str, dict[int, str]]

    @classmethod
    def read(cls) -> "Words":
        """With all names, of inactive rows too."""
        return cls(queries.names())

    def when(self, conditions: Conditions) -> str:
        """“类别“融资” 且 县市区“东昌府区””."""
        category, region, chain, urgency = conditions
        parts = []
        if category is not None:
            parts.append(_("类别“%(name)s”", name=self._name("category", category)))
        if region is not None:
            parts.append(_("县市区“%(name)s”", name=self._name("region", region)))
        if chain is not None:
            parts.append(_("产业链“%(name)s”", name=self._name("chain", chain)))
        if urgency is not None:
            parts.append(_("%(urgency)s诉求", urgency=urgency_name(str(urgency))))
        return _(" 且 ").join(parts) or _("其余所有诉求")

    def unit(self, department_id: int | None) -> str:
        """The name of a unit."""
        return self._name("department", department_id)

    def case(self, facts: RouteFacts) -> str:
        """One ticket by its four dimensions: “融资、东昌府区、轴承、一般”."""
        words = [self._name("category", facts.category_id), self._name("region", facts.region_id)]
        chain = self._name("chain", facts.chain_id) if facts.chain_id else _("无产业链")
        return _("、").join([*words, chain, urgency_name(facts.urgency)])

    def groups(self, rules: Sequence[Rule], rates: Iterable[ReturnRate] = ()) -> list[View]:
        """The rules as they win, the most specific first, in groups by how many conditions."""
        labels = (_("其余"), _("一个条件"), _("两个条件"), _("三个条件"), _("四个条件"))
        known = {rate.number: rate for rate in rates}
        ordered = sorted(rules, key=lambda rule: (rule.specificity, -rule.number), reverse=True)
        found: list[View] = []
        for rule in ordered:
            label = labels[rule.specificity[0]]
            if not found or found[-1]["label"] != label:
                found.append({"label": label, "rows": []})
            found[-1]["rows"].append(
                {
                    "rule": rule,
                    "when": self.when(rule.conditions),
                    "unit": self.unit(rule.department_id),
                    "rate": known.get(rule.number),
                }
            )
        return found

    def errors(self, found: Findings) -> list[str]:
        """What keeps a version from being put in force."""
        away = [self._dead(one) for one in found.dead if one.why is Why.UNIT]
        return [*(self._tie(one) for one in found.ties), *away]

    def warnings(self, found: Findings) -> list[str]:
        """What should be looked at, and does no harm."""
        dead = [self._dead(one) for one in found.dead if one.why is not Why.UNIT]
        nobody = [
            _(
                "第 %(n)d 条派往%(unit)s，那里没有在用的承办人，派到的诉求会转派单员。",
                n=rule.number,
                unit=self.unit(rule.department_id),
            )
            for rule in found.unmanned
        ]
        return [*dead, *nobody]

    def gaps(self, found: Findings) -> list[str]:
        """Which tickets reach no rule."""
        return [self._gap(one) for one in found.gaps]

    def changes(self, made: Iterable[Change]) -> list[str]:
        """What a version changes, each as a sentence."""
        return [self._change(one.conditions, one.before, one.after) for one in made]

    def edits(self, made: Iterable[RulebookEdit]) -> list[View]:
        """What was done to a draft, by whom and when."""
        return [{"who": one.by.name, "at": one.at, "what": self._edit(one)} for one in made]

    def _edit(self, one: RulebookEdit) -> str:
        before, after = one.before, one.after
        if before and after and any(before[name] != after[name] for name in _NAMES):
            return _(
                "把“%(old)s”改为“%(new)s”",
                old=self._sentence(before),
                new=self._sentence(after),
            )
        some = after or before or {}
        return self._change(
            tuple(some.get(name) for name in _NAMES),
            before["department_id"] if before else None,
            after["department_id"] if after else None,
        )

    def _sentence(self, rule: dict[str, Any]) -> str:
        return self.sentence(tuple(rule[name] for name in _NAMES), rule["department_id"])

    def sentence(self, conditions: Conditions, department_id: int) -> str:
        """“类别“融资” → 市金融局”."""
        return f"{self.when(conditions)} → {self.unit(department_id)}"

    def _change(self, conditions: Conditions, before: int | None, after: int | None) -> str:
        when = self.when(conditions)
        if before is None:
            return _("新增：%(when)s → %(unit)s", when=when, unit=self.unit(after))
        if after is None:
            return _("删除：%(when)s → %(unit)s", when=when, unit=self.unit(before))
        return _(
            "改派：%(when)s，由%(old)s改为%(new)s",
            when=when,
            old=self.unit(before),
            new=self.unit(after),
        )

    def _tie(self, tie: Tie) -> str:
        both = [
            _("第 %(n)d 条派往%(unit)s", n=one.number, unit=self.unit(one.department_id))
            for one in tie.rules
        ]
        return _(
            "同样具体却派往不同单位：%(rules)s。例如“%(case)s”的诉求不知该派给谁。"
            "请给其中一条再加一个条件，或删除一条。",
            rules=_("，").join(both),
            case=self.case(tie.example),
        )

    def _dead(self, dead: Dead) -> str:
        n, unit = dead.rule.number, self.unit(dead.rule.department_id)
        match dead.why:
            case Why.UNIT:
                return _("第 %(n)d 条派往%(unit)s，这个单位已停用。请改派或删除。", n=n, unit=unit)
            case Why.VALUE:
                return _("第 %(n)d 条永远用不上：它的条件中有已停用的类别、县市区或产业链。", n=n)
        by = _("、").join(_("第 %(n)d 条", n=one.number) for one in dead.by)
        return _("第 %(n)d 条永远用不上：它的情形都由更具体的%(by)s决定。", n=n, by=by)

    def _gap(self, gap: Gap) -> str:
        name = self._name("category", gap.category_id)
        if gap.missing == gap.cases:
            return _("“%(name)s”没有规则，全部转派单员。", name=name)
        return _(
            "“%(name)s”的 %(cases)d 种情形中有 %(missing)d 种没有规则，转派单员，例如“%(case)s”。",
            name=name,
            cases=gap.cases,
            missing=gap.missing,
            case=self.case(gap.example),
        )

    def _name(self, kind: str, row_id: Any) -> str:
        return self.names[kind].get(row_id, _("已停用"))
