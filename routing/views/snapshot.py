"""The newest snapshot over HTTP, for redirectors that can't reach Redis."""

from __future__ import annotations

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, JsonResponse
from django.views.decorators.http import require_safe

from routing.services import publishing


@require_safe
def newest(request: HttpRequest) -> HttpResponse:
    """The newest document exactly as it was published; 304 for who has it already, 404 while there is none."""
    # Those who poll ask Redis alone.
    tag = publishing.tag_in_redis() if "If-None-Match" in request.headers else None
    if tag and _knows(request, f'"{tag}"'):
        return _tagged(HttpResponseNotModified(), f'"{tag}"')
    try:
        version = publishing.newest_live()
    except (OperationalError, InterfaceError):
        response: HttpResponse = JsonResponse({"error": "The database does not answer. Try again."}, status=503)
        response["Retry-After"] = "5"
        return response
    if version is None:
        return JsonResponse({"error": "Nothing was published yet: there is no hub."}, status=404)
    etag = f'"{publishing.tag(version)}"'
    if _knows(request, etag):
        return _tagged(HttpResponseNotModified(), etag)
    return _tagged(HttpResponse(version.document, content_type="application/json"), etag)


def _tagged(response: HttpResponse, etag: str) -> HttpResponse:
    response["ETag"] = etag
    response["Cache-Control"] = "no-cache"
    return response


def _knows(request: HttpRequest, etag: str) -> bool:
    known = request.headers.get("If-None-Match", "")
    return known.strip() == "*" or etag in (each.strip().removeprefix("W/") for each in known.split(","))
