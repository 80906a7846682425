"""What the registry knows beyond names: titles, short names, skills, capacity, chiefs, both trees.

Entered when all is played, so that the played year goes by what was known then.
"""

from datetime import UTC, date, datetime
from random import Random

from sqlalchemy import func, select

from portal.auth.models import User
from portal.auth.roles import Role
from portal.demo import names, places
from portal.demo.accounts import BY_USERNAME
from portal.demo.cast import Cast, PlayedFirm
from portal.directory import (
    cadre_queries,
    category_service,
    firm_service,
    place_service,
)
from portal.directory.category_service import CategoryFields
from portal.directory.changes import Editor
from portal.directory.firm_service import Contact
from portal.directory.models import (
    Category,
    Enterprise,
    EnterpriseClass,
    EnterpriseContact,
    Skill,
)
from portal.directory.place_service import PlaceFields
from portal.extensions import db

ENTERED = datetime(2025, 3, 3, 2, 0, tzinfo=UTC)
FIRST_PHONE = 7000  # after all that Town has given out
# Each unit below a unit with the number of its cadres.
BELOW: tuple[tuple[str, str, int], ...] = (
    (places.INDUSTRY, "市企业服务中心", 2),
    ("市人力资源和社会保障局", "市公共就业服务中心", 2),
    ("市自然资源和规划局", "市不动产登记中心", 2),
)
# Each kind of a category with what the firm is asked to write.
KINDS: dict[str, dict[str, tuple[str, ...]]] = {
    "融资": {
        "贷款续贷": ("贷款银行和金额", "到期日", "银行的答复", "希望解决的问题"),
        "首贷信用贷": ("需要的金额和用途", "近两年营业收入", "已对接的银行", "希望解决的问题"),
        "担保增信": ("需要担保的金额", "已联系的担保机构", "目前卡在哪里", "希望解决的问题"),
    },
    "用工社保": {
        "招工缺工": ("岗位和人数", "工资待遇", "到岗时间", "希望解决的问题"),
        "社保缴费": ("涉及的险种和月份", "社保经办机构的答复", "希望解决的问题"),
    },
    "水电气热": {
        "停电限电": ("用户编号和地址", "停电时间", "对生产的影响", "希望解决的问题"),
        "供热供气": ("用户编号和地址", "压力或温度", "对生产的影响", "希望解决的问题"),
    },
}
INDUSTRIES: dict[str, tuple[str, ...]] = {
    "有色金属及深加工": ("有色金属压延加工", "金属制品业"),
    "绿色化工": ("专用化学产品制造", "肥料制造"),
    "高端装备": ("通用设备制造", "专用设备制造"),
    "汽车及零部件": ("汽车零部件及配件制造", "改装汽车制造"),
    "轴承": ("轴承制造", "轴承、齿轮和传动部件制造"),
    "纺织服装": ("棉纺织及印染精加工", "机织服装制造"),
    "医药健康": ("中成药生产", "保健食品制造"),
    "农副产品加工": ("蔬菜加工", "调味品制造"),
    "新能源新材料": ("电池制造", "复合材料制造"),
    "电子信息": ("电子元件制造", "敏感元件及传感器制造"),
    "现代物流": ("道路货物运输", "装卸搬运和仓储业"),
    "文旅": ("工艺美术品制造", "文化会展服务"),
}
# Each title with how many of a hundred firms hold it, and for how many years (0: no end).
TITLES: tuple[tuple[str, int, int], ...] = (
    ("above_scale", 45, 0),
    ("specialised", 22, 3),
    ("high_tech", 18, 3),
    ("gazelle", 8, 3),
    ("champion", 3, 3),
)


def enter(cast: Cast, rng: Random) -> None:
    """All that the registry's pages show beyond names, entered by the administrator."""
    admin = db.session.scalars(select(User).where(User.role == Role.ADMIN)).first()
    editor = Editor(admin.id if admin is not None else None, ENTERED)
    _chiefs(cast, editor)
    _kinds(cast, editor)
    _units(cast, editor, rng)
    for firm in cast.firms:
        _profile(firm, rng)
    db.session.flush()
    _own_firm(cast.firms[0], editor)
    _abilities(cast, rng)
    db.session.flush()


def _chiefs(cast: Cast, editor: Editor) -> None:
    """The leader takes the first chains, the supervisors share the others."""
    leader = BY_USERNAME["lingdao"].username
    leader_id = db.session.scalars(select(User.id).where(User.username == leader)).one()
    people = [leader_id, *(one.id for one in cast.supervisors if one.id is not None)]
    for place, (name, chain_id) in enumerate(cast.chains.items()):
        fields = PlaceFields(name, place + 1, chief_id=people[place % len(people)])
        place_service.save_place(editor, "chains", chain_id, fields)


def _kinds(cast: Cast, editor: Editor) -> None:
    present = set(db.session.scalars(select(Category.name)))
    for above, kinds in KINDS.items():
        parent = db.session.get_one(Category, cast.categories[above])
        for position, (name, asks) in enumerate(kinds.items(), 1):
            if name in present:
                continue
            template = "\n".join(f"{line}：" for line in asks)
            fields = CategoryFields(
                name=name,
                template=template,
                needs_review=parent.needs_review,
                by_pairing=parent.by_pairing,
                complex=parent.complex,
                consult=parent.consult,
                position=position,
                parent_id=parent.id,
            )
            category_service.save_category(editor, None, fields)


def _units(cast: Cast, editor: Editor, rng: Random) -> None:
    """Three units below others, each with people of its own."""
    people = names.people(rng)
    taken = set(db.session.scalars(select(User.name)))
    free = [name for name in people if name not in taken]
    password_hash = db.session.scalars(select(User.password_hash).limit(1)).one()
    for position, (above, name, size) in enumerate(BELOW, 1):
        fields = PlaceFields(name, position, parent_id=cast.departments[above])
        unit = place_service.save_place(editor, "departments", None, fields)
        db.session.flush()
        for place, role in enumerate((*[Role.CADRE] * size, Role.REVIEWER), 1):
            db.session.add(
                User(
                    username=f"{'zx' if role is Role.CADRE else 'zxsh'}{position}{place}",
                    name=free.pop(),
                    role=role,
                    password_hash=password_hash,
                    department_id=unit.id,
                    phone=names.phone(FIRST_PHONE + position * 10 + place),
                    created_at=ENTERED,
                    password_changed_at=ENTERED,
                )
            )


def _profile(firm: PlayedFirm, rng: Random) -> None:
    row = db.session.get_one(Enterprise, firm.id)
    stem = places.REGIONS[firm.region][2]
    row.short_name = firm.name.removeprefix(stem).removesuffix("有限公司")
    row.industry = rng.choice(INDUSTRIES[firm.chain])
    for title, share, years in TITLES:
        small = title == "above_scale" and row.size in ("micro", "small")
        if rng.randrange(100) >= (share // 3 if small else share):
            continue
        first = date(rng.randrange(2021, 2026), rng.randrange(1, 13), 1)
        last = date(first.year + years, first.month, 1) if years else None
        db.session.add(
            EnterpriseClass(enterprise_id=firm.id, name=title, valid_from=first, valid_to=last)
        )
    if rng.random() < 0.3:
        post = rng.choice(("财务负责人", "行政主管", "厂长", "办公室主任"))
        db.session.add(
            EnterpriseContact(
                enterprise_id=firm.id,
                name=rng.choice(names.SURNAMES) + rng.choice(names.FIRST),
                phone=names.phone(8000 + rng.randrange(1999)),
                post=post,
            )
        )


def _own_firm(firm: PlayedFirm, editor: Editor) -> None:
    """The visitor's firm has a history to look at."""
    held = select(func.count()).where(
        EnterpriseClass.enterprise_id == firm.id, EnterpriseClass.name == "specialised"
    )
    if not db.session.scalar(held):
        days = date(2024, 7, 1), date(2027, 6, 30)
        firm_service.save_title(editor, firm.id, None, "specialised", *days)
    contact = Contact("韩会计", names.phone(7999), "财务负责人")
    firm_service.save_contact(editor, firm.id, None, contact)


def _abilities(cast: Cast, rng: Random) -> None:
    """The first of each team takes everything; the others know what their unit answers."""
    answered: dict[int, list[int]] = {}
    for category, unit in places.BY_CATEGORY.items():
        answered.setdefault(cast.departments[unit], []).append(cast.categories[category])
    loads = cadre_queries.loads_of(cast.cadres)
    seen: set[int] = set()
    for cadre_id, cadre in cast.cadres.items():
        unit_id = cadre.department_id or 0
        user = db.session.get_one(User, cadre_id)
        if unit_id in seen:
            for category_id in answered.get(unit_id, []):
                db.session.add(Skill(cadre_id=cadre_id, category_id=category_id))
        seen.add(unit_id)
        if rng.random() < 0.7:
            user.capacity = loads.get(cadre_id, 0) + rng.randrange(6, 15)
