"""What letters are about: the topics that people choose by, and which kind of notice belongs to which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Topic:
    """One topic. What is `needed` can't be switched off: somebody asked for it, or waits for an answer."""

    name: str
    title: str
    about: str
    needed: bool = False


NEEDED: Final = Topic("needed", "What you asked for", "links and answers that you wait for", needed=True)
ALERTS: Final = Topic("alerts", "Trouble with hubs", "a hub is out, is back, or its certificate runs out")
MAINTENANCE: Final = Topic("maintenance", "Maintenance", "planned work on hubs, and changes to it")
MEETINGS: Final = Topic("meetings", "Meetings", "invitations, reminders and notes")
REPORTS: Final = Topic("reports", "Reports", "when a monthly report is open or due")
CHECK_INS: Final = Topic("check-ins", "Check-ins", "twice a year, whether what we know of you is still right")
OFFERS: Final = Topic("offers", "Offers", "when an offer of compute is about to end")
FEDERATION: Final = Topic("federation", "Running the federation", "applications, proposals, drift, what waits")
TOPICS: Final = (ALERTS, MAINTENANCE, MEETINGS, REPORTS, CHECK_INS, OFFERS, FEDERATION, NEEDED)

# By how the kind begins; the first that fits.
KINDS: Final = (
    ("alert-", ALERTS),
    ("certificate", ALERTS),
    ("maintenance", MAINTENANCE),
    ("meeting", MEETINGS),
    ("report", REPORTS),
    ("check-in", CHECK_INS),
    ("offer", OFFERS),
    ("application-arrived", FEDERATION),
    ("application-waiting", FEDERATION),
    ("onboarding", FEDERATION),
    ("hub-proposal", FEDERATION),
    ("drift", FEDERATION),
    ("ramp", FEDERATION),
    ("stale", FEDERATION),
)
# What comes at once also to those who get its topic once a week: it changes what they were told before.
AT_ONCE: Final = frozenset({"meeting-change"})


def of(kind: str) -> Topic:
    """The topic of a notice of this kind; what nobody sorted in is needed, and so is sent."""
    return next((topic for begins, topic in KINDS if kind.startswith(begins)), NEEDED)


def named(name: str) -> Topic | None:
    """The topic of that name, if it can be chosen."""
    return next((topic for topic in TOPICS if topic.name == name and not topic.needed), None)
