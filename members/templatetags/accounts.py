"""What the pages about accounts show besides what django-allauth hands them."""

from __future__ import annotations

from django import template
from django.conf import settings

from members.models import User

register = template.Library()

BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


@register.filter
def browser(user_agent: str) -> str:
    """A browser and its system, in two words; else the beginning of what it calls itself."""
    program = next((word for sign, word in BROWSERS if sign in user_agent), "")
    system = next((word for sign, word in SYSTEMS if sign in user_agent), "")
    return " on ".join(filter(None, (program, system))) or user_agent[:40] or "unknown"


@register.simple_tag
def github_offered() -> bool:
    """Whether one can log in with GitHub."""
    return bool(settings.GITHUB_CLIENT_ID)


@register.simple_tag
def dev_people() -> list[tuple[User, str]]:
    """The first few people to log in as, maintainers before others; for development only."""
    people = User.objects.filter(is_active=True, service=False).prefetch_related("groups", "access__member")
    return [(each, _what(each)) for each in people.order_by("-is_superuser", "-is_staff", "pk")[:6]]


def _what(person: User) -> str:
    roles = [f"{each.role} of {each.member}" for each in person.access.all()]
    return ", ".join([group.name.removesuffix("s") for group in person.groups.all()] + roles)
