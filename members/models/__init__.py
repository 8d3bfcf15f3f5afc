"""People and promises, and what was told to whom."""

from members.models.notices import Channel, Notice
from members.models.people import SLUG, Member, User

__all__ = ["SLUG", "Channel", "Member", "Notice", "User"]
