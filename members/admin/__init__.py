"""The office for people and for what is told to them."""

from members.admin.channels import ChannelAdmin
from members.admin.outbox import NoticeAdmin
from members.admin.people import GroupAdmin, MemberAdmin, UserAdmin
from members.admin.texts import TextAdmin

__all__ = ["ChannelAdmin", "GroupAdmin", "MemberAdmin", "NoticeAdmin", "TextAdmin", "UserAdmin"]
