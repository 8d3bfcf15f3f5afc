"""The development page that shows letters: without a mail server they go nowhere, and here one sees what was sent."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from members.models import Notice
from members.services import mail

SHOWN = 50


@never_cache
@require_safe
def letters(request: HttpRequest) -> HttpResponse:
    """The newest letters and messages, with their text."""
    rows = [(each, _text(each)) for each in Notice.objects.select_related("channel")[:SHOWN]]
    return render(request, "dev/mail.html", {"rows": rows})


def _text(notice: Notice) -> str:
    return notice.body if notice.is_for_a_channel else mail.text(notice)
