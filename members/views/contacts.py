"""A member's contacts: whom to call, and whether that is still right."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from members.models import Contact, Member, Role
from members.row_forms import ContactForm
from members.services import contacts
from members.views.own import for_member, page, who


@for_member(Role.VIEWER)
@require_safe
def listing(request: HttpRequest, member: Member) -> HttpResponse:
    """All of them, in the order of escalation."""
    now = timezone.now()
    rows = [(each, contacts.is_fresh(each, now)) for each in member.contacts.all()]
    return page(request, "my/contacts.html", member, rows=rows)


@for_member(Role.EDITOR)
def add(request: HttpRequest, member: Member) -> HttpResponse:
    """A new one."""
    form = ContactForm(request.POST or None, initial={"position": member.contacts.count() + 1})
    contact = form.save_by(lambda values: contacts.add(member, values, by=who(request)))
    if contact is not None:
        messages.success(request, f"{contact} is a contact now. A link to confirm went to {contact.email}.")
        return redirect("my-contacts", member.slug)
    return page(request, "my/contact.html", member, form=form)


@for_member(Role.EDITOR)
def edit(request: HttpRequest, member: Member, pk: int) -> HttpResponse:
    """Change one."""
    contact = get_object_or_404(member.contacts, pk=pk)
    form = ContactForm(request.POST or None, instance=contact)
    saved = form.save_by(lambda changes: contacts.edit(contact, changes, by=who(request), seen=form.seen_text))
    if saved is not None:
        messages.success(request, f"{saved} is saved.")
        return redirect("my-contacts", member.slug)
    return page(request, "my/contact.html", member, form=form, contact=contact)


@for_member(Role.EDITOR)
@require_POST
def act(request: HttpRequest, member: Member, pk: int) -> HttpResponse:
    """Remove it, say that it is still right, or send the link to confirm once more."""
    contact = get_object_or_404(member.contacts, pk=pk)
    try:
        messages.success(request, _do(request.POST.get("verb", ""), contact, request))
    except contacts.ContactsError as error:
        messages.error(request, str(error))
    return redirect("my-contacts", member.slug)


def _do(verb: str, contact: Contact, request: HttpRequest) -> str:
    match verb:
        case "remove":
            contacts.remove(contact, by=who(request))
            return f"{contact} is no contact any more."
        case "right":
            contacts.still_right(contact, by=who(request))
            return f"Noted: what you say of {contact} is right as of today."
        case "ask":
            contacts.ask_to_confirm(contact)
            return f"A letter with a link is on its way to {contact.email}, at most one in an hour."
        case _:
            raise contacts.ContactsError("Nothing was done: this page knows no such thing.")
