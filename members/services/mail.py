"""Letters: one connection to the mail server for a whole run, opened with the first letter."""

from __future__ import annotations

import re
import smtplib
from types import TracebackType
from typing import Any, Final, Self

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from members.models import Notice, User
from members.services.delivery import Away, Pointless, Refused, Undelivered

# From here on a reply code of SMTP means "never".
FOR_GOOD: Final = 500
# In links that were mailed, what follows the last word: long, and no slash in it.
SECRETS: Final = re.compile(r"(/[a-z-]+/)[\w~:.=-]{25,}(?=/|\s|$)")


class Postman:
    """Carries letters. Once the mail server turned out to be away, it tries no other letter."""

    def __init__(self) -> None:
        self._connection: Any = None
        self._away = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hang_up()

    def carry(self, notice: Notice) -> None:
        """Hand one letter to the mail server; raises Undelivered if it did not take it."""
        if settings.MAIL_SERVER_MISSING:
            raise Pointless("The portal has no mail server: EMAIL_URL is not set.")
        if User.objects.filter(email__iexact=notice.recipient, is_active=False).exists():
            raise Pointless("The account with this address was switched off.")
        connection = self._opened()
        try:
            letter(notice, connection).send()
        except smtplib.SMTPRecipientsRefused as error:
            raise _refusal(error) from None
        except (smtplib.SMTPException, OSError) as error:
            self._hang_up()
            raise Undelivered(f"The mail server broke off: {said(error)}") from None
        except ValueError as error:
            raise Refused(f"This cannot be sent as a letter: {error}") from None

    def _opened(self) -> Any:  # noqa: ANN401
        if self._away:
            raise Away(self._away)
        if self._connection is None:
            connection = get_connection()
            try:
                connection.open()
            except (smtplib.SMTPException, OSError) as error:
                self._away = f"The mail server does not take letters: {said(error)}"
                raise Away(self._away) from None
            self._connection = connection
        return self._connection

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except (smtplib.SMTPException, OSError):
                return  # It is gone already, which is what we want.


def letter(notice: Notice, connection: Any = None) -> EmailMessage:  # noqa: ANN401
    """The letter of a notice. Its Message-ID never changes: a second copy can be told from a second letter."""
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("> ")
    return EmailMessage(
        subject=notice.subject,
        body=text(notice),
        to=[notice.recipient],
        connection=connection,
        headers={"Message-ID": f"<notice-{notice.pk}@{domain}>", "Auto-Submitted": "auto-generated"},
    )


def text(notice: Notice) -> str:
    """What is in it: the message, and why one gets it."""
    return f"{notice.body}\n\n-- \nYou get this because {notice.why}.\n" if notice.why else f"{notice.body}\n"


def shown(notice: Notice) -> str:
    """The text for other eyes than its reader's: without the secrets of links, which are as good as a key."""
    return SECRETS.sub(r"\1…", text(notice) if not notice.is_for_a_channel else notice.body)


def said(error: Exception) -> str:
    """What the other side said, in one line."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return "it does not accept the portal's user name and password"
    if isinstance(error, smtplib.SMTPResponseException):
        answer = error.smtp_error
        words = answer.decode(errors="replace") if isinstance(answer, bytes) else str(answer)
        return " ".join(f"{error.smtp_code} {words}".split())
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return " ".join((getattr(error, "strerror", None) or str(error) or type(error).__name__).split())


def _refusal(error: smtplib.SMTPRecipientsRefused) -> Undelivered:
    code, words = next(iter(error.recipients.values()))
    text = " ".join(f"{code} {words.decode(errors='replace')}".split())
    return (Refused if code >= FOR_GOOD else Undelivered)(f"The mail server refuses the address: {text}")
