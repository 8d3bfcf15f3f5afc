"""Choices of letters as readers make them: what a stranger with a forwarded letter could switch off is told at once."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.utils import timezone

from members.services import notices, topics, wishes
from members.services.topics import Topic

KIND: Final = "letters-changed"
# Without these letters somebody who is on call sleeps through an outage.
TOLD: Final = (topics.ALERTS,)


@transaction.atomic
def choose(address: str, topic: Topic, wanted: str) -> None:
    """As `wishes.choose`. Who gets no alerts any more, or late ones, hears of it where they went so far."""
    before = wishes.wish(address, topic)
    wishes.choose(address, topic, wanted)
    if topic not in TOLD or wanted in {before, wishes.WISHES.NOW}:
        return
    now = timezone.now()
    said = "switched off" if wanted == wishes.WISHES.NEVER else "put off to a weekly letter"
    notices.queue(
        kind=KIND,
        recipient=address.lower(),
        occasion=f"{topic.name}, {wanted}, {now:%Y-%m-%d %H:%M:%S.%f}",
        subject=f"Letters on “{topic.title}” were {said}",
        body=(
            f"At this address letters on “{topic.title}” were {said}: {topic.about}.\n\n"
            "Whoever has a letter of ours can do that by its links, also one that was forwarded. If it was not you, "
            "choose again."
        ),
        why="somebody changed which letters come to this address",
        link=("Choose again", wishes.choices_link(address)),
        due_at=now,
    )
