"""Bulk tickets with real words: messages of ../shared/data, mixed, by COPY, for the benches.

Every ticket is a message with sentences of another one, so words are as common as in real life,
and no two tickets are alike.
"""

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy.engine import make_url

from portal.search.terms import lexemes, normalise
from tests.factories import make_uscc

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
FIRMS, UNITS, CADRES = 10_000, 40, 400
SPAN = timedelta(days=1500)
_TICKET = (
    "id, number, query_code, channel, enterprise_id, region_id, chain_id, category_id, urgency,"
    " title, description, contact_name, contact_phone, status, round, version, event_count,"
    " department_id, assignee_id, route_reasons, return_pending, order_pending, outcome,"
    " closed_at, submitted_at, accepted_at, assigned_at, last_event_at, sealed, sealed_about_id"
)
SEALED_EVERY = 100  # one of so many is sealed and names a unit that has not got it
_EVENT = (
    "ticket_id, seq, version, action, actor_role, actor_name, at, to_status, round, public, payload"
)
_TEXT = 'ticket_id, head, body, replies, "inner", grams'


@dataclass(frozen=True)
class Place:
    """What the tickets hang on: ids of firms with their heads, units, cadres, and the rest."""

    firms: list[tuple[int, str, str]]
    units: list[int]
    cadres: dict[int, list[int]]
    regions: list[int]
    chains: list[int]
    categories: list[int]


def messages(folder: Path) -> list[tuple[str, str, str]]:
    """Subject, body and reply (may be empty) of every message."""
    found = []
    for name in ("messages_with_replies.csv", "messages_2019_clusters.csv"):
        with (folder / name).open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                found.append((row["subject"], row["body"], row.get("reply") or ""))
    return found


def connect(url: str) -> psycopg.Connection:
    """A driver's connection to what SQLAlchemy calls `url`."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain)


def _firms(connection: Any, regions: list[int], chains: list[int]) -> None:
    dice = random.Random(4)
    words = "鲁西东阿高唐华信恒通瑞丰金泰润达宏远博海盛兴隆泰和顺昌"
    trades = ("轴承", "化工", "纺织", "食品", "医药", "新材料", "机械", "铝业", "包装", "电缆")
    with connection.cursor().copy(
        "COPY enterprise (uscc, name, region_id, chain_id, size, contact_name, contact_phone)"
        " FROM STDIN"
    ) as copy:
        for n in range(FIRMS):
            name = "".join(dice.sample(words, 4)) + dice.choice(trades) + "有限公司"
            copy.write_row(
                (
                    make_uscc(500_000 + n),
                    name,
                    dice.choice(regions),
                    dice.choice(chains),
                    "small",
                    "",  # contacts are sealed, and this bench reads none
                    "",
                )
            )


def furnish(connection: Any) -> Place:
    """Firms, units, cadres, regions and chains by the thousand; what they are called."""
    run = connection.execute
    run(
        "INSERT INTO region (name, position, active)"
        " SELECT '县' || n, n, true FROM generate_series(1, 12) n"
    )
    run(
        "INSERT INTO chain (name, position, active)"
        " SELECT '产业链' || n, n, true FROM generate_series(1, 12) n"
    )
    run(
        "INSERT INTO department (name, position, active)"
        f" SELECT '市直单位' || n, n, true FROM generate_series(1, {UNITS}) n"
    )
    run(
        'INSERT INTO "user" (username, name, password_hash, role, department_id, active,'
        " must_change_password)"
        " SELECT 'c' || n, '干部' || n, 'x', 'cadre', (SELECT max(id) FROM department) - n %% %s,"
        " true, false FROM generate_series(1, %s) n",
        (UNITS, CADRES),
    )
    regions = [row[0] for row in run("SELECT id FROM region WHERE name LIKE '县%'")]
    chains = [row[0] for row in run("SELECT id FROM chain WHERE name LIKE '产业链%'")]
    _firms(connection, regions, chains)
    cadres: dict[int, list[int]] = {}
    for row in run("SELECT department_id, id FROM \"user\" WHERE username ~ '^c[0-9]+$'"):
        cadres.setdefault(row[0], []).append(row[1])
    firms = run("SELECT id, name, uscc FROM enterprise ORDER BY id").fetchall()
    categories = [row[0] for row in run("SELECT id FROM category ORDER BY id")]
    return Place(firms, sorted(cadres), cadres, regions, chains, categories)


def _mixed(dice: random.Random, all_of: list[tuple[str, str, str]]) -> tuple[str, str, str]:
    title, body, reply = dice.choice(all_of)
    _, other, answer = dice.choice(all_of)
    sentences = [one for one in other.replace("\n", "。").split("。") if one.strip()]
    more = "。".join(dice.sample(sentences, min(2, len(sentences))))
    return title, f"{body}\n{more}"[:4000], reply or answer or "已转有关单位办理。"


def tickets(number: int, first: int, place: Place, now: datetime, folder: Path) -> Iterator[dict]:
    """`number` tickets with ids from `first`, spread over some years before `now`, oldest first."""
    dice, all_of = random.Random(number), messages(folder)
    for n in range(number):
        title, body, reply = _mixed(dice, all_of)
        at = now - SPAN * (number - n) / number
        firm, unit = dice.choice(place.firms), dice.choice(place.units)
        about = place.units[n // SEALED_EVERY % len(place.units)]
        yield {
            "id": first + n,
            "number": f"SQ{at:%Y%m%d}-{n:06d}",
            "at": at,
            "firm": firm,
            "unit": unit,
            "cadre": dice.choice(place.cadres[unit]),
            "region": dice.choice(place.regions),
            "chain": dice.choice(place.chains),
            "category": dice.choice(place.categories),
            "closed": n < number * 0.95,
            "title": title[:60],
            "body": body,
            "reply": reply[:4000],
            "about": about if n % SEALED_EVERY == 0 and about != unit else None,
            "urgency": dice.choice(("normal", "normal", "normal", "urgent", "critical")),
        }


def ticket_row(one: dict) -> tuple:
    """The row of table ticket, in the order of _TICKET."""
    status = "closed" if one["closed"] else "in_progress"
    return (
        one["id"],
        one["number"],
        "x",
        "web",
        one["firm"][0],
        one["region"],
        one["chain"],
        one["category"],
        one["urgency"],
        one["title"],
        one["body"],
        "",
        "",
        status,
        1,
        1,
        2,
        one["unit"],
        one["cadre"],
        "[]",
        False,
        False,
        "explained" if one["closed"] else None,
        one["at"] if one["closed"] else None,
        one["at"],
        one["at"],
        one["at"],
        one["at"],
        one["about"] is not None,
        one["about"],
    )


def text_row(one: dict) -> tuple:
    """The row of table ticket_text, in the order of _TEXT."""
    head = [normalise(t) for t in (one["title"], one["number"], one["firm"][1], one["firm"][2])]
    body, reply = normalise(one["body"]), normalise(one["reply"])
    quoted = (
        "'" + g.replace("\\", "\\\\").replace("'", "''") + "'" for g in lexemes(head, body, [reply])
    )
    return one["id"], "\n".join(head), body, reply, "", " ".join(quoted)


def fill(connection: psycopg.Connection, number: int, now: datetime, folder: Path) -> None:
    """Puts everything into the database and its statistics, in a few minutes for 200,000."""
    place = furnish(connection)
    first = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM ticket").fetchone()
    assert first is not None
    made = list(tickets(number, first[0], place, now, folder))
    connection.execute("DROP INDEX ix_ticket_text_grams")
    connection.execute("SET maintenance_work_mem = '1GB'")
    with connection.cursor().copy(f"COPY ticket ({_TICKET}) FROM STDIN") as copy:
        for one in made:
            copy.write_row(ticket_row(one))
    with connection.cursor().copy(f"COPY ticket_event ({_EVENT}) FROM STDIN") as copy:
        for one in made:
            said = Jsonb({"text": one["reply"]})
            copy.write_row(
                (one["id"], 2, 1, "reply", "cadre", "李明", one["at"], "in_progress", 1, True, said)
            )
    with connection.cursor().copy(f"COPY ticket_text ({_TEXT}) FROM STDIN") as copy:
        for one in made:
            copy.write_row(text_row(one))
    connection.execute(
        "CREATE INDEX ix_ticket_text_grams ON ticket_text USING gin (grams)"
        " WITH (gin_pending_list_limit = 512)"
    )
    connection.execute("SELECT setval('ticket_id_seq', (SELECT max(id) FROM ticket))")
    connection.commit()
    connection.autocommit = True
    connection.execute("VACUUM ANALYZE")
