"""The pages of development: what was mailed, for letters go nowhere here, and being somebody with one click."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from members.models import Notice, User
from members.services import mail, mailbox
from members.views.entering import enter

SHOWN = 50


@never_cache
@require_safe
def letters(request: HttpRequest) -> HttpResponse:
    """The letters that were sent, by whichever way, and the notices that were not, or went through a channel."""
    waiting = Notice.objects.select_related("channel").exclude(channel=None, state=Notice.State.SENT)
    context = {
        "letters": mailbox.letters(SHOWN),
        "notices": [(each, _text(each)) for each in waiting[:SHOWN]],
    }
    return render(request, "dev/mail.html", context)


def _text(notice: Notice) -> str:
    return mail.message(notice) if notice.is_for_a_channel else mail.text(notice)


@require_POST
def log_in(request: HttpRequest) -> HttpResponse:
    """Be one of the people of this development federation."""
    person = get_object_or_404(User, username=request.POST.get("username", ""), is_active=True)
    target = request.POST.get("next", "")
    inside = url_has_allowed_host_and_scheme(target, allowed_hosts=None)
    return enter(request, person, by="development", target=target if inside else None)
