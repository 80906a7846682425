"""Labelled texts for tests of the suggestion: three categories with words of their own."""

from datetime import timedelta
from random import Random

from portal.db import transaction
from portal.suggest import evaluation
from portal.suggest.model import to_bytes
from portal.suggest.models import SuggestModel
from portal.tickets.models import Ticket
from tests.factories import MONDAY, Town

WORDS = {
    "融资": ["贷款", "续贷", "银行", "抵押", "授信", "利率", "放款", "担保", "流动资金", "抽贷"],
    "用工社保": ["招工", "社保", "缴费", "工伤", "普工", "劳务", "稳岗", "用工", "缺工", "技工"],
    "税费": ["税务", "增值税", "退税", "发票", "减免", "留抵", "税率", "申报", "纳税", "所得税"],
}
FILLING = [
    *("我们公司今年遇到困难", "情况比较急", "希望尽快答复"),
    *("材料已经交了", "一直没有消息", "请帮忙协调"),
]


def labelled(per_class: int, seed: int = 1) -> list[tuple[str, str, str]]:
    """Title, text and category: `per_class` of each category, all different."""
    source = Random(seed)
    rows = []
    for category, words in WORDS.items():
        for number in range(per_class):
            title = "".join(source.sample(words, 2)) + "有困难"
            said = [*source.sample(words, 3), *source.sample(FILLING, 3)]
            source.shuffle(said)
            rows.append((title, "，".join(said) + "，" + "甲乙丙丁戊己庚辛"[number % 8], category))
    return rows


def closed(town: Town, per_class: int = 20, seed: int = 1) -> None:
    """Closed tickets of three categories, as a history brings them in."""
    with transaction() as session:
        for number, (title, text, category) in enumerate(labelled(per_class, seed)):
            at = MONDAY + timedelta(minutes=number + 1000 * seed)
            session.add(
                Ticket(
                    number=f"SQ20260302-{seed}{number:05d}",
                    query_code="ABCDEFGH",
                    channel="import",
                    enterprise_id=town.enterprise_id,
                    region_id=town.region_id,
                    category_id=town.categories[category],
                    urgency="normal",
                    title=title,
                    description=text,
                    contact_name="王经理",
                    contact_phone="13800001111",
                    status="closed",
                    outcome="solved",
                    confirmation="confirmed",
                    submitted_at=at,
                    closed_at=at,
                    last_event_at=at,
                )
            )


def learned(town: Town) -> None:
    """A model in use that knows the three categories of the town; no ticket is needed for it."""
    rows = [(title, text, str(town.categories[name])) for title, text, name in labelled(12)]
    known = {str(row_id): (name, "") for name, row_id in town.categories.items()}
    ready = evaluation.prepare([evaluation.Sample(*row) for row in rows], known)
    model, report = evaluation.train(ready)
    figures = {name: getattr(report, name) for name in ("accuracy", "macro_f1", "top3", "curve")}
    with transaction() as session:
        session.add(
            SuggestModel(
                state="trained",
                asked_by="吴管",
                asked_at=MONDAY,
                ended_at=MONDAY,
                n=report.n,
                classes=report.classes,
                figures=figures,
                body=to_bytes(model),
            )
        )
