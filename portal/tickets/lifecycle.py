"""The lifecycle of a ticket as a table (domain.md §2). Pure; every pair not listed is refused."""

from enum import StrEnum

from portal.errors import InvalidTransition


class Status(StrEnum):
    """The stored word of where a ticket stands."""

    SUBMITTED = "submitted"
    TRIAGE = "triage"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    NEEDS_INFO = "needs_info"
    IN_REVIEW = "in_review"
    AWAITING_CONFIRMATION = "awaiting_confirmation"
    ON_HOLD = "on_hold"
    CLOSED = "closed"


class Action(StrEnum):
    """What can be done to a ticket; the same word names function, event, URL and button."""

    SUBMIT = "submit"
    ROUTE = "route"
    DISPATCH = "dispatch"
    ASK_INFO = "ask_info"
    SUPPLY_INFO = "supply_info"
    LAPSE = "lapse"
    REJECT = "reject"
    TRANSFER = "transfer"
    MERGE = "merge"
    SIGN = "sign"
    RETURN = "return"
    REASSIGN = "reassign"
    REDIRECT = "redirect"
    RESOLVE = "resolve"
    APPROVE = "approve"
    SEND_BACK = "send_back"
    CONFIRM = "confirm"
    DISPUTE = "dispute"
    HOLD = "hold"
    RESUME = "resume"
    REOPEN = "reopen"
    WITHDRAW = "withdraw"
    TERMINATE = "terminate"
    # The unit that has it is the one that a sealed ticket complains about.
    RECUSE = "recuse"
    # These leave the status alone.
    COMMENT = "comment"
    VOUCH = "vouch"
    REPLY = "reply"
    NOTE = "note"
    RECORD_CONTACT = "record_contact"
    RECATEGORISE = "recategorise"
    URGE = "urge"
    SUPERVISE = "supervise"
    ANSWER_ORDER = "answer_order"
    CALL_BACK = "call_back"
    ASK_RETURN = "ask_return"
    REFUSE_RETURN = "refuse_return"
    ASK_EXTENSION = "ask_extension"
    GRANT_EXTENSION = "grant_extension"
    REFUSE_EXTENSION = "refuse_extension"
    ASK_HOLD = "ask_hold"
    REFUSE_HOLD = "refuse_hold"
    ASK_EXCLUSION = "ask_exclusion"
    GRANT_EXCLUSION = "grant_exclusion"
    REFUSE_EXCLUSION = "refuse_exclusion"
    # Tickets that belong together.
    LINK = "link"
    UNLINK = "unlink"
    SPLIT = "split"
    JOIN_PROBLEM = "join_problem"
    LEAVE_PROBLEM = "leave_problem"
    ANSWER_PROBLEM = "answer_problem"
    # A sealed ticket 密件: the firm seals, staff see the firm's name with a stated reason.
    SEAL = "seal"
    UNSEAL = "unseal"
    REVEAL = "reveal"
    # The sweep's own records.
    WARN = "warn"
    BREACH = "breach"
    REMIND = "remind"
    ELEVATE = "elevate"
    EXPIRE = "expire"
    RECOMPUTE = "recompute"
    # What the assignment notes: it waits for a place; it is offered to a deputy.
    WAIT = "wait"
    OFFER = "offer"


class Outcome(StrEnum):
    """How a closed ticket ended."""

    SOLVED = "solved"
    EXPLAINED = "explained"
    REJECTED = "rejected"
    TRANSFERRED = "transferred"
    MERGED = "merged"
    WITHDRAWN = "withdrawn"
    TERMINATED = "terminated"


class Confirmation(StrEnum):
    """What the firm said of a closed ticket."""

    CONFIRMED = "confirmed"
    DISPUTED = "disputed"
    UNCONFIRMED = "unconfirmed"
    CALL_BACK = "call_back"


class Urgency(StrEnum):
    """How pressing the firm says it is."""

    NORMAL = "normal"
    URGENT = "urgent"
    CRITICAL = "critical"


class Channel(StrEnum):
    """The way a ticket came in."""

    WEB = "web"
    CADRE = "cadre"
    API = "api"
    IMPORT = "import"


S = Status
A = Action

OPEN: frozenset[Status] = frozenset(Status) - {S.CLOSED}
# What a cadre has to work on, and so what capacity limits: not what waits for the reviewer or the
# firm's yes, nor what is on hold.
LOAD: frozenset[Status] = frozenset({S.ASSIGNED, S.IN_PROGRESS, S.NEEDS_INFO})
REOPENABLE: frozenset[Outcome] = frozenset({Outcome.SOLVED, Outcome.EXPLAINED})

TRANSITIONS: dict[tuple[Status, Action], frozenset[Status]] = {
    (S.SUBMITTED, A.ROUTE): frozenset({S.ASSIGNED, S.TRIAGE}),
    (S.SUBMITTED, A.DISPATCH): frozenset({S.ASSIGNED}),
    (S.TRIAGE, A.DISPATCH): frozenset({S.ASSIGNED}),
    (S.SUBMITTED, A.ASK_INFO): frozenset({S.NEEDS_INFO}),
    (S.TRIAGE, A.ASK_INFO): frozenset({S.NEEDS_INFO}),
    (S.IN_PROGRESS, A.ASK_INFO): frozenset({S.NEEDS_INFO}),
    (S.NEEDS_INFO, A.SUPPLY_INFO): frozenset({S.SUBMITTED, S.TRIAGE, S.IN_PROGRESS}),
    (S.NEEDS_INFO, A.LAPSE): frozenset({S.TRIAGE}),
    (S.SUBMITTED, A.REJECT): frozenset({S.CLOSED}),
    (S.TRIAGE, A.REJECT): frozenset({S.CLOSED}),
    (S.SUBMITTED, A.TRANSFER): frozenset({S.CLOSED}),
    (S.TRIAGE, A.TRANSFER): frozenset({S.CLOSED}),
    (S.ASSIGNED, A.TRANSFER): frozenset({S.CLOSED}),
    (S.IN_PROGRESS, A.TRANSFER): frozenset({S.CLOSED}),
    (S.ASSIGNED, A.SIGN): frozenset({S.IN_PROGRESS}),
    (S.ASSIGNED, A.RETURN): frozenset({S.TRIAGE}),
    (S.IN_PROGRESS, A.RETURN): frozenset({S.TRIAGE}),
    (S.ASSIGNED, A.REASSIGN): frozenset({S.ASSIGNED}),
    (S.IN_PROGRESS, A.REASSIGN): frozenset({S.ASSIGNED}),
    # A second return is ruled by direct assignment (domain.md §4).
    (S.ASSIGNED, A.REDIRECT): frozenset({S.ASSIGNED}),
    (S.IN_PROGRESS, A.REDIRECT): frozenset({S.ASSIGNED}),
    (S.IN_PROGRESS, A.RESOLVE): frozenset({S.IN_REVIEW, S.AWAITING_CONFIRMATION}),
    (S.IN_REVIEW, A.APPROVE): frozenset({S.AWAITING_CONFIRMATION}),
    (S.IN_REVIEW, A.SEND_BACK): frozenset({S.IN_PROGRESS}),
    (S.AWAITING_CONFIRMATION, A.CONFIRM): frozenset({S.CLOSED}),
    (S.AWAITING_CONFIRMATION, A.DISPUTE): frozenset({S.IN_PROGRESS}),
    (S.AWAITING_CONFIRMATION, A.LAPSE): frozenset({S.CLOSED}),
    (S.IN_PROGRESS, A.HOLD): frozenset({S.ON_HOLD}),
    (S.ON_HOLD, A.RESUME): frozenset({S.IN_PROGRESS}),
    (S.CLOSED, A.REOPEN): frozenset({S.IN_PROGRESS}),
    # Not where the firm is asked: it answers first (docs/decisions/sealed.md).
    (S.ASSIGNED, A.RECUSE): frozenset({S.TRIAGE}),
    (S.IN_PROGRESS, A.RECUSE): frozenset({S.TRIAGE}),
    (S.NEEDS_INFO, A.RECUSE): frozenset({S.TRIAGE}),
    (S.IN_REVIEW, A.RECUSE): frozenset({S.TRIAGE}),
    (S.ON_HOLD, A.RECUSE): frozenset({S.TRIAGE}),
    **{(status, A.MERGE): frozenset({S.CLOSED}) for status in OPEN},
    **{(status, A.WITHDRAW): frozenset({S.CLOSED}) for status in OPEN},
    **{(status, A.TERMINATE): frozenset({S.CLOSED}) for status in OPEN},
}

# Actions that leave the status alone, and where each is possible.
_HANDLING = frozenset({S.ASSIGNED, S.IN_PROGRESS, S.NEEDS_INFO, S.IN_REVIEW, S.ON_HOLD})
_ANSWERABLE = frozenset({S.ASSIGNED, S.IN_PROGRESS, S.NEEDS_INFO, S.ON_HOLD})
_RETURNABLE = frozenset({S.ASSIGNED, S.IN_PROGRESS})
_EXTENDABLE = frozenset({S.IN_PROGRESS, S.NEEDS_INFO, S.ON_HOLD})
STANDING: dict[Action, frozenset[Status]] = {
    A.COMMENT: OPEN - {S.NEEDS_INFO},
    A.VOUCH: OPEN,
    A.REPLY: _ANSWERABLE,
    A.NOTE: OPEN,
    A.RECORD_CONTACT: _HANDLING,
    A.RECATEGORISE: frozenset({S.SUBMITTED, S.TRIAGE}),
    A.URGE: OPEN - {S.NEEDS_INFO, S.AWAITING_CONFIRMATION},
    A.SUPERVISE: OPEN,
    A.ANSWER_ORDER: OPEN,
    A.CALL_BACK: frozenset({S.CLOSED}),
    A.ASK_RETURN: _RETURNABLE,
    A.REFUSE_RETURN: _RETURNABLE,
    A.ASK_EXTENSION: _EXTENDABLE,
    A.GRANT_EXTENSION: _EXTENDABLE,
    A.REFUSE_EXTENSION: _EXTENDABLE,
    A.ASK_HOLD: frozenset({S.IN_PROGRESS}),
    A.REFUSE_HOLD: frozenset({S.IN_PROGRESS, S.NEEDS_INFO}),
    # An exclusion changes a figure, not the ticket: a closed one may be asked about too.
    A.ASK_EXCLUSION: frozenset(S),
    A.GRANT_EXCLUSION: frozenset(S),
    A.REFUSE_EXCLUSION: frozenset(S),
    # What belongs together does so whether it is closed or not.
    A.LINK: frozenset(S),
    A.UNLINK: frozenset(S),
    A.JOIN_PROBLEM: frozenset(S),
    A.LEAVE_PROBLEM: frozenset(S),
    A.SPLIT: frozenset({S.SUBMITTED, S.TRIAGE, S.ASSIGNED, S.IN_PROGRESS}),
    A.ANSWER_PROBLEM: _ANSWERABLE,
    A.SEAL: OPEN,
    A.UNSEAL: frozenset(S),
    A.REVEAL: frozenset(S),
    A.WARN: OPEN,
    A.BREACH: OPEN,
    A.REMIND: OPEN,
    A.ELEVATE: OPEN,
    A.EXPIRE: frozenset(S),
    A.RECOMPUTE: OPEN,
    A.WAIT: frozenset({S.SUBMITTED}),
    A.OFFER: OPEN,
}


def targets(status: Status, action: Action) -> frozenset[Status]:
    """The statuses that `action` may lead to from `status`; empty when the pair is not listed."""
    if action in STANDING:
        return frozenset({status}) if status in STANDING[action] else frozenset()
    return TRANSITIONS.get((status, action), frozenset())


def next_status(status: Status, action: Action, wanted: Status | None = None) -> Status:
    """The status after `action`; `wanted` chooses where the table lists several.

    Raises InvalidTransition, naming both, for every pair that is not listed (domain.md §2).
    """
    possible = targets(status, action)
    if wanted is None and len(possible) == 1:
        return next(iter(possible))
    if wanted is not None and wanted in possible:
        return wanted
    raise InvalidTransition(status, action)
