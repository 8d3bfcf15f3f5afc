"""Who sees what of members: the one place that pages, exports and the API ask.

Each row says from which kind of viewer on it is seen at all, and each of its fields from which kind on. A kind is a
relation to one member: the same person is a manager of one, and somebody of another member to the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q

from members.models import Access, ComputeOffer, Contact, Invitation, Member, MemberChange, Report, Role
from members.models.members import LISTED, known
from members.services import access

if TYPE_CHECKING:
    from members.models import User
    from members.models.contacts import ContactQuerySet
    from members.models.members import MemberQuerySet
    from members.models.offers import ComputeOfferQuerySet


class Kind(IntEnum):
    """What somebody is to a member. Each sees what those before see."""

    OUTSIDER = 0
    OTHER_MEMBER = 1
    VIEWER = 2
    EDITOR = 3
    MANAGER = 4
    MAINTAINER = 5
    NOBODY = 6


OUTSIDER, OTHER_MEMBER, VIEWER, EDITOR, MANAGER, MAINTAINER, NOBODY = Kind
KINDS: Final = {Role.VIEWER: VIEWER, Role.EDITOR: EDITOR, Role.MANAGER: MANAGER}
# Whose people count as the federation's: not those that only applied, nor those that left.
TAKING_PART: Final = ["onboarding", *LISTED]


def _all(names: str, kind: Kind) -> dict[str, Kind]:
    return dict.fromkeys(names.split(), kind)


# The least kind that sees a field, where it sees the row.
FIELDS: Final[Mapping[type[models.Model], Mapping[str, Kind]]] = {
    Member: {
        **_all("id slug name state mode website summary story funded_by funded_by_url run_by run_by_url", OUTSIDER),
        **_all("time_zone since until thanks logo", OUTSIDER),
        **_all("created_at", VIEWER),
    },
    MemberChange: {
        **_all("id member at from_state to_state", OUTSIDER),
        **_all("by by_maintainers reason", VIEWER),
    },
    Contact: {
        **_all("id member name roles email chat phone time_zone", OUTSIDER),
        **_all("position checked_at", OTHER_MEMBER),
        **_all("visibility email_confirmed_at user created_at", VIEWER),
    },
    ComputeOffer: {
        **_all("id member state grantor provider cpu_cores memory_gib concurrent_users regions", OUTSIDER),
        **_all("title starts ends", OTHER_MEMBER),
        **_all("team_contact amount currency restrictions created_at", VIEWER),
        **_all("billing_account", MANAGER),
    },
    Access: _all("id member user role given_by created_at", VIEWER),
    Report: {
        **_all("id member month state due_on news trouble plans asks figures opened_at submitted_at", VIEWER),
        **_all("submitted_by skip_reason reopened_at reopen_reason taken_in_at", VIEWER),
    },
    Invitation: {
        **_all("id member email role invited_by created_at expires_at accepted_at accepted_by", MANAGER),
        **_all("secret_hash", NOBODY),
    },
}
BY_CHOICE: Final = {
    Contact.Visibility.PUBLIC: OUTSIDER,
    Contact.Visibility.MEMBERS: OTHER_MEMBER,
    Contact.Visibility.MAINTAINERS: VIEWER,
}


@dataclass(frozen=True)
class Viewer:
    """Somebody who looks: a maintainer or not, and the role at each member, by its primary key."""

    maintainer: bool = False
    roles: Mapping[int, Role] = field(default_factory=dict)
    takes_part: bool = False

    def kind(self, member: int) -> Kind:
        """What they are to the member with this primary key."""
        if self.maintainer:
            return MAINTAINER
        if member in self.roles:
            return KINDS[self.roles[member]]
        return OTHER_MEMBER if self.takes_part else OUTSIDER


def viewer(user: User | AnonymousUser) -> Viewer:
    """This person as one who looks. Ask once for each request."""
    if not (user.is_authenticated and user.is_active):
        return Viewer()
    found = list(Access.objects.filter(user=user).values_list("member_id", "role", "member__state"))
    return Viewer(
        maintainer=access.is_maintainer(user),
        roles={member: Role(role) for member, role, _ in found},
        takes_part=any(state in TAKING_PART for _, _, state in found),
    )


def members(who: Viewer) -> MemberQuerySet:
    """The members they may know of."""
    if who.maintainer:
        return Member.objects.all()
    return Member.objects.filter(known() | Q(pk__in=who.roles))


def chosen_for(who: Viewer) -> Q:
    """The contacts, also of history, that chose to be seen by somebody like them, of whatever member."""
    if who.takes_part:
        return Q(visibility__in=[choice for choice, kind in BY_CHOICE.items() if kind <= OTHER_MEMBER])
    return Q(visibility=Contact.Visibility.PUBLIC, email_confirmed_at__isnull=False)


def contacts(who: Viewer) -> ContactQuerySet:
    """The contacts they see."""
    if who.maintainer:
        return Contact.objects.all()
    theirs = Q(member__in=who.roles)
    return Contact.objects.filter(theirs | known("member__") & Q(member__state__in=LISTED) & chosen_for(who))


def offers(who: Viewer) -> ComputeOfferQuerySet:
    """The offers of compute they see."""
    if who.maintainer:
        return ComputeOffer.objects.all()
    given = Q(known("member__"), state__in=GIVEN)
    return ComputeOffer.objects.filter(Q(member__in=who.roles) | given)


def sees(who: Viewer, row: models.Model) -> bool:
    """Whether they see this row at all."""
    return who.kind(_member_of(row).pk) >= _least(row)


def fields(model: type[models.Model], kind: Kind) -> tuple[str, ...]:
    """The fields of such rows that this kind of viewer sees."""
    return tuple(name for name, least in FIELDS[model].items() if kind >= least)


def shown(who: Viewer, row: models.Model) -> dict[str, Any]:
    """What they see of a row, by field; nothing of one that they don't see."""
    if not sees(who, row):
        return {}
    return {name: getattr(row, name) for name in fields(type(row), who.kind(_member_of(row).pk))}


GIVEN: Final = ["active", "expired"]


def _least(row: models.Model) -> Kind:
    """From which kind on a row is seen."""
    member = _member_of(row)
    match row:
        case Contact():
            return _least_of_contact(row) if member.is_public and member.state in LISTED else VIEWER
        case ComputeOffer():
            return OUTSIDER if member.is_public and row.state in GIVEN else VIEWER
        case Access() | Report():
            return VIEWER
        case Invitation():
            return MANAGER
        case _:
            return OUTSIDER if member.is_public else VIEWER


def _least_of_contact(row: Contact) -> Kind:
    """As it chose; but nobody is put before everybody's eyes before they have shown that the address is theirs."""
    least = BY_CHOICE[Contact.Visibility(row.visibility)]
    return OTHER_MEMBER if least == OUTSIDER and row.email_confirmed_at is None else least


def _member_of(row: Any) -> Member:  # noqa: ANN401
    return row if isinstance(row, Member) else row.member
