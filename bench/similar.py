"""How long it takes to find similar tickets, by the number of tickets, on real words.

Run with `python -m bench.similar [--tickets N]` on private servers; texts of ../shared/data. Each
ticket is a message with some sentences of another one, so no two are alike.
"""

import argparse
import csv
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from multiprocessing import Pool
from pathlib import Path

import psycopg
from flask_migrate import upgrade
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from portal.extensions import db
from portal.factory import create_app
from portal.problems import fingerprints, queries
from portal.problems.similarity import Frequencies, stored, vector
from tests.factories import MONDAY, Town, make_town
from tests.services import start_services

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
OWN = 40  # open tickets of the firm that types
UNITS = 2  # that have the tickets
ASKED = 200  # look-ups that are measured
KNOWN: list[Frequencies] = []


def messages(folder: Path) -> list[tuple[str, str]]:
    """Subject and body of every message."""
    found = []
    for path in sorted(folder.glob("messages_*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            found += [(row["subject"][:60], row["body"]) for row in csv.DictReader(file)]
    return found


def mixed(said: list[tuple[str, str]], number: int) -> Iterator[tuple[str, str]]:
    """`number` tickets: a message, with sentences of another among its own."""
    dice = random.Random(4)
    for _ in range(number):
        title, body = dice.choice(said)
        pieces = body.split("。")
        other = dice.choice(said)[1].split("。")
        kept = [piece for piece in pieces if dice.random() < 0.8]
        kept += dice.sample(other, min(len(other), 3))
        yield title, "。".join(kept)[:4000]


def write_tickets(owner_url: str, town: Town, words: list[tuple[str, str]]) -> None:
    """The tickets, by COPY; the first few are the firm's own, all the others another firm's."""
    plain = make_url(owner_url).set(drivername="postgresql").render_as_string(hide_password=False)
    columns = (
        "id, number, query_code, channel, enterprise_id, region_id, category_id, urgency, title,"
        " description, contact_name, contact_phone, status, round, version, event_count,"
        " route_reasons, return_pending, order_pending, submitted_at, last_event_at,"
        " department_id, sealed, sealed_about_id"
    )
    category = town.categories["融资"]
    mine, other = town.departments["finance"], town.departments["labour"]
    with psycopg.connect(plain) as connection:
        with connection.cursor().copy(f"COPY ticket ({columns}) FROM STDIN") as copy:
            for n, (title, body) in enumerate(words, 1):
                firm = town.enterprise_id if n <= OWN else town.other_enterprise_id
                head = (n, f"B{n}", "x", "web", firm, town.region_id, category, "normal")
                tail = ("", "", "triage", 1, 1, 1, "[]", False, False, MONDAY, MONDAY)
                kept = n % 100 == 0  # one of so many is sealed against a unit
                unit = mine if n % UNITS else other
                about = (other if unit == mine else mine) if kept else None
                copy.write_row((*head, title, body, *tail, unit, kept, about))
        connection.execute("SELECT setval('ticket_id_seq', %s)", (len(words),))


def print_of(words: tuple[str, str]) -> tuple[list[int], list[int]]:
    """What fingerprints.write stores, made by many processes."""
    return stored(vector(*words, KNOWN[0]))


def write_fingerprints(owner_url: str, words: list[tuple[str, str]]) -> None:
    """The fingerprints of all tickets, under the count that the database holds."""
    query = text("SELECT gram, documents FROM gram_count")
    documents = db.session.scalar(text("SELECT documents FROM gram_sample"))
    KNOWN.append(Frequencies(documents or 0, dict(db.session.execute(query).all())))
    plain = make_url(owner_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain) as connection, Pool(2) as pool:
        with connection.cursor().copy(
            "COPY ticket_fingerprint (ticket_id, terms, weights) FROM STDIN"
        ) as copy:
            for n, (terms, weights) in enumerate(pool.imap(print_of, words, chunksize=500), 1):
                copy.write_row((n, terms, weights))
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE ticket_fingerprint")
        connection.execute("VACUUM ANALYZE ticket")


def timed(label: str, asked: list[tuple[str, str]], look: Callable[[str, str], object]) -> None:
    """Prints the median and the 95th percentile in milliseconds."""
    took = []
    for title, body in asked:
        begun = time.perf_counter()
        look(title, body)
        took.append((time.perf_counter() - begun) * 1000)
        db.session.rollback()
    took.sort()
    p95 = took[int(len(took) * 0.95)]
    middle = statistics.median(took)
    print(f"{label}: median {middle:.1f} ms, p95 {p95:.1f} ms, most {took[-1]:.1f} ms")


def measure(town: Town, said: list[tuple[str, str]]) -> None:
    """Both look-ups, from the words to what a page shows."""
    asked = list(mixed(said, ASKED * 3))[-ASKED:]

    def of_others(title: str, body: str) -> object:
        return queries.similar(town.dispatcher, fingerprints.vector_of(title, body))

    def of_the_unit(title: str, body: str) -> object:
        return queries.similar(town.reviewer, fingerprints.vector_of(title, body))

    def own(title: str, body: str) -> object:
        return queries.own_similar(town.firm, title, body)

    for look in (of_others, of_the_unit, own):
        for title, body in asked[:5]:
            look(title, body)
    timed("own similar open tickets, at submit", asked, own)
    timed("similar tickets of all firms", asked, of_others)
    timed("the same for a unit's reviewer, sealed ones kept away", asked, of_the_unit)
    short = [(title[:8], "") for title, _body in asked]
    timed("the same, for a few common words", short, of_others)
    for name in ("ticket_fingerprint", "ix_ticket_fingerprint_terms", "gram_count"):
        query = text("SELECT pg_total_relation_size(to_regclass(:n))")
        size = db.session.scalar(query, {"n": name})
        print(f"{name}: {(size or 0) / 1e6:.0f} MB")


def main() -> int:
    """Fills a private database and asks it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=200_000)
    wanted = parser.parse_args().tickets
    said = messages(DATA)
    words = list(mixed(said, wanted))
    with start_services() as services, tempfile.TemporaryDirectory() as folder:
        key = "only for this bench, long enough"
        app = create_app({**services.settings, "PORTAL_INSTANCE": folder, "SECRET_KEY": key})
        with app.app_context():
            upgrade()
            town = make_town()
            write_tickets(services.owner_url, town, words)
            begun = time.perf_counter()
            fingerprints.count_grams(MONDAY)
            db.session.commit()
            print(f"bigrams counted in {time.perf_counter() - begun:.1f} s")
            write_fingerprints(services.owner_url, words)
            print(f"{wanted:,} tickets ready after {time.perf_counter() - begun:.0f} s")
            measure(town, said)
            db.session.remove()
            db.engine.dispose()
        create_engine(services.owner_url).dispose()
    return 0


if __name__ == "__main__":
    sys.exit(main())
