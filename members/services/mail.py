"""Letters: one connection to the mail server for a whole run, opened with the first letter."""

from __future__ import annotations

import re
import smtplib
from types import TracebackType
from typing import Any, Final, Self

from anymail.exceptions import AnymailError, AnymailRecipientsRefused
from csp.constants import NONE, UNSAFE_INLINE
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string
from django.utils.html import urlize
from django.utils.safestring import SafeString, mark_safe

from members.models import Notice
from members.services import topics, wishes
from members.services.delivery import Away, Pointless, Refused, Undelivered

# The policy of a page that is one letter: its own styles, and nothing that runs or is fetched.
SHOWN_ALONE: Final = {"default-src": [NONE], "style-src": [UNSAFE_INLINE], "sandbox": ["allow-popups"]}
# From here on a reply code of SMTP means "never".
FOR_GOOD: Final = 500
# In links that were mailed, what follows the last word: long, and no slash in it.
SECRETS: Final = re.compile(r"(/[a-z-]+/)[\w~:.=-]{25,}(?=[/\s\"<]|$)")


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
        connection = self._opened()
        try:
            letter(notice, connection).send()
        except smtplib.SMTPRecipientsRefused as error:
            raise _refusal(error) from None
        except AnymailRecipientsRefused as error:
            raise Refused(f"The mail provider refuses the address: {said(error)}") from None
        except (smtplib.SMTPException, AnymailError, OSError) as error:
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


def letter(notice: Notice, connection: Any = None) -> EmailMultiAlternatives:  # noqa: ANN401
    """The letter of a notice, as plain text and as HTML, with its invitation if it has one.

    Its Message-ID never changes: a second copy can be told from a second letter.
    """
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("> ")
    headers = {"Message-ID": f"<notice-{notice.pk}@{domain}>", "Auto-Submitted": "auto-generated"}
    topic = topics.of(notice.kind)
    if not topic.needed:
        # RFC 8058: the mail program's own button, one click, no page in between.
        headers["List-Unsubscribe"] = f"<{wishes.stop_link(notice.recipient, topic)}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    made = EmailMultiAlternatives(
        subject=notice.subject, body=text(notice), to=[notice.recipient], connection=connection, headers=headers
    )
    made.attach_alternative(html(notice), "text/html")
    if notice.calendar:
        method = notice.calendar_method
        # Beside the text, where mail programs look for an invitation to show with its buttons.
        made.attach_alternative(notice.calendar, f"text/calendar; method={method}; charset=utf-8")
    return made


def message(notice: Notice) -> str:
    """What is to be said, with the link to what is to be done."""
    return f"{notice.body}\n\n{notice.link_text}:\n{notice.link}" if notice.link else notice.body


def text(notice: Notice) -> str:
    """All that is in the plain letter: the message, why one gets it, and how to stop it."""
    lines = [f"You get this because {notice.why}."] if notice.why else []
    lines.append(f"{_choose(notice)}: {wishes.choices_link(notice.recipient)}")
    foot = "\n".join(lines)
    return f"{message(notice)}\n\n-- \n{foot}\n"


def html(notice: Notice) -> str:
    """The same for mail programs that show HTML."""
    context = {
        "notice": notice,
        "paragraphs": [_paragraph(each) for each in notice.body.split("\n\n") if each.strip()],
        "choices": wishes.choices_link(notice.recipient),
        "choose": _choose(notice),
    }
    return render_to_string("emails/letter.html", context)


def _choose(notice: Notice) -> str:
    """What the link to their choices is called: what somebody asked for always comes."""
    return "Choose what else we write to you" if topics.of(notice.kind).needed else "Choose what you get, or stop it"


def _paragraph(words: str) -> SafeString:
    """Escaped, with its line breaks, and with links that can be clicked."""
    return mark_safe(urlize(words.strip(), autoescape=True).replace("\n", "<br>\n"))  # noqa: S308


def shown(notice: Notice) -> str:
    """The text for other eyes than its reader's: without the secrets of links, which are as good as a key."""
    return SECRETS.sub(r"\1…", message(notice) if notice.is_for_a_channel else text(notice))


def shown_html(notice: Notice) -> str:
    """The same as it looks in mail programs."""
    return SECRETS.sub(r"\1…", html(notice))


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
