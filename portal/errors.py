"""The errors that services raise and doors turn into pages: one class per HTTP status."""


def N_(text: str) -> str:  # noqa: N802 – the name gettext tools know
    """The text itself: marks a sentence for translation where no reader is known yet."""
    return text


class PortalError(Exception):
    """Base of all expected errors: a sentence for the user, in Chinese.

    `template` is the sentence with %(name)s for each of `values`; portal.language.said translates.
    """

    status = 500

    def __init__(self, template: str = "", **values: object) -> None:
        super().__init__(template % values if values else template)
        self.template = template
        self.values = values

    @property
    def message(self) -> str:
        """The sentence in Chinese."""
        return self.template % self.values if self.values else self.template


class NotAllowed(PortalError):
    """403: the actor may see the object but not do this to it."""

    status = 403


class NotFound(PortalError):
    """404: no such object, or one the actor may not know of."""

    status = 404


class Conflict(PortalError):
    """409: the object is no longer in the state the actor saw."""

    status = 409


class InvalidTransition(Conflict):
    """409: the lifecycle does not list this pair; names both (domain.md §2)."""

    def __init__(self, status: str, action: str, reason: str = "") -> None:
        super().__init__(reason)
        self.from_status = status
        self.action = action

    def __str__(self) -> str:
        return self.message or f"no transition: {self.action} from {self.from_status}"


class Stale(Conflict):
    """409: the row was changed since the form was opened."""

    def __init__(self, seen: int, current: int) -> None:
        super().__init__()
        self.seen = seen
        self.current = current

    def __str__(self) -> str:
        return f"version {self.seen} is stale, the row is at {self.current}"


class Repeated(PortalError):
    """The same form arrived a second time; its first sending has done the work."""

    status = 303


class Invalid(PortalError):
    """422: a value is refused; `field` names the form field the sentence belongs to."""

    status = 422

    def __init__(self, template: str, field: str | None = None, **values: object) -> None:
        super().__init__(template, **values)
        self.field = field
