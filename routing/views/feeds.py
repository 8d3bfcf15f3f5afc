"""The feeds: small documents that programs fetch often, so they are told when nothing is new."""

from __future__ import annotations

import hashlib
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from django.views.decorators.http import require_safe

from routing.services import feeds

CALENDAR = "text/calendar; charset=utf-8"


@require_safe
def maintenance(request: HttpRequest) -> HttpResponse:
    """Planned maintenance, to subscribe to from any calendar."""
    return answer(request, feeds.maintenance(portal(request)), CALENDAR)


@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """Incidents and downtimes, to subscribe to from any reader of feeds."""
    return answer(request, feeds.status(portal(request)), "application/atom+xml; charset=utf-8")


def portal(request: HttpRequest) -> str:
    """The address at which the portal was asked."""
    return request.build_absolute_uri("/").rstrip("/")


def answer(request: HttpRequest, feed: feeds.Feed, content_type: str, *, whose: str = "public") -> HttpResponse:
    """The document, or that nothing is new since it was fetched last. `whose`: who may keep it."""
    response = HttpResponse(feed.body, content_type=content_type)
    etag = f'"{hashlib.sha256(feed.body).hexdigest()[:32]}"'
    changed = int(feed.changed_at.timestamp()) if feed.changed_at else None
    response["ETag"] = etag
    if feed.changed_at:
        response["Last-Modified"] = http_date(feed.changed_at.timestamp())
    response["Cache-Control"] = f"{whose}, max-age=60"
    return cast(HttpResponse, get_conditional_response(request, etag, changed, response))
