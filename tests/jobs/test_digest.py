"""Escalations are told in working hours, together, and once (domain.md §3; lessons.md 10, 11)."""

from sqlalchemy import select

from portal.auth.models import User
from portal.auth.roles import Actor
from portal.extensions import db
from portal.notify.messages import lines, words
from portal.notify.models import Notice
from portal.outbox import relay
from portal.sla.sweep import sweep
from portal.tickets.service import handle
from tests.factories import MONDAY, Town
from tests.service.stages import assigned, file, local, shown, signed

EVENING = local("2026-03-23 17:31")  # a resolve clock of MONDAY is red, the office closed
OPENING = local("2026-03-24 08:30")


def notices(who: Actor, *kinds: str) -> list[Notice]:
    db.session.rollback()
    query = select(Notice).where(Notice.user_id == who.id, Notice.kind.in_(kinds))
    return list(db.session.scalars(query.order_by(Notice.id)))


def test_what_happens_at_night_is_told_at_the_next_opening_in_one_notice(town: Town) -> None:
    plays = [file(town) for _ in range(3)]
    relay.drain(lambda: MONDAY)
    for play in plays:
        play.sign().do(handle.reply, play.who, "正在协调")
    sweep(EVENING)
    relay.drain(lambda: EVENING)
    assert notices(town.reviewer, "breach", "digest") == []
    relay.drain(lambda: OPENING)
    (digest,) = notices(town.reviewer, "breach", "digest")
    assert (digest.kind, digest.ticket_id, digest.created_at) == ("digest", None, OPENING)
    assert sorted(number for number, _ in lines(digest)) == sorted(p.ticket.number for p in plays)


def test_a_digest_is_put_into_words_item_by_item(app, town: Town) -> None:
    plays = [signed(town), signed(town)]
    for play in plays:
        play.do(handle.reply, play.who, "正在协调")
    sweep(EVENING)
    relay.drain(lambda: OPENING)
    (digest,) = notices(town.reviewer, "digest")
    with app.test_request_context():
        assert words(digest) == "您有 2 件诉求需要关注："
        assert {text for _, text in lines(digest)} == {
            "诉求“流动资金不足”的办结时限已超期，请立即处理。"
        }


def test_a_single_escalation_stays_a_plain_notice(town: Town) -> None:
    play = signed(town).do(handle.reply, town.cadre, "正在协调")
    sweep(EVENING)
    relay.drain(lambda: OPENING)
    (notice,) = notices(town.reviewer, "breach", "digest")
    assert (notice.kind, notice.ticket_id) == ("breach", play.ticket_id)


def test_the_same_due_is_told_once_and_a_read_digest_grows_unread(town: Town) -> None:
    signed(town).do(handle.reply, town.cadre, "正在协调")
    sweep(EVENING)
    sweep(EVENING)
    relay.drain(lambda: OPENING)
    (notice,) = notices(town.reviewer, "breach", "digest")
    notice.read_at = OPENING
    db.session.commit()
    other = signed(town)
    other.do(handle.reply, other.who, "正在协调")
    sweep(local("2026-03-23 20:00"))
    relay.drain(lambda: local("2026-03-24 08:31"))
    (notice,) = notices(town.reviewer, "breach", "digest")
    assert (notice.kind, notice.read_at, len(lines(notice))) == ("digest", None, 2)


def test_an_act_is_answered_at_once_even_at_night(town: Town) -> None:
    play = signed(town).later(to="2026-03-02 22:00")
    play.do(handle.reply, town.cadre, "正在协调").relay()
    assert [one.created_at for one in notices(town.firm, "reply")] == [play.now]


def test_in_working_hours_an_escalation_is_told_at_once(town: Town) -> None:
    play = assigned(town).later(to="2026-03-02 11:01")
    sweep(play.now)
    relay.drain(lambda: play.now)
    reviewer = db.session.get_one(User, town.reviewer.id)
    (notice,) = notices(reviewer.actor, "breach")
    assert shown(notice.created_at) == "2026-03-02 11:01"
