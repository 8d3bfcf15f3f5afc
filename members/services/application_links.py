"""The applicant's link: it is mailed to the application's address and nowhere else; whoever has it reads that mail.

It is signed, not stored. It stops working when the application gets another address, and after `LASTS`.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.core.signing import BadSignature, SignatureExpired, TimestampSigner

from members.models import Application

LASTS: Final = timedelta(days=60)


class BadLink(ValueError):
    """This link leads nowhere: it was changed on its way, or what it led to was deleted."""


class OldLink(BadLink):
    """This link was good once; a new one goes to the same address."""


def secret(application: Application) -> str:
    """What only the application's mailbox may know."""
    return _signer().sign(f"{application.pk}-{_mailbox(application)}")


def link(application: Application) -> str:
    """The whole address, for letters."""
    return f"{settings.PORTAL_URL}/join/{secret(application)}/"


def opened(text: str) -> Application:
    """The application that a secret is of; BadLink or OldLink if there is none."""
    try:
        number, _, mailbox = _signer().unsign(text, max_age=LASTS).partition("-")
    except SignatureExpired:
        raise OldLink from None
    except BadSignature:
        raise BadLink from None
    application = Application.objects.select_related("member").filter(pk=int(number)).first()
    if application is None or mailbox != _mailbox(application):
        raise BadLink
    return application


def _mailbox(application: Application) -> str:
    return hashlib.sha256(application.email.lower().encode()).hexdigest()[:12]


def _signer() -> TimestampSigner:
    return TimestampSigner(salt="members.application_links", sep="~")
