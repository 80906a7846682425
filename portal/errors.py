"""The errors that services raise and doors turn into pages: one class per HTTP status."""


class PortalError(Exception):
    """Base of all expected errors; `message` is a sentence for the user, in Chinese."""

    status = 500

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message


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

    def __init__(self, status: str, action: str, message: str = "") -> None:
        super().__init__(message or f"no transition: {action} from {status}")
        self.from_status = status
        self.action = action


class Stale(Conflict):
    """409: the row was changed since the form was opened."""

    def __init__(self, seen: int, current: int, message: str = "") -> None:
        super().__init__(message or f"version {seen} is stale, the row is at {current}")
        self.seen = seen
        self.current = current


class Repeated(PortalError):
    """The same form arrived a second time; its first sending has done the work."""

    status = 303


class Invalid(PortalError):
    """422: a value is refused; `field` names the form field the sentence belongs to."""

    status = 422

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field
