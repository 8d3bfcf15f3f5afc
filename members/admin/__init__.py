"""The office for people and for what is told to them."""

from members.admin.channels import ChannelAdmin
from members.admin.contacts import ContactAdmin
from members.admin.meetings import AvoidDateAdmin, MeetingAdmin
from members.admin.members import MemberAdmin
from members.admin.offers import OfferAdmin
from members.admin.outbox import NoticeAdmin
from members.admin.people import GroupAdmin, UserAdmin
from members.admin.reviews import ReviewedFieldAdmin
from members.admin.series import SeriesAdmin
from members.admin.texts import TextAdmin
from members.admin.tokens import TokenAdmin, TokenUseAdmin

__all__ = [
    "AvoidDateAdmin",
    "ChannelAdmin",
    "ContactAdmin",
    "GroupAdmin",
    "MeetingAdmin",
    "MemberAdmin",
    "NoticeAdmin",
    "OfferAdmin",
    "ReviewedFieldAdmin",
    "SeriesAdmin",
    "TextAdmin",
    "TokenAdmin",
    "TokenUseAdmin",
    "UserAdmin",
]
