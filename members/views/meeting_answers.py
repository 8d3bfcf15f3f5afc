"""The answer to an invitation, behind the link in its letter. It needs no login.

Opening the page records nothing, since mail programs and scanners open links too; its buttons do.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from members.services import guests, rsvps


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, secret: str) -> HttpResponse:
    """Whether the reader at an address comes."""
    try:
        invitation = rsvps.opened(secret)
    except rsvps.BadLink as error:
        status = 410 if isinstance(error, rsvps.OldLink) else 404
        return render(request, "meetings/bad_link.html", {"said": str(error)}, status=status)
    meeting, wrong, given = invitation.meeting, "", ""
    if request.method == "POST":
        try:
            given = rsvps.answer(meeting, invitation.address, request.POST.get("answer", "")).answer
        except rsvps.RsvpError as error:
            wrong = str(error)
    row = meeting.rsvps.filter(address=invitation.address).first()
    context = {
        "meeting": meeting,
        "phase": meeting.phase(timezone.now()),
        "guest": guests.guest(invitation.address),
        "answers": rsvps.ANSWERS.choices,
        # What a link in the letter suggests is only marked; the button records it.
        "suggested": request.GET.get("answer", ""),
        "row": row,
        "given": given,
        "wrong": wrong,
    }
    return render(request, "meetings/answer.html", context, status=400 if wrong else 200)
