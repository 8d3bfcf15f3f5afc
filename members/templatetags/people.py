"""How pages write members."""

from __future__ import annotations

from django import template

from members.models import Member

register = template.Library()


@register.filter
def initials(name: str) -> str:
    """What stands for a member that has no logo: the first letters of its first and its last word."""
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0] for word in ([words[0], words[-1]] if len(words) > 1 else words)).upper()


@register.filter
def years(member: Member) -> str:
    """From when until when it takes part, to the month."""
    since, until = (f"{day:%B %Y}" if day else "" for day in (member.since, member.until))
    if until:
        return f"{since} to {until}" if since else f"until {until}"
    return f"since {since}" if since else ""
