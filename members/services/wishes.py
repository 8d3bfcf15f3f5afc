"""What readers of our letters chose: all of it, some of it once a week, some of it not at all; and dead addresses.

Each letter links to its reader's choices by a signed address, which needs no login; so do its List-Unsubscribe headers
(RFC 8058), through which a mail program switches one topic off with one click.
"""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from members.models import DeadAddress, LetterChoice, Notice
from members.services import topics
from members.services.topics import Topic

SALT: Final = "members.letters"
WISHES: Final = LetterChoice.Wish


class BadLink(ValueError):
    """The link was cut off or changed."""


def wish(address: str, topic: Topic) -> str:
    """What the reader at this address wants of a topic."""
    if topic.needed:
        return WISHES.NOW
    row = LetterChoice.objects.filter(address=address.lower(), topic=topic.name).first()
    return row.wish if row else WISHES.NOW


def wishes(address: str) -> list[tuple[Topic, str]]:
    """What the reader at this address wants of each topic that can be chosen."""
    chosen = dict(LetterChoice.objects.filter(address=address.lower()).values_list("topic", "wish"))
    return [(topic, chosen.get(topic.name, WISHES.NOW)) for topic in topics.TOPICS if not topic.needed]


@transaction.atomic
def choose(address: str, topic: Topic, wanted: str) -> None:
    """Keep what the reader wants. What was held for the week goes out or is dropped with the choice."""
    if wanted not in WISHES.values or topic.needed:
        raise ValueError(f"A topic that can be chosen comes {', '.join(WISHES.values)}; not {wanted!r}.")
    LetterChoice.objects.update_or_create(address=address.lower(), topic=topic.name, defaults={"wish": wanted})
    if wanted == WISHES.WEEKLY:
        return
    held = [each.pk for each in held_for(address) if topics.of(each.kind) == topic]
    rows = Notice.objects.filter(pk__in=held, state=Notice.State.HELD)
    if wanted == WISHES.NOW:
        rows.update(state=Notice.State.WAITING, due_at=timezone.now())
    else:
        rows.update(state=Notice.State.DROPPED, error=unwanted(topic))


def signed(address: str) -> str:
    """The part of a link that stands for this address: the same for ever, in each letter."""
    return signing.Signer(salt=SALT).sign_object(address.lower())


def of_link(secret: str) -> str:
    """The address a link stands for; BadLink if it was not made here."""
    try:
        return str(signing.Signer(salt=SALT).unsign_object(secret))
    except signing.BadSignature:
        raise BadLink("This link is not whole. Copy all of it from the letter.") from None


def choices_link(address: str) -> str:
    """Where the reader chooses."""
    return settings.PORTAL_URL + reverse("letters", args=[signed(address)])


def stop_link(address: str, topic: Topic) -> str:
    """Where one click switches a topic off."""
    return settings.PORTAL_URL + reverse("letters-stop", args=[signed(address), topic.name])


def bury(address: str, reason: str) -> None:
    """Send nothing to this address any more: it bounced, or its reader called us spam."""
    DeadAddress.objects.get_or_create(address=address.lower(), defaults={"reason": " ".join(reason.split())[:300]})


def revive(address: str) -> None:
    """Somebody opened a link that was sent there, or a maintainer knows better: it takes letters again."""
    DeadAddress.objects.filter(address=address.lower()).delete()


def unwanted(topic: Topic) -> str:
    """Why a letter on it is not sent to who switched it off."""
    return f"Not wanted: letters on “{topic.title}” were switched off at this address."


def held_for(address: str) -> QuerySet[Notice]:
    """What waits for this reader's weekly letter."""
    return Notice.objects.filter(state=Notice.State.HELD, recipient__iexact=address)
