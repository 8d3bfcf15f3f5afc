"""The id that a request has in the logs, told to whoever asked: `X-Request-ID`."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponseBase


def current() -> str:
    """The id of the request in work; empty outside of one."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


def middleware(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Add the header. Stands inside django-structlog's middleware, which makes the id."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response["X-Request-ID"] = current()
        return response

    return answer
