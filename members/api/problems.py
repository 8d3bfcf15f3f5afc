"""What the API refuses, each with the status that says why. `federation.api.errors` writes them as problem details."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from rest_framework import exceptions, status

PROBLEM: Final = "application/problem+json"
Errors = type[Exception] | tuple[type[Exception], ...]


class Problem(exceptions.APIException):
    """A refusal; `extra` goes into the problem document beside the text."""

    def __init__(self, detail: str, **extra: Any) -> None:  # noqa: ANN401
        super().__init__(detail)
        self.extra = extra


class Conflict(Problem):
    """It is settled already, or somebody else was first."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


class Stale(Problem):
    """What the caller saw is not what is there now."""

    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_code = "stale"


class TooLarge(Problem):
    """The body is beyond all sense."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"


class Impossible(Problem):
    """Understood, but against a rule of the federation."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_code = "impossible"


class Away(Problem):
    """The database does not answer."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "away"

    def __init__(self, seconds: int) -> None:
        super().__init__("The portal's database does not answer. Try again soon.")
        self.wait = seconds


@contextmanager
def refused(
    impossible: Errors = (), *, conflict: Errors = (), stale: Errors = (), forbidden: Errors = (), field: Errors = ()
) -> Iterator[None]:
    """Let a service's exceptions be the problems they are; `field` are those about the field `reason`."""
    try:
        yield
    except ValidationError as error:
        raise exceptions.ValidationError(_by_field(error)) from error
    except conflict as error:
        raise Conflict(str(error)) from error
    except stale as error:
        raise Stale(str(error), **_changes(error)) from error
    except forbidden as error:
        raise exceptions.PermissionDenied(str(error)) from error
    except field as error:
        raise exceptions.ValidationError({"reason": [str(error)]}) from error
    except impossible as error:
        raise Impossible(str(error)) from error


def _changes(error: Exception) -> dict[str, Any]:
    """What happened meanwhile, where the service knows."""
    found = getattr(error, "changes", ())
    return {"changes": list(found)} if found else {}


def _by_field(error: ValidationError) -> dict[str, list[str]]:
    if not hasattr(error, "error_dict"):
        return {"": error.messages}
    return {"" if name == NON_FIELD_ERRORS else name: texts for name, texts in error.message_dict.items()}
