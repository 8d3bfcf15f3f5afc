"""The exports: the page that lists them, and each as a file. All that is in them is public."""

from __future__ import annotations

import hashlib
from typing import cast

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from routing.services import exports


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What there is, and for whom."""
    return render(request, "exports/exports.html", {"exports": exports.ALL, "tables": exports.PRIVATE.values()})


@require_safe
def export(request: HttpRequest, name: str, extension: str) -> HttpResponse:
    """One export as it is now. Programs ask often: who has it already is told so."""
    try:
        form = exports.find(name).form(extension)
    except exports.NoSuchExport as error:
        raise Http404(str(error)) from None
    body = exports.write(name, extension)
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    response = HttpResponse(body, content_type=form.content_type)
    response["ETag"] = etag
    response["Cache-Control"] = "public, max-age=30"
    response["Access-Control-Allow-Origin"] = "*"
    response["Content-Disposition"] = f'inline; filename="{name}.{extension}"'
    return cast(HttpResponse, get_conditional_response(request, etag, None, response))
