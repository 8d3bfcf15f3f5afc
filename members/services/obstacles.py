"""What keeps letters from their readers, looked up for many at once just before they are sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from django.db.models.functions import Lower

from members.models import Access, Contact, DeadAddress, LetterChoice, Member, Notice, User
from members.services import guests, recipients, topics, wishes

OFF: Final = "The account with this address was switched off."
NO_MAINTAINER: Final = "It was for maintainers, and they are none any more."
NOT_THEIRS: Final = "It was for a member's people and contacts; they are none of them any more, or the member left."


@dataclass(frozen=True)
class Obstacles:
    """What is known of some addresses, all in lower case."""

    dead: Mapping[str, DeadAddress]
    chosen: Mapping[tuple[str, str], str]
    off: Collection[str]
    standings: Mapping[str, Collection[str]]

    def of(self, notice: Notice) -> tuple[str, str] | None:
        """What keeps this letter from its reader: the state it goes to and why; None if nothing does."""
        address, topic = notice.recipient.lower(), topics.of(notice.kind)
        if lost := self.lost(notice):
            return Notice.State.DROPPED, lost
        if (dead := self.dead.get(address)) is not None:
            return Notice.State.DROPPED, f"The address takes no letters since {dead.since:%d %b %Y}: {dead.reason}"
        wanted = wishes.WISHES.NOW if topic.needed else self.chosen.get((address, topic.name))
        if wanted == wishes.WISHES.NEVER:
            return Notice.State.DROPPED, wishes.unwanted(topic)
        if wanted == wishes.WISHES.WEEKLY and notice.kind not in topics.AT_ONCE:
            return Notice.State.HELD, "Held for the weekly letter, which was chosen for these."
        return None

    def lost(self, notice: Notice) -> str:
        """Why they are no longer whom it was written to; empty if they are. Maintainers may read what members get."""
        address, standing = notice.recipient.lower(), notice.standing
        if address in self.off:
            return OFF
        has = self.standings.get(address, ())
        if not standing or standing in has or recipients.MAINTAINER in has:
            return ""
        return NO_MAINTAINER if standing == recipients.MAINTAINER else NOT_THEIRS


def before(letters: Iterable[Notice]) -> Obstacles:
    """What is known of those whom these letters are for. Six queries at most, however many they are."""
    rows = [each for each in letters if not each.is_for_a_channel]
    addresses = {each.recipient.lower() for each in rows}
    if not addresses:
        return Obstacles({}, {}, (), {})
    chosen = LetterChoice.objects.filter(address__in=addresses).values_list("address", "topic", "wish")
    off = User.objects.filter(email__in=addresses, is_active=False)
    return Obstacles(
        {each.address: each for each in DeadAddress.objects.filter(address__in=addresses)},
        {(address, topic): wish for address, topic, wish in chosen},
        frozenset(off.values_list("email", flat=True)),
        _standings({each.recipient.lower() for each in rows if each.standing}),
    )


def _standings(addresses: Collection[str]) -> Mapping[str, Collection[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    if not addresses:
        return found
    people = User.objects.filter(email__in=addresses, is_active=True)
    for address in people.filter(groups__name=recipients.MAINTAINERS).values_list("email", flat=True):
        found[address].add(recipients.MAINTAINER)
    given = Access.objects.filter(user__in=people).exclude(member__state=Member.State.PAST)
    people_of = list(given.values_list("user__email", "member", "member__state"))
    contacts = Contact.objects.annotate(address=Lower("email")).filter(address__in=addresses)
    theirs = contacts.exclude(member__state=Member.State.PAST).values_list("address", "member")
    for address, member in [*((address, member) for address, member, _ in people_of), *theirs]:
        found[address].add(recipients.of_member(member))
    for address, _, state in people_of:
        if state in guests.TAKING_PART:
            found[address].add(recipients.TAKES_PART)
    return found
