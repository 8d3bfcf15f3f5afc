"""The mailbox of development: whatever is sent, by whichever way, is kept as a file and read at /dev/mail/."""

from __future__ import annotations

import email
import email.policy
import os
import re
import secrets
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage as Parsed
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend

KEPT: Final = 200
LINK: Final = re.compile(r"https?://[^\s<>\"]+")
# A code to log in or to confirm with, as our letters write it: alone on its line.
CODE: Final = re.compile(r"^\s*([A-Z0-9]{4,8}-[A-Z0-9]{4,8}|[A-Z0-9]{6,10})\s*$", re.MULTILINE)


class Backend(BaseEmailBackend):
    """Hands letters to the mail server of EMAIL_URL, if there is one, and keeps a copy."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self._server = get_connection(settings.MAIL_SERVER["EMAIL_BACKEND"], *args, **kwargs)

    def open(self) -> bool | None:
        """Reach the server."""
        return self._server.open()

    def close(self) -> None:
        """Leave the server."""
        self._server.close()

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Send, then keep what the server took."""
        sent = self._server.send_messages(email_messages) or 0
        directory = Path(settings.MAILBOX)
        directory.mkdir(parents=True, exist_ok=True)
        for each in email_messages:
            _keep(directory, each.message().as_bytes())
        for old in _files(directory)[KEPT:]:
            old.unlink(missing_ok=True)
        return int(sent)


@dataclass(frozen=True)
class Letter:
    """A letter that was sent, taken apart."""

    name: str
    at: datetime
    subject: str
    sender: str
    to: str
    text: str
    html: str
    attachments: list[tuple[str, str, int]] = field(default_factory=list)

    @property
    def codes(self) -> list[str]:
        """The codes in it."""
        return CODE.findall(self.text)

    @property
    def links(self) -> list[str]:
        """The addresses in it, each once."""
        return list(dict.fromkeys(LINK.findall(self.text)))


def letters(most: int) -> Iterable[Letter]:
    """The newest letters, newest first."""
    directory = Path(settings.MAILBOX)
    return [_read(path) for path in _files(directory)[:most]]


def _files(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.eml"), reverse=True)


def _keep(directory: Path, content: bytes) -> None:
    name = f"{time.time_ns():020}-{secrets.token_hex(4)}"
    unfinished = directory / f"{name}.part"
    unfinished.write_bytes(content)
    os.replace(unfinished, directory / f"{name}.eml")


def _read(path: Path) -> Letter:
    parsed = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    return Letter(
        name=path.stem,
        at=datetime.fromtimestamp(int(path.stem.partition("-")[0]) / 1e9, UTC),
        subject=str(parsed["Subject"] or ""),
        sender=str(parsed["From"] or ""),
        to=str(parsed["To"] or ""),
        text=_body(parsed, "plain"),
        html=_body(parsed, "html"),
        attachments=[
            (
                each.get_filename() or "without a name",
                each.get_content_type(),
                len(each.get_payload(decode=True) or b""),
            )
            for each in parsed.iter_attachments()
        ],
    )


def _body(parsed: Parsed, kind: str) -> str:
    part = parsed.get_body((kind,))
    return part.get_content() if part else ""
