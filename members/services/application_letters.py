"""What is written to applicants, and to maintainers about them."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.utils import timezone

from members.models import Application, ApplicationMessage, Notice
from members.services import application_links, notices, recipients

LINK: Final = "application-link"
WHY: Final = "this address was given in an application to join the federation"
# Bounds on what strangers can make the portal write to others, whatever becomes of other limits.
MOST_AN_HOUR: Final = 60
MOST_TO_ONE: Final = 3


class TooManyLetters(ValueError):
    """So many links were sent lately that this one has to wait; the text says so."""


def link(application: Application, *, again: bool = False) -> None:
    """Send the link. Nothing in this letter was typed by anybody: its reader may know nothing of it."""
    to, now = application.email.lower(), timezone.now()
    sent = Notice.objects.filter(kind=LINK)
    if sent.filter(recipient=to, created_at__gt=now - timedelta(days=1)).count() >= MOST_TO_ONE:
        raise TooManyLetters("We wrote to this address several times today. Look for our letter, also among the spam.")
    if sent.filter(created_at__gt=now - timedelta(hours=1)).count() >= MOST_AN_HOUR:
        raise TooManyLetters("Very many applications are arriving right now. Try again in an hour, please.")
    address = application_links.link(application)
    if again:
        subject, body = "Your application to the federation", f"Your application is here:\n{address}\n"
    else:
        subject = "Your application to the federation: confirm your address"
        body = (
            "Somebody, you as we hope, began an application to join the federation with this e-mail address.\n\n"
            f"Confirm it and go on here:\n{address}\n\n"
            "The link leads back to your application at any time; keep this letter. If it was not you, do nothing: "
            "after seven days all of it is deleted."
        )
    notices.queue(
        kind=LINK, recipient=to, occasion=f"{application.pk} {now.isoformat()}", subject=subject, body=body, why=WHY
    )


def arrived(application: Application) -> None:
    """It was sent and its address is confirmed: tell both sides."""
    _to_maintainers(
        application,
        "application-arrived",
        f"{application.organisation} wants to join",
        f"{application.organisation} ({application.contact_name}) sent an application to join the federation.",
    )
    _to_applicant(
        application,
        "application-received",
        "We have your application",
        "Thank you. Your application has arrived, and a maintainer will read it. We answer by e-mail; until then you "
        "can see it, add something or take it back here:",
    )


def said(message: ApplicationMessage) -> None:
    """Somebody said something: tell the other side."""
    application = message.application
    if message.from_applicant:
        who, kind = application.contact_name, "application-answer"
        subject = f"{application.organisation} wrote about its application"
        _to_maintainers(application, kind, subject, f"{who} wrote:\n\n{message.text}", str(message.pk))
    else:
        _to_applicant(
            application,
            "application-question",
            "A question about your application",
            f"A maintainer of the federation wrote:\n\n{message.text}\n\nAnswer here:",
            str(message.pk),
        )


def declined(application: Application) -> None:
    """Tell the applicant, with the reason."""
    _to_applicant(
        application,
        "application-declined",
        "Your application was declined",
        f"We are sorry: the federation can't take up your offer now.\n\n{application.decision}\n\n"
        "Thank you for offering. Your application stays here for a while:",
    )


def withdrawn(application: Application) -> None:
    """Tell the maintainers that there is nothing to decide any more."""
    text = f"{application.contact_name} took back the application of {application.organisation}."
    _to_maintainers(application, "application-withdrawn", f"{application.organisation} took its application back", text)


def approved(application: Application) -> None:
    """Tell the applicant. How to log in stands in the invitation, which is a letter of its own."""
    _to_applicant(
        application,
        "application-approved",
        "Welcome to the federation",
        f"Your application was approved: {application.organisation} is becoming a member. Thank you!\n\n"
        "An invitation to your own pages comes in a letter of its own. There you see what is left to do until the "
        "first visitors come. Your application stays here:",
    )


def _to_applicant(application: Application, kind: str, subject: str, body: str, occasion: str = "") -> None:
    notices.queue(
        kind=kind,
        recipient=application.email.lower(),
        occasion=f"{application.pk} {occasion}".strip(),
        subject=subject,
        body=f"{body}\n{application_links.link(application)}",
        why=WHY,
    )


def _to_maintainers(application: Application, kind: str, subject: str, body: str, occasion: str = "") -> None:
    notices.tell(
        recipients.maintainers(),
        kind=kind,
        occasion=f"{application.pk} {occasion}".strip(),
        subject=subject,
        body=f"{body}\n\n{settings.PORTAL_URL}/applications/{application.pk}/",
    )
