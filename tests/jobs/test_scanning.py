"""Quarantine: nobody gets a file before the scanner has seen it; a real server speaks INSTREAM."""

import socketserver
import struct
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from portal.db import utcnow
from portal.extensions import db
from portal.notify.models import Notice
from portal.outbox import relay
from portal.tickets import clamav, scanning
from portal.tickets.file_models import Attachment
from portal.tickets.files import path_of
from tests.factories import Town
from tests.pages import Visitor
from tests.web.filing import PDF, file_ticket

VIRUS = PDF + b"%EICAR-TEST\n"


class Talk(socketserver.StreamRequestHandler):
    """One connection: PING, or a file in chunks, each after its length."""

    def handle(self) -> None:
        command = b""
        while not command.endswith(b"\0"):
            command += self.rfile.read(1)
        if command == b"zPING\0":
            self.wfile.write(b"PONG\0")
            return
        assert command == b"zINSTREAM\0"
        content = b""
        while size := struct.unpack("!I", self.rfile.read(4))[0]:
            content += self.rfile.read(size)
        if b"TOO LARGE" in content:
            self.wfile.write(b"INSTREAM size limit exceeded. ERROR\0")
        else:
            found = b"Eicar-Test-Signature FOUND" if b"EICAR" in content else b"OK"
            self.wfile.write(b"stream: " + found + b"\0")


@pytest.fixture
def daemon(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[socketserver.TCPServer]:
    """A scanner on a port of its own, and the application told where it is."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Talk) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setitem(app.config, "CLAMAV_HOST", f"127.0.0.1:{server.server_address[1]}")
        yield server
        server.shutdown()


def comment(visit: Visitor, number: str, content: bytes) -> Attachment:
    """The firm adds a file to its ticket."""
    page = visit.get("firm", f"/tickets/{number}/comment")
    assert page.submit(text="附上", files=(BytesIO(content), "合同.pdf")).status == 303
    return latest()


def latest() -> Attachment:
    db.session.rollback()
    query = select(Attachment).order_by(Attachment.id.desc()).limit(1)
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


def work(app: Flask) -> None:
    address = clamav.address_of(app.config)
    assert address is not None
    scanning.work(Path(app.config["UPLOAD_DIR"]), address)


def test_a_file_waits_for_the_scanner_and_a_virus_is_removed_with_a_notice(
    app: Flask, visit: Visitor, town: Town, daemon: socketserver.TCPServer
) -> None:
    number = file_ticket(visit, town)
    file = comment(visit, number, PDF)
    address = f"/tickets/{number}/files/{file.id}"
    assert file.state == "waiting" and scanning.waiting(utcnow())
    assert visit.get("cadre", address).status == 409
    assert "正在检查病毒" in visit.get("cadre", f"/tickets/{number}").words
    work(app)
    work(app)  # a second run changes nothing
    assert latest().state == "ready" and not scanning.waiting(utcnow())
    got = visit.get("cadre", address).response
    assert got.status_code == 200 and got.data == PDF
    assert "attachment" in got.headers["Content-Disposition"]
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in got.headers["Content-Security-Policy"]
    bad = comment(visit, number, VIRUS)
    path = path_of(bad.stored_name, Path(app.config["UPLOAD_DIR"]))
    assert path.is_file()
    work(app)
    assert latest().state == "infected" and not path.exists()
    assert visit.get("cadre", f"/tickets/{number}/files/{bad.id}").status == 409
    assert "含有病毒，已删除" in visit.get("firm", f"/tickets/{number}").words
    relay.drain(utcnow)
    told = select(Notice.user_id).where(Notice.kind == "infected")
    assert db.session.scalars(told).all() == [town.firm.id]
    assert "含有病毒" in visit.get("firm", "/inbox").words


def test_with_the_scanner_away_a_file_stays_in_quarantine(
    app: Flask, visit: Visitor, town: Town, daemon: socketserver.TCPServer
) -> None:
    number = file_ticket(visit, town)
    comment(visit, number, PDF + b"%TOO LARGE\n")
    work(app)  # an error is no verdict
    assert latest().state == "waiting"
    assert visit.get(None, "/health").response.get_json()["scanner"] == "ok"
    daemon.shutdown()
    daemon.server_close()
    comment(visit, number, PDF)
    work(app)
    assert latest().state == "waiting"
    assert not scanning.waiting(utcnow())  # not asked again at every tick
    assert scanning.waiting(utcnow() + scanning.AGAIN)
    assert visit.get(None, "/health").response.get_json()["scanner"] == "away"


def test_a_unix_socket_will_do_as_well(tmp_path: Path) -> None:
    path = tmp_path / "clamd"
    with socketserver.ThreadingUnixStreamServer(str(path), Talk) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = clamav.address_of({"CLAMAV_SOCKET": str(path)})
        assert address is not None and clamav.answers(address)
        assert clamav.virus_in(BytesIO(b"x" * 200_000), address) is None
        assert clamav.virus_in(BytesIO(b"EICAR"), address) == "Eicar-Test-Signature"
        server.shutdown()
    with pytest.raises(clamav.ScannerAway):
        clamav.virus_in(BytesIO(b"x"), address)
