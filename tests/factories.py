"""Makes the people and firms that tests need; one password hash, made once."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import count

from sqlalchemy import func, select
from stdnum.cn import uscc

from portal.auth.hashing import HASHER
from portal.auth.models import User
from portal.auth.roles import Actor, Role
from portal.directory.models import Category, Chain, Department, Enterprise, Region
from portal.extensions import db
from portal.routing.models import DispatchRule, Rulebook

PASSWORD = "liaocheng-2026"
# The least of argon2: thousands of sign-ins would be a quarter of what all tests cost.
CHEAP = {"PASSWORD_MEMORY_KIB": 32, "PASSWORD_ROUNDS": 1}
# A Monday morning in working time, in a confirmed year: 09:00 in Shanghai.
MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
_numbers = count(1)


@cache
def password_hash() -> str:
    """The hash of everybody's password, made once, when the application has set its cost."""
    return HASHER.hash(PASSWORD)


@dataclass
class Town:
    """Ids and actors; `people` maps a name such as "cadre" to its actor."""

    people: dict[str, Actor]
    categories: dict[str, int]
    departments: dict[str, int]
    enterprise_id: int
    other_enterprise_id: int
    region_id: int
    chain_id: int

    def __getattr__(self, name: str) -> Actor:
        try:
            return self.__dict__["people"][name]
        except KeyError:
            raise AttributeError(name) from None


def make_uscc(seed: int) -> str:
    """A valid code that belongs to nobody: the region 000000 is not given out."""
    body = f"91000000{seed:09d}"
    return body + uscc.calc_check_digit(body)


def make_enterprise(name: str, region_id: int, chain_id: int | None = None) -> Enterprise:
    """A firm with a code of its own."""
    firm = Enterprise(
        uscc=make_uscc(next(_numbers)),
        name=name,
        region_id=region_id,
        chain_id=chain_id,
        size="small",
        contact_name="王经理",
        contact_phone="13800001111",
    )
    db.session.add(firm)
    db.session.flush()
    return firm


def make_user(
    username: str,
    role: Role,
    name: str,
    *,
    department_id: int | None = None,
    enterprise_id: int | None = None,
) -> User:
    """An active account with PASSWORD."""
    user = new_user(username, role, name, department_id, enterprise_id)
    db.session.flush()
    return user


def new_user(
    username: str,
    role: Role,
    name: str,
    department_id: int | None = None,
    enterprise_id: int | None = None,
) -> User:
    """As make_user, in the session but without its id yet."""
    user = User(
        username=username,
        name=name,
        role=role,
        password_hash=password_hash(),
        department_id=department_id,
        enterprise_id=enterprise_id,
        phone="13900002222",
    )
    db.session.add(user)
    return user


def make_rule(department_id: int, **conditions: int | str) -> DispatchRule:
    """A dispatch rule in force at once, in the version that is in force or in a first one."""
    force = db.session.scalar(select(Rulebook).where(Rulebook.state == "in_force"))
    if force is None:
        force = Rulebook(version=1, state="in_force", made_at=MONDAY, enacted_at=MONDAY)
        db.session.add(force)
        db.session.flush()
    number = (db.session.scalar(select(func.max(DispatchRule.number))) or 0) + 1
    rule = DispatchRule(
        rulebook_id=force.id, number=number, department_id=department_id, **conditions
    )
    db.session.add(rule)
    db.session.flush()
    return rule


def make_town() -> Town:
    """Two firms, two departments, one rule (融资 → 金融局), one person of each role; committed."""
    region, chain = Region(name="东昌府区"), Chain(name="轴承")
    finance, labour = Department(name="市金融局"), Department(name="市人社局")
    db.session.add_all((region, chain, finance, labour))
    db.session.flush()
    firm = make_enterprise("鲁西轴承有限公司", region.id, chain.id)
    other = make_enterprise("东阿食品有限公司", region.id)
    users = {
        "firm": new_user("firm", Role.APPLICANT, "王经理", enterprise_id=firm.id),
        "other": new_user("other", Role.APPLICANT, "赵经理", enterprise_id=other.id),
        "cadre": new_user("cadre", Role.CADRE, "李明", department_id=finance.id),
        "cadre2": new_user("cadre2", Role.CADRE, "孙强", department_id=finance.id),
        "labour": new_user("labour", Role.CADRE, "周敏", department_id=labour.id),
        "reviewer": new_user("reviewer", Role.REVIEWER, "陈局", department_id=finance.id),
        "dispatcher": new_user("dispatcher", Role.DISPATCHER, "刘派"),
        "supervisor": new_user("supervisor", Role.SUPERVISOR, "郑督"),
        "leader": new_user("leader", Role.LEADER, "高市长"),
        "admin": new_user("admin", Role.ADMIN, "吴管"),
        "security": new_user("security", Role.SECURITY_ADMIN, "安全"),
        "auditor": new_user("auditor", Role.AUDITOR, "审计"),
    }
    db.session.flush()  # all of them in one statement
    categories = dict(db.session.execute(select(Category.name, Category.id)).all())
    make_rule(finance.id, category_id=categories["融资"])
    town = Town(
        people={name: user.actor for name, user in users.items()},
        categories=categories,
        departments={"finance": finance.id, "labour": labour.id},
        enterprise_id=firm.id,
        other_enterprise_id=other.id,
        region_id=region.id,
        chain_id=chain.id,
    )
    db.session.commit()
    return town
