"""The twelve registers as sheets: their columns with headings, keys and notes. Pure data."""

from dataclasses import dataclass
from functools import cached_property

from portal.auth.roles import Role
from portal.errors import N_
from portal.sheets.columns import (
    ANSWERS,
    Column,
    choice,
    days,
    firm_code,
    phone,
    place,
    sentences,
    state,
    text,
    told,
    username,
    whole,
)
from portal.sheets.examples import EXAMPLES

SIZES = {"large": N_("大型"), "medium": N_("中型"), "small": N_("小型"), "micro": N_("微型")}
TITLES = {
    "specialised": N_("专精特新"),
    "champion": N_("单项冠军"),
    "gazelle": N_("瞪羚"),
    "above_scale": N_("规上"),
    "unicorn": N_("独角兽"),
    "high_tech": N_("高新技术"),
}
STAFF = {
    Role.CADRE.value: N_("助企干部"),
    Role.REVIEWER.value: N_("分管负责人"),
    Role.DISPATCHER.value: N_("派单员"),
    Role.SUPERVISOR.value: N_("督办员"),
    Role.LEADER.value: N_("领导"),
}
URGENCIES = {"normal": N_("一般"), "urgent": N_("紧急"), "critical": N_("特急")}
PHONE_ASK = N_("11 位手机号，或带区号的座机，如 0635-8123456。")
NAMED = N_("填写已有的名称。")
NAMED_OR_ANY = N_("填写已有的名称；留空表示不限。")
CADRE_ASK = N_("助企干部的用户名。")
DEPUTY_ASK = N_("助企干部的用户名；可以留空。")
UNIQUE_NAME = N_("名称不能重复；同名的行是对已有一条的修改。")


@dataclass(frozen=True)
class Sheet:
    """One register: what it is called, its columns, and which of them name a row."""

    kind: str
    title: str
    about: str
    columns: tuple[Column, ...]
    keys: tuple[str, ...]

    @cached_property
    def by_key(self) -> dict[str, Column]:
        """The columns that are read, by key."""
        return {column.key: column for column in self.columns if not column.told}

    @cached_property
    def by_heading(self) -> dict[str, Column]:
        """All columns by heading."""
        return {column.heading: column for column in self.columns}

    @property
    def example(self) -> dict[str, str]:
        """The template's example row."""
        return EXAMPLES[self.kind]


def _firm() -> Column:
    note = N_("18 位统一社会信用代码；这一列请设为文本。")
    return Column("uscc", N_("统一社会信用代码"), firm_code, required=True, note=note)


def _firm_name() -> Column:
    return told("firm", N_("企业名称"))


def _cadre() -> Column:
    return Column("username", N_("用户名"), username, required=True, note=CADRE_ASK)


def _cadre_name() -> Column:
    return told("cadre", N_("干部姓名"))


def _deputy() -> Column:
    return Column("deputy", N_("代理人用户名"), username, note=DEPUTY_ASK)


def _name(most: int) -> Column:
    return text("name", N_("名称"), most, required=True, note=UNIQUE_NAME)


def _answer(key: str, heading: str, fallback: bool, note: str) -> Column:
    return choice(key, heading, ANSWERS, required=True, fallback=fallback, note=note)


_ALL = (
    Sheet(
        "enterprises",
        N_("企业"),
        N_("信用代码、名称、县市区、产业链、规模和主要联系人。"),
        (
            _firm(),
            text("name", N_("企业名称"), required=True),
            text("short_name", N_("简称"), 30),
            text("region", N_("县市区"), required=True, note=NAMED),
            text("chain", N_("产业链"), note=N_("填写已有的名称；可以留空。")),
            text("industry", N_("行业")),
            choice("size", N_("规模"), SIZES, required=True),
            text("contact_name", N_("联系人"), 30, required=True),
            Column("contact_phone", N_("联系电话"), phone, required=True, note=PHONE_ASK),
        ),
        ("uscc",),
    ),
    Sheet(
        "titles",
        N_("企业称号"),
        N_("专精特新、瞪羚、规上等称号，以及有效的起止日期。"),
        (
            _firm(),
            _firm_name(),
            choice("name", N_("称号"), TITLES, required=True),
            days("valid_from", N_("生效日期"), required=True),
            days("valid_to", N_("失效日期"), note=N_("最后有效的一天；长期有效请留空。")),
        ),
        ("uscc", "name", "valid_from"),
    ),
    Sheet(
        "contacts",
        N_("企业其他联系人"),
        N_("主要联系人以外的联系人，一人一行。"),
        (
            _firm(),
            _firm_name(),
            Column("phone", N_("电话"), phone, required=True, note=PHONE_ASK),
            text("name", N_("姓名"), 30, required=True),
            text("post", N_("职务"), 30),
        ),
        ("uscc", "phone"),
    ),
    Sheet(
        "departments",
        N_("承办单位"),
        N_("单位、上级单位、电话和排列顺序。"),
        (
            _name(40),
            text("parent", N_("上级单位"), 40, note=N_("已有的单位，或本表中的单位；没有请留空。")),
            Column("phone", N_("电话"), phone, note=PHONE_ASK),
            place(),
            state(),
        ),
        ("name",),
    ),
    Sheet(
        "staff",
        N_("工作人员"),
        N_("助企干部、分管负责人、派单员、督办员和领导的账号。"),
        (
            Column(
                "username",
                N_("用户名"),
                username,
                required=True,
                note=N_("3 到 32 位字母、数字和 . _ - @；不能重复。"),
            ),
            text("name", N_("姓名"), 30, required=True),
            choice("role", N_("角色"), STAFF, required=True),
            text(
                "department",
                N_("所在单位"),
                40,
                note=N_("助企干部和分管负责人必填，其他角色请留空。"),
            ),
            Column("phone", N_("电话"), phone, note=PHONE_ASK),
            Column(
                "capacity",
                N_("同时承办上限"),
                whole(1, 9999),
                note=N_("最多同时办理多少件；不限请留空。"),
            ),
            state(),
        ),
        ("username",),
    ),
    Sheet(
        "skills",
        N_("干部专长"),
        N_("助企干部熟悉的诉求类别，一个类别一行。"),
        (_cadre(), _cadre_name(), text("category", N_("诉求类别"), 20, required=True, note=NAMED)),
        ("username", "category"),
    ),
    Sheet(
        "leave",
        N_("请假"),
        N_("助企干部请假的起止日期和代理人。"),
        (
            _cadre(),
            _cadre_name(),
            days("starts_on", N_("开始日期"), required=True),
            days("ends_on", N_("结束日期"), required=True),
            _deputy(),
        ),
        ("username", "starts_on"),
    ),
    Sheet(
        "pairings",
        N_("包联"),
        N_("企业的包联干部、代理人和起止日期，历史保留。"),
        (
            _firm(),
            _firm_name(),
            days(
                "starts_on",
                N_("开始日期"),
                required=True,
                note=N_("日期；换人请另写一行，原来的包联在新的开始日期前一天结束。"),
            ),
            Column("owner", N_("包联干部用户名"), username, required=True, note=CADRE_ASK),
            _cadre_name(),
            _deputy(),
            days("ends_on", N_("结束日期"), note=N_("最后一天；没有定下请留空。")),
        ),
        ("uscc", "starts_on"),
    ),
    Sheet(
        "regions",
        N_("县市区"),
        N_("名称和排列顺序。"),
        (_name(40), place(), state()),
        ("name",),
    ),
    Sheet(
        "chains",
        N_("产业链"),
        N_("名称、链长和排列顺序。"),
        (
            _name(40),
            Column(
                "chief", N_("链长用户名"), username, note=N_("督办员或领导的用户名；可以留空。")
            ),
            place(),
            state(),
        ),
        ("name",),
    ),
    Sheet(
        "categories",
        N_("诉求类别"),
        N_("两级类别、填写提示、审核和时限。"),
        (
            _name(20),
            text("parent", N_("上级类别"), 20, note=N_("只有两级：上级类别自己不能有上级。")),
            Column("template", N_("填写提示"), sentences, note=N_("企业填写时先出现的几行字。")),
            _answer("needs_review", N_("办结须审核"), True, N_("办结后先由分管负责人审核。")),
            _answer("by_pairing", N_("优先派给包联干部"), True, N_("否：直接按派单规则派单。")),
            _answer("complex", N_("复杂事项"), False, N_("办结时限按复杂事项计算。")),
            _answer("consult", N_("咨询事项"), False, N_("答复时限按咨询事项计算。")),
            place(),
            state(),
        ),
        ("name",),
    ),
    Sheet(
        "rules",
        N_("派单规则"),
        N_("什么样的诉求派给哪个单位；只列在用的规则。"),
        (
            text("category", N_("诉求类别"), 20, note=NAMED_OR_ANY),
            text("region", N_("县市区"), 40, note=NAMED_OR_ANY),
            text("chain", N_("产业链"), 40, note=NAMED_OR_ANY),
            choice("urgency", N_("紧急程度"), URGENCIES, note=N_("留空表示不限。")),
            text("department", N_("承办单位"), 40, required=True, note=NAMED),
        ),
        ("category", "region", "chain", "urgency"),
    ),
)
SHEETS: dict[str, Sheet] = {sheet.kind: sheet for sheet in _ALL}
