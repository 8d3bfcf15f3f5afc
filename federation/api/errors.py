"""Every error as a problem of RFC 9457: what happened, in words, and for each field what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings

from members.api.problems import PROBLEM, Away, Problem
from routing.views import errors
from routing.views.errors import AWAY, RETRY_AFTER_SECONDS

MOST_ERRORS: Final = 100


def handle(error: Exception, _context: dict[str, Any]) -> Response | None:
    """REST framework's exception handler; None for a fault of ours, which goes on its way."""
    if isinstance(error, AWAY):
        error = Away(RETRY_AFTER_SECONDS)
    elif isinstance(error, Http404):
        error = exceptions.NotFound("There is no such thing here, or none that you may see.")
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied(*error.args)
    if not isinstance(error, exceptions.APIException):
        return None
    return Response(_document(error), status=error.status_code, headers=_headers(error), content_type=PROBLEM)


def not_found(_request: HttpRequest) -> JsonResponse:
    """For addresses below /api/ that are none."""
    document = _problem(404, "There is nothing at this address. /api/v1/ lists what there is.", "not_found")
    return JsonResponse(document, status=404, content_type=PROBLEM)


def failed(request: HttpRequest) -> HttpResponse:
    """The project's `handler500`: programs get a problem, people a page."""
    if not request.path_info.startswith("/api/"):
        return errors.failed(request)
    return JsonResponse(
        _problem(500, "That is our fault, and it is in our logs.", "error"), status=500, content_type=PROBLEM
    )


def _document(error: exceptions.APIException) -> dict[str, Any]:
    if isinstance(error, exceptions.ValidationError):
        found = list(_fields(error.detail, ""))[:MOST_ERRORS]
        document = _problem(error.status_code, "Something in the request is not right: see errors.", "invalid")
        return {**document, "errors": found}
    detail = error.detail if isinstance(error.detail, str) else str(error.detail)
    extra = error.extra if isinstance(error, Problem) else {}
    return {**_problem(error.status_code, detail, str(error.get_codes())), **extra}


def _problem(status: int, detail: str, code: str) -> dict[str, Any]:
    return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, "code": code}


def _headers(error: exceptions.APIException) -> dict[str, str]:
    found = {}
    if getattr(error, "auth_header", None):
        found["WWW-Authenticate"] = error.auth_header  # type: ignore[attr-defined]
    wait = getattr(error, "wait", None)
    if wait is not None:
        found["Retry-After"] = str(max(1, int(wait)))
    return found


def _fields(detail: Any, pointer: str) -> Iterator[dict[str, str]]:  # noqa: ANN401
    """One entry for each complaint; where: a JSON pointer into the body, `?name` for a parameter."""
    if isinstance(detail, dict):
        for name, found in detail.items():
            whole = name == api_settings.NON_FIELD_ERRORS_KEY
            part = str(name).replace("~", "~0").replace("/", "~1")
            yield from _fields(found, pointer if whole else name if str(name).startswith("?") else f"{pointer}/{part}")
    elif isinstance(detail, list):
        for number, found in enumerate(detail):
            yield from _fields(found, f"{pointer}/{number}" if isinstance(found, (dict, list)) else pointer)
    else:
        yield {"where": pointer or "/", "detail": str(detail), "code": getattr(detail, "code", "invalid")}
