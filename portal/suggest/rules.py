"""When a suggestion is worth showing, and when a model is worth training again. Pure."""

from datetime import datetime, timedelta

from portal.suggest.model import Suggestion

LEAST = 60  # closed tickets below which nothing is learned
MOST = 1500  # newest closed tickets that are learned from: a job of seconds
AGAIN_AFTER = timedelta(days=7)
MANY_NEW = 100  # closed tickets that are worth a new model before the week is over


def worth_showing(
    found: Suggestion | None, threshold: float, chosen: str | None = None
) -> Suggestion | None:
    """The suggestion, unless it is below the threshold (0–1) or says what was chosen anyway."""
    if found is None or found.confidence < threshold or found.label == chosen:
        return None
    return found


def due(now: datetime, trained_at: datetime | None, closed: int, closed_since: int) -> bool:
    """Whether to train: enough tickets for a first model, many new ones, or a week with any.

    `closed`: closed tickets in all; `closed_since`: those closed after `trained_at` (UTC).
    """
    if closed < LEAST:
        return False
    if trained_at is None or closed_since >= MANY_NEW:
        return True
    return closed_since > 0 and now - trained_at >= AGAIN_AFTER
