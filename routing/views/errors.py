"""When a page could not be made: the portal being away from its database is not the same as a fault of ours."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import PurePosixPath

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.template import loader
from django.views.decorators.csrf import requires_csrf_token
from django.views.defaults import server_error
from psycopg.errors import UndefinedTable

RETRY_AFTER_SECONDS = 30
# What Django raises while Postgres is away, or goes away.
SAID = "The portal's database does not answer. Try again soon."
AWAY = (OperationalError, InterfaceError)


@requires_csrf_token
def failed(request: HttpRequest) -> HttpResponse:
    """The project's `handler500`: 503 with a time to come back while Postgres is away, else 500."""
    return away(request) if _is_away(sys.exception()) else server_error(request)


def _is_away(error: BaseException | None) -> bool:
    """Whether the database is away, or its tables are only being made: the portal's first seconds, or a deploy's."""
    return isinstance(error, AWAY) or isinstance(getattr(error, "__cause__", None), UndefinedTable)


def away(request: HttpRequest) -> HttpResponse:
    """The page for the time without a database; programs that ask for a file get a word that they can read."""
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    extension = PurePosixPath(request.path_info).suffix
    if extension == ".json":
        problem = {"type": "about:blank", "title": "Service Unavailable", "status": 503, "detail": SAID, "code": "away"}
        return JsonResponse(problem, status=503, headers=headers, content_type="application/problem+json")
    if extension:
        return HttpResponse(f"{SAID}\n", status=503, headers=headers, content_type="text/plain; charset=utf-8")
    return HttpResponse(loader.get_template("503.html").render(), status=503, headers=headers)


class DatabaseAway:
    """Middleware: the kind page in development too, where Django would show its technical one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer as everybody behind this does."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer for a view that could not reach the database; anything else takes its usual way."""
        return away(request) if _is_away(exception) else None
