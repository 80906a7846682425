"""How long 10,000 firms take: dry run, application, the same file again, and both exports.

Run with `python -m bench.sheets [--firms N]` on private servers.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from flask_migrate import upgrade

from portal.auth.roles import SYSTEM
from portal.db import transaction, utcnow
from portal.extensions import db
from portal.factory import create_app
from portal.sheets import files, job, service, writing
from portal.sheets.columns import Values
from portal.sheets.kinds import SHEETS
from portal.sheets.models import SheetImport
from portal.sheets.registry import register_of
from tests.factories import MONDAY, make_town, make_uscc
from tests.services import start_services

LIMIT_SECONDS = 60.0  # issue 4, item 1
KIND = "enterprises"


def firms(number: int, suffix: str) -> list[Values]:
    """Rows of firms that belong to nobody."""
    return [
        {
            "uscc": make_uscc(n),
            "name": f"某县第{n}{suffix}有限公司",
            "short_name": f"第{n}",
            "region": "东昌府区",
            "chain": "轴承" if n % 2 else None,
            "industry": "通用设备制造业",
            "size": "small",
            "contact_name": "王经理",
            "contact_phone": "13800001111",
        }
        for n in range(1_000_000, 1_000_000 + number)
    ]


def timed(what: str, act: Callable[[], object]) -> float:
    """Does it, and prints and returns the seconds."""
    begun = time.perf_counter()
    act()
    seconds = time.perf_counter() - begun
    print(f"{what}: {seconds:.2f} s", flush=True)
    return seconds


def upload(path: Path, folder: Path) -> int:
    """The id of a new import of the file."""
    with path.open("rb") as stream:
        kept = files.keep(stream, path.name, folder)
    with transaction():
        return service.start(KIND, vars(kept), SYSTEM, utcnow()).id


def whole(path: Path, folder: Path, mode: str) -> float:
    """A file planned, confirmed and applied; the seconds of both."""
    import_id = upload(path, folder)
    seconds = timed(f"  dry run of {path.name}", lambda: job.work(folder, most=1))
    with transaction() as session:
        row = session.get_one(SheetImport, import_id)
        print(f"  {row.new} new, {row.changed} changed, {row.unchanged} same, {row.wrong} wrong")
        service.confirm(import_id, mode, utcnow())
    longest = [0.0]

    def apply() -> None:
        begun = time.perf_counter()
        while job.work(folder, most=1):
            longest.append(time.perf_counter() - begun)
            begun = time.perf_counter()

    seconds += timed(f"  application, {mode}", apply)
    print(f"  longest step {max(longest):.2f} s")
    return seconds


def main() -> int:
    """Exits with 1 when a file takes longer than issue 4 allows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--firms", type=int, default=10_000)
    number = parser.parse_args().firms
    with start_services() as services, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = {**services.settings, "PORTAL_INSTANCE": name, "SECRET_KEY": "for a bench" * 4}
        with create_app(settings).app_context():
            upgrade()
            make_town()
            slowest = 0.0
            for file, suffix, mode in (
                ("first.xlsx", "轴承", "good"),
                ("changed.xlsx", "机械", "all"),
                ("again.csv", "机械", "good"),
            ):
                path = folder / file
                write(path, firms(number, suffix))
                print(f"{file}, {number:,} firms", flush=True)
                slowest = max(slowest, whole(path, folder, mode))
            for form in writing.FORMATS:
                timed(f"export {form}", lambda form=form: export(folder / f"taken.{form}"))
            db.session.remove()
    print(f"slowest file {slowest:.2f} s (limit {LIMIT_SECONDS:.0f} s)")
    return int(slowest > LIMIT_SECONDS)


def write(path: Path, rows: list[Values]) -> None:
    """The rows as a file."""
    if path.suffix == ".xlsx":
        writing.export_xlsx(SHEETS[KIND], rows, path)
    else:
        path.write_text("".join(writing.export_csv(SHEETS[KIND], rows)), "utf-8", newline="")


def export(path: Path) -> None:
    """The register as the page writes it."""
    source = register_of(KIND, MONDAY.date())
    if path.suffix == ".xlsx":
        writing.export_xlsx(source.sheet, source.export(), path)
    else:
        with path.open("w", encoding="utf-8", newline="") as target:
            target.writelines(writing.export_csv(source.sheet, source.export()))


if __name__ == "__main__":
    sys.exit(main())
