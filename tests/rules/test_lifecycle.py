"""Every pair of status and action: the listed ones lead where domain.md §2 says, the rest raise."""

from itertools import product

import pytest

from portal.errors import InvalidTransition
from portal.tickets.lifecycle import OPEN, Action, Status, next_status, targets

# The table of domain.md §2, written down again by hand: from / action / to.
TABLE = """
submitted                               route          assigned, triage
submitted, triage                       dispatch       assigned
submitted, triage, in_progress          ask_info       needs_info
needs_info                              supply_info    submitted, triage, in_progress
needs_info                              lapse          triage
submitted, triage                       reject         closed
submitted, triage, assigned, in_progress  transfer     closed
submitted, triage, assigned, in_progress, needs_info, in_review, awaiting_confirmation, on_hold  merge      closed
assigned                                sign           in_progress
assigned, in_progress                   return         triage
assigned, in_progress                   reassign       assigned
assigned, in_progress                   redirect       assigned
in_progress                             resolve        in_review, awaiting_confirmation
in_review                               approve        awaiting_confirmation
in_review                               send_back      in_progress
awaiting_confirmation                   confirm        closed
awaiting_confirmation                   dispute        in_progress
awaiting_confirmation                   lapse          closed
in_progress                             hold           on_hold
on_hold                                 resume         in_progress
closed                                  reopen         in_progress
assigned, in_progress, needs_info, in_review, on_hold  recuse  triage
submitted, triage, assigned, in_progress, needs_info, in_review, awaiting_confirmation, on_hold  withdraw   closed
submitted, triage, assigned, in_progress, needs_info, in_review, awaiting_confirmation, on_hold  terminate  closed
"""  # noqa: E501 - a table
# They leave the status alone, where they are possible at all.
STANDING = {
    *("comment", "reply", "note", "record_contact", "urge", "supervise", "answer_order"),
    *("call_back", "ask_return", "refuse_return", "warn", "breach", "remind", "recompute"),
    *("elevate", "wait", "offer", "vouch", "recategorise"),
    *("link", "unlink", "split", "join_problem", "leave_problem", "answer_problem"),
    *("ask_extension", "grant_extension", "refuse_extension", "ask_hold", "refuse_hold"),
    *("seal", "unseal", "reveal"),
    *("ask_exclusion", "grant_exclusion", "refuse_exclusion", "expire"),
}


def listed() -> dict[tuple[str, str], set[str]]:
    pairs: dict[tuple[str, str], set[str]] = {}
    for line in TABLE.strip().splitlines():
        words = [str(word) for word in line.replace(",", " ").split()]
        action = str(next(word for word in words if word in set(Action)))
        place = words.index(action)
        for status in words[:place]:
            pairs[status, action] = set(words[place + 1 :])
    return pairs


LISTED = listed()
PAIRS = list(product(Status, Action))


@pytest.mark.parametrize(("status", "action"), PAIRS)
def test_each_pair_leads_where_the_table_says_or_raises(status: Status, action: Action) -> None:
    if action in STANDING:
        assert targets(status, action) in (frozenset(), frozenset({status}))
        return
    wanted = LISTED.get((status, action), set())
    assert targets(status, action) == wanted
    for to in Status:
        if to in wanted:
            assert next_status(status, action, to) == to
        else:
            refused(status, action, to)
    if len(wanted) == 1:
        assert {next_status(status, action)} == wanted
    else:
        refused(status, action, None)


def refused(status: Status, action: Action, to: Status | None) -> None:
    with pytest.raises(InvalidTransition) as error:
        next_status(status, action, to)
    assert (error.value.from_status, error.value.action) == (status, action)
    assert status in str(error.value)
    assert action in str(error.value)


def test_every_action_is_possible_somewhere_but_submit() -> None:
    possible = {action for status, action in PAIRS if targets(status, action)}
    assert set(Action) - possible == {Action.SUBMIT}


def test_of_what_is_closed_only_a_call_back_a_reopening_and_an_exclusion_are_possible() -> None:
    after = {action for action in Action if targets(Status.CLOSED, action)}
    # An exclusion is about a figure, so a closed ticket may be asked about.
    figure = {Action.ASK_EXCLUSION, Action.GRANT_EXCLUSION, Action.REFUSE_EXCLUSION, Action.EXPIRE}
    # What belongs together does so afterwards, too.
    together = {Action.LINK, Action.UNLINK, Action.JOIN_PROBLEM, Action.LEAVE_PROBLEM}
    # The firm may take its seal off, and staff may have to know whose it was.
    sealed = {Action.UNSEAL, Action.REVEAL}
    assert after == {Action.CALL_BACK, Action.REOPEN, *figure, *together, *sealed}
    assert Status.CLOSED not in OPEN
    assert len(OPEN) == len(Status) - 1


def test_no_open_status_is_a_dead_end() -> None:
    for status in OPEN:
        leads = {to for action in Action for to in targets(status, action)}
        assert Status.CLOSED in leads
        assert leads - {status, Status.CLOSED}
