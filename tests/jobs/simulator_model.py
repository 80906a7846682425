"""What a simulated year should have come to: domain.md §3 told again, plainly, from the CSV alone.

It shares no code with the portal. The trace gives it what people did and when the sweep ran, and it
says what every clock, light and fired level must be.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from tests.jobs.simulator_days import ONE, Days, Promise, local

ROUND_ONE, NEXT_ROUND = ("contact", "verify", "reply", "resolve"), ("contact", "reply", "resolve")
ENDED_BY = {
    "sign": ("sign",),
    "record_contact": ("contact", "verify"),
    "note": ("verify",),
    "reply": ("contact", "verify", "reply"),
}


class Model:
    """One ticket, played again from its trace."""

    def __init__(self, trace: Any, ticket: dict[str, Any], days: dict[int, Days]) -> None:
        self.trace, self.ticket, self.days = trace, ticket, days
        self.promises: dict[tuple[str, int, int], Promise] = {}
        self.round, self.closed, self.supervised, self.elevated = 1, False, False, False
        self.paused: datetime | None = None
        self.now = local(ticket["events"][0]["at"])
        self.system: list[tuple[datetime, str]] = []
        self.looks: list[dict[str, Any]] = []

    def play(self) -> "Model":
        """Looks, people's acts and sweeps in order of time."""
        looks = [one for one in self.trace.lights if one["ticket"] == self.ticket["id"]]
        steps = [(local(one["at"]), 0, one) for one in looks]
        acts = [event for event in self.ticket["events"] if not by_sweep(event)]
        steps += [(local(e["at"]), 1, e) for e in acts]
        begun = local(acts[0]["at"])
        steps += [(local(at), 2, {}) for at in self.trace.sweeps if local(at) >= begun]
        for at, kind, one in sorted(steps, key=lambda step: step[:2]):
            self.now = at
            (self._look, self._act, self._sweep)[kind](one)
        return self

    # What people do

    def _act(self, act: dict[str, Any]) -> None:
        match act["action"]:
            case "submit":
                self._start("accept")
            case "route" | "dispatch" | "reassign" if act["to"] == "assigned":
                self._end("stopped", "accept")
                self._end("cancelled", "sign")
                self._start("sign", again=True)
                self._start(*(ROUND_ONE if self.round == 1 else NEXT_ROUND))
            case "sign" | "record_contact" | "note" | "reply" as action:
                self._end("stopped", *ENDED_BY[action])
            case "ask_info":
                self.paused = self.now
                for one in self._open():
                    if one.pausable:
                        one.state, one.armed = "paused", {}
                self._start("supply", again=True)
            case "supply_info":
                self._resume()
                self._end("stopped", "supply")
            case "resolve" | "approve" if act["to"] == "awaiting_confirmation":
                self._end("stopped", "contact", "verify", "reply", "resolve")
                self._start("confirm")
            case _:
                self._turn(act)

    def _turn(self, act: dict[str, Any]) -> None:
        """Supervision, rounds and endings."""
        match act["action"]:
            case "grant_extension":
                self._extend(act["data"]["days"])
            case "supervise":
                self.supervised = True
            case "elevate":
                self.elevated = True
            case "answer_order":
                self.supervised = False
            case "dispute" | "reopen":
                self._end("stopped", "confirm")
                self.round, self.closed = self.round + 1, False
                self._start(*NEXT_ROUND)
            case "confirm":
                self._end("stopped", "confirm")
                self._close()
            case "terminate" | "withdraw":
                self._close()

    def _extend(self, days: int) -> None:
        one = next(one for one in self._open() if one.kind == "resolve")
        one.due = one.days.close_of(one.due.date(), days)
        one.set_warn()
        if one.state == "running":
            one.arm(self.now)

    # Clocks

    def _open(self) -> list[Promise]:
        return [one for one in self.promises.values() if one.open]

    def _start(self, *kinds: str, again: bool = False) -> None:
        for kind in kinds:
            attempt = 1 + sum(key[:2] == (kind, self.round) for key in self.promises)
            if attempt > 1 and not again:
                continue
            amount, unit = self._target(kind)
            begun = [(at, i) for at, i, _ in self.trace.calendars if local(at) <= self.now]
            calendar = max(begun)[1]
            days = self.days[calendar]
            due = (
                days.close_of(self.now.date(), amount)
                if unit == "wd"
                else days.add(self.now, amount * 60)
            )
            one = Promise(kind, days, calendar, amount, unit, self.now, due, due, due)
            one.set_warn()
            one.arm(self.now)
            self.promises[kind, self.round, attempt] = one

    def _target(self, kind: str) -> tuple[int, str]:
        pressing = self.ticket["urgency"] in ("urgent", "critical")
        return {
            "accept": (240, "wm"),
            "sign": (120, "wm"),
            "contact": (60 if pressing else 120, "wm"),
            "verify": (1, "wd"),
            "reply": (1 if self.ticket["consult"] else 3, "wd"),
            "resolve": (30 if self.ticket["complex"] else 15, "wd"),
            "confirm": (5, "wd"),
            "supply": (5, "wd"),
        }[kind]

    def _end(self, state: str, *kinds: str) -> None:
        for one in self._open():
            if one.kind in kinds:
                if one.state == "paused" and self.paused:
                    one.shift(self.paused, self.now)
                one.end(state, self.now)

    def _resume(self) -> None:
        for one in self._open():
            if one.state == "paused" and self.paused:
                one.shift(self.paused, self.now)
                one.state = "running"
                one.arm(self.now)
        self.paused = None

    def _close(self) -> None:
        self._resume()
        self._end("cancelled", *(one.kind for one in self._open()))
        self.closed, self.supervised = True, False

    # The sweep and the lights

    def _sweep(self, _: dict[str, Any]) -> None:
        """The highest level of each clock that is due fires, the lower ones never will."""
        while due := [one for one in self._open() if self._missed(one)]:
            for one in sorted(due, key=lambda one: max(self._missed(one).values())):
                missed = self._missed(one)
                if not missed:
                    continue  # an effect before it has ended this clock
                level = max(missed, key=lambda name: missed[name])
                one.armed = {name: at for name, at in one.armed.items() if name not in missed}
                one.done |= set(missed)
                if self._take(one, level):
                    one.fired.append((level, self.now))

    def _missed(self, one: Promise) -> dict[str, datetime]:
        if one.state != "running":
            return {}
        return {level: at for level, at in one.armed.items() if at <= self.now}

    def _take(self, one: Promise, level: str) -> bool:
        """What a level does; False when it has nothing to do any more."""
        if level == "order" and not self.supervised:
            self.supervised = True
            self.system.append((self.now, "supervise"))
        elif level == "elevate" and not self.elevated:
            self.elevated = True
            self.system.append((self.now, "elevate"))
        elif level in ("order", "elevate"):
            return False
        if level == "due":
            self._lapse(one)
        return True

    def _lapse(self, one: Promise) -> None:
        if one.kind == "sign":
            self._end("stopped", "sign")
            self.system.append((self.now, "sign"))
        elif one.kind in ("supply", "confirm"):
            self.system.append((self.now, "lapse"))
            if one.kind == "supply":
                self._resume()
                self._end("cancelled", "supply")
            else:
                self._end("stopped", "confirm")
                self._close()

    def _look(self, look: dict[str, Any]) -> None:
        running = [one for one in self._open() if one.state == "running"]
        due = min((one.due for one in running), default=self.now)
        warn = min((one.warn for one in running), default=due + ONE)
        listed = None if self.closed else self._light(self.paused is not None, warn, due)
        clocks = {
            key: ("red" if one.stopped > one.due else "green")
            if one.stopped
            else self._light(one.state == "paused", one.warn, one.due)
            for key, one in self.promises.items()
            if one.state != "cancelled"
        }
        self.looks.append({"at": look["at"], "list": listed, "clocks": clocks})

    def _light(self, paused: bool, warn: datetime, due: datetime) -> str:
        if self.supervised or paused:
            return "purple" if self.supervised else "blue"
        return "red" if self.now > due else "yellow" if self.now >= warn else "green"


def by_sweep(event: dict[str, Any]) -> bool:
    """Whether the sweep did it, so that the model has to know of it by itself."""
    if event["by"] != "system" or event["data"].get("why") == "disputes":
        return False
    return event["action"] not in ("route", "expire", "recompute")


def differences(trace: Any) -> list[str]:
    """Every way in which what was seen is not what should have been; [] when nothing is."""
    days = {calendar: Days(closed) for _, calendar, closed in trace.calendars}
    return [line for ticket in trace.tickets for line in _compare(trace, ticket, days)]


def _compare(trace: Any, ticket: dict[str, Any], days: dict[int, Days]) -> Iterator[str]:
    model, name = Model(trace, ticket, days).play(), f"ticket {ticket['id']}"
    seen = {clock["key"]: clock for clock in ticket["clocks"]}
    if seen.keys() != model.promises.keys():
        yield f"{name}: clocks {sorted(seen.keys() ^ model.promises.keys())}"
    for key in seen.keys() & model.promises.keys():
        expected = _facts(model.promises[key])
        for fact, value in expected.items():
            was: Any = seen[key][fact]
            was = local(was) if isinstance(was, datetime) else was
            if fact == "fired":
                was = [(level, local(at)) for level, at in was]
            if was != value:
                yield f"{name} {key} {fact}: seen {was}, expected {value}"
    told = [
        (local(e["at"]), e["action"])
        for e in ticket["events"]
        if by_sweep(e) and e["action"] in ("sign", "lapse", "supervise", "elevate")
    ]
    if told != model.system:
        yield f"{name} by the system: seen {told}, expected {model.system}"
    looks = [look for look in trace.lights if look["ticket"] == ticket["id"]]
    for look, wanted in zip(looks, model.looks, strict=True):
        for fact in ("list", "clocks"):
            if look[fact] != wanted[fact]:
                yield f"{name} lights {look['at']} {fact}: {look[fact]}, expected {wanted[fact]}"


def _facts(one: Promise) -> dict[str, Any]:
    return {
        "calendar": one.calendar,
        "start": one.start,
        "warn": one.warn,
        "due": one.due,
        "original_due": one.original,
        "provisional": one.due.year not in one.days.known,
        "state": one.state,
        "stopped": one.stopped,
        "fired": sorted(one.fired),
    }
