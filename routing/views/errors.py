"""When a page could not be made: the portal being away from its database is not the same as a fault of ours."""

from __future__ import annotations

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.views.decorators.csrf import requires_csrf_token
from django.views.defaults import server_error

RETRY_AFTER_SECONDS = 30


@requires_csrf_token
def failed(request: HttpRequest) -> HttpResponse:
    """The project's `handler500`: 503 with a time to come back while Postgres is away, else 500."""
    if isinstance(sys.exception(), OperationalError | InterfaceError):
        page = loader.get_template("503.html").render()
        return HttpResponse(page, status=503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
    return server_error(request)
