"""When a page could not be made: the portal being away from its database is not the same as a fault of ours."""

from __future__ import annotations

import sys
from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template import loader
from django.views.decorators.csrf import requires_csrf_token
from django.views.defaults import server_error

RETRY_AFTER_SECONDS = 30
# What Django raises while Postgres is away, or goes away.
AWAY = (OperationalError, InterfaceError)


@requires_csrf_token
def failed(request: HttpRequest) -> HttpResponse:
    """The project's `handler500`: 503 with a time to come back while Postgres is away, else 500."""
    return away() if isinstance(sys.exception(), AWAY) else server_error(request)


def away() -> HttpResponse:
    """The page for the time without a database."""
    page = loader.get_template("503.html").render()
    return HttpResponse(page, status=503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


class DatabaseAway:
    """Middleware: the kind page in development too, where Django would show its technical one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer as everybody behind this does."""
        return self.get_response(request)

    def process_exception(self, _request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer for a view that could not reach the database; anything else takes its usual way."""
        return away() if isinstance(exception, AWAY) else None
