"""The pages of development: what was mailed, for letters go nowhere here, and being somebody with one click."""

from __future__ import annotations

from csp.constants import SELF
from csp.decorators import csp_replace
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
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


# Its types know no views with arguments.
@csp_replace({**mail.SHOWN_ALONE, "frame-ancestors": [SELF]})  # type: ignore[arg-type]
@xframe_options_sameorigin
@require_safe
def letter(_request: HttpRequest, name: str) -> HttpResponse:
    """One letter's HTML as mail programs show it: with its own styles, and nothing that runs or is fetched."""
    found = next((each for each in mailbox.letters(SHOWN) if each.name == name and each.html), None)
    if found is None:
        raise Http404
    return HttpResponse(found.html)


def _text(notice: Notice) -> str:
    return mail.message(notice) if notice.is_for_a_channel else mail.text(notice)


@require_POST
def log_in(request: HttpRequest) -> HttpResponse:
    """Be one of the people of this development federation."""
    person = get_object_or_404(User, username=request.POST.get("username", ""), is_active=True)
    target = request.POST.get("next", "")
    inside = url_has_allowed_host_and_scheme(target, allowed_hosts=None)
    return enter(request, person, by="development", target=target if inside else None)
