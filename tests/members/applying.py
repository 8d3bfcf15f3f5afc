"""Applications for tests, as far as a test wants them."""

from __future__ import annotations

import re
import uuid
from typing import Any

from members.models import Application, Notice, Responsibility
from members.services import application_letters, applications

FIRST = {
    "organisation": "Driftglass Observatory",
    "summary": "We look at the sea.",
    "motivation": "",
    "website": "https://driftglass.example",
    "contact_name": "Ada Sand",
    "email": "ada@driftglass.example",
    "chat": "",
}
REST = {
    "mode": "member",
    "cpu_cores": 64,
    "memory_gib": 256,
    "concurrent_users": 50,
    "provider": "Our own rack",
    "regions": ["Europe"],
    "hours_per_month": 8,
    "time_zone": "Europe/Lisbon",
    "experience": "Five years of Kubernetes.",
    "hub_url": "",
    "accepted": Responsibility.values,
}


def make_draft(**values: Any) -> Application:
    """A draft with all that is needed to send it; its link was mailed."""
    draft = applications.begin({**FIRST, **{key: values.pop(key) for key in FIRST.keys() & values}}, once=uuid.uuid4())
    return applications.save(draft, {**REST, **values})


def make_application(**values: Any) -> Application:
    """One that was sent, and whose address is confirmed."""
    application = applications.confirm(make_draft(**values))
    return applications.submit(application)


def mailed_path(application: Application) -> str:
    """The path of the link in the newest letter with one to this application's address."""
    letter = Notice.objects.filter(kind=application_letters.LINK, recipient=application.email.lower()).first()
    assert letter is not None
    found = re.search(r"https?://[^/]+(/join/\S+)", letter.body)
    assert found
    return found[1]
