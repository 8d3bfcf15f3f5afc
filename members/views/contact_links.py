"""Pages behind the links in letters to contacts. They need no login: the link was sent to the address itself.

Opening a page changes nothing, since mail programs open links too; the button on it does.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from members.models import Contact
from members.services import contacts


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, secret: str) -> HttpResponse:
    """Whether this address is that of the contact."""
    try:
        contact = contacts.by_link(secret, contacts.CONFIRM)
    except contacts.BadLink as error:
        return _refusal(request, error)
    if request.method == "POST":
        contact = contacts.confirm(contact)
    return render(request, "contact/confirm.html", _context(contact))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def check_in(request: HttpRequest, secret: str) -> HttpResponse:
    """Whether what the record says of the contact is still right."""
    try:
        contact = contacts.by_link(secret, contacts.CHECK_IN)
    except contacts.BadLink as error:
        return _refusal(request, error)
    done = request.method == "POST"
    if done:
        contact = contacts.still_right(contacts.confirm(contact), by=None)
    return render(request, "contact/check_in.html", {**_context(contact), "done": done})


def _context(contact: Contact) -> dict[str, object]:
    others = contact.member.contacts.exclude(pk=contact.pk).filter(visibility=Contact.Visibility.PUBLIC)
    return {"contact": contact, "member": contact.member, "others": others, "now": timezone.now()}


def _refusal(request: HttpRequest, error: contacts.BadLink) -> HttpResponse:
    status = 410 if isinstance(error, contacts.OldLink) else 404
    return render(request, "contact/bad_link.html", {"said": str(error)}, status=status)
