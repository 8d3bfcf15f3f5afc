"""People and promises, and what was told to whom."""

from members.models.access import Access, Invitation, Role
from members.models.agendas import ActionItem, AgendaItem
from members.models.applications import Application, ApplicationMessage, Evidence, Responsibility
from members.models.attendance import Attendance, RotaPerson, Rsvp
from members.models.calendars import CalendarAddress
from members.models.contacts import Contact
from members.models.editing import Editable
from members.models.letters import DeadAddress, LetterChoice
from members.models.logos import Logo
from members.models.meetings import AvoidDate, Meeting, MeetingSeries, MeetingSlot
from members.models.members import SLUG, Member, MemberChange
from members.models.notices import Channel, Notice
from members.models.offers import ComputeOffer
from members.models.people import User
from members.models.replays import Replay
from members.models.reports import FederationReport, Report
from members.models.reviews import ProposedChange, ReviewedField
from members.models.texts import Text
from members.models.tokens import Token, TokenUse
from members.models.traces import Trace

__all__ = [
    "SLUG",
    "Access",
    "ActionItem",
    "AgendaItem",
    "Application",
    "ApplicationMessage",
    "Attendance",
    "AvoidDate",
    "CalendarAddress",
    "Channel",
    "ComputeOffer",
    "Contact",
    "DeadAddress",
    "Editable",
    "Evidence",
    "FederationReport",
    "Invitation",
    "LetterChoice",
    "Logo",
    "Meeting",
    "MeetingSeries",
    "MeetingSlot",
    "Member",
    "MemberChange",
    "Notice",
    "ProposedChange",
    "Replay",
    "Report",
    "Responsibility",
    "ReviewedField",
    "Role",
    "RotaPerson",
    "Rsvp",
    "Text",
    "Token",
    "TokenUse",
    "Trace",
    "User",
]
