"""People and promises, and what was told to whom."""

from members.models.access import Access, Invitation, Role
from members.models.applications import Application, ApplicationMessage, Evidence, Responsibility
from members.models.contacts import Contact
from members.models.members import SLUG, Member, MemberChange
from members.models.notices import Channel, Notice
from members.models.offers import ComputeOffer
from members.models.people import User

__all__ = [
    "SLUG",
    "Access",
    "Application",
    "ApplicationMessage",
    "Channel",
    "ComputeOffer",
    "Contact",
    "Evidence",
    "Invitation",
    "Member",
    "MemberChange",
    "Notice",
    "Responsibility",
    "Role",
    "User",
]
