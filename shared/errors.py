"""The errors Earshot raises on purpose. Each carries what its reader needs; `to_http` is their one mapping to HTTP."""

from typing import Any


class EarshotError(Exception):
    """Base of all expected errors: a machine-readable `code`, an HTTP `status`, a message that says what to do."""

    code = "error"
    status = 500

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field

    def to_http(self) -> tuple[int, dict[str, Any]]:
        """Status and the `{"error": {...}}` body of the HTTP contract."""
        error = {"code": self.code, "message": self.message}
        if self.field is not None:
            error["field"] = self.field
        return self.status, {"error": error}


class InvalidInput(EarshotError):
    """What was sent can be read, but `field` cannot be taken as it is."""

    code = "invalid"
    status = 422


class TooLong(InvalidInput):
    """The words are more than are kept."""

    code = "too_long"


class Unreadable(EarshotError):
    """What was sent is not the JSON or form it claims to be."""

    code = "unreadable"
    status = 400


class TooLarge(EarshotError):
    """The body is larger than is read."""

    code = "too_large"
    status = 413


class UnsupportedType(EarshotError):
    """The content type is neither JSON nor a form."""

    code = "unsupported_type"
    status = 415


class TooManyChanges(EarshotError):
    """The answer has been amended as often as it may be."""

    code = "too_many_changes"
    status = 429


class Forged(EarshotError):
    """The request does not come from whom it says."""

    code = "forged"
    status = 403


class NotConfigured(EarshotError):
    """It takes a setting that earshot.toml does not have."""

    code = "not_configured"
    status = 404


class Contended(EarshotError):
    """Too many were changing the same item at once. Nothing was stored; the same request can be made again."""

    code = "contended"
    status = 503


class Unavailable(EarshotError):
    """Nothing is wrong with what was sent; it could not be stored now."""

    code = "unavailable"
    status = 503


class LinkInvalid(EarshotError):
    """The link was not signed by us, or was changed on its way."""

    code = "link_invalid"
    status = 404


class FeedbackUnknown(EarshotError):
    """There is no such feedback, or the team that asks may not read it."""

    code = "feedback_unknown"
    status = 404


class LinkExpired(EarshotError):
    """The link was ours, and its time is over."""

    code = "link_expired"
    status = 410
