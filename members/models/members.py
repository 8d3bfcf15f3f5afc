"""Organisations that take part, and how far they are in that."""

from __future__ import annotations

from typing import ClassVar, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from simple_history.models import HistoricalRecords

from members.models import slugs
from members.models.append_only import append_only
from members.models.editing import Editable
from members.models.traces import traced

SLUG: Final = RegexValidator(
    r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?\Z", "Lower-case letters, digits and hyphens; a hyphen neither first nor last."
)
STATES: Final = ["applicant", "onboarding", "active", "paused", "past"]
LISTED: Final = ["active", "paused"]


def known(prefix: str = "") -> Q:
    """Which members everybody may know of: those that give, and those that gave before they paused or left."""
    return Q(**{f"{prefix}state": "active"}) | Q(
        **{f"{prefix}state__in": ["paused", "past"], f"{prefix}since__isnull": False}
    )


class MemberQuerySet(models.QuerySet["Member"]):
    """Named reads of members."""

    def listed(self) -> MemberQuerySet:
        """Those that give now, which the public sees as members; a paused one stays among them."""
        return self.filter(known(), state__in=LISTED)

    def past(self) -> MemberQuerySet:
        """Those that gave once and are thanked for it."""
        return self.filter(known(), state=Member.State.PAST)


class Member(Editable):
    """An organisation that takes part in the federation.

    `state` changes only through `MemberChange` rows, each with who, when and why. All that stands here but `slug`,
    `state` and the notes on the state is the member's own record, public as it is on the member's page.
    """

    RECORD = (
        "name",
        "mode",
        "website",
        "summary",
        "story",
        "funded_by",
        "funded_by_url",
        "run_by",
        "run_by_url",
        "time_zone",
        "since",
        "until",
        "thanks",
    )

    class State(models.TextChoices):
        """How far it takes part."""

        APPLICANT = "applicant", "applicant"
        ONBOARDING = "onboarding", "onboarding"
        ACTIVE = "active", "active"
        PAUSED = "paused", "paused"
        PAST = "past", "past"

    class Mode(models.TextChoices):
        """Who operates what it gives."""

        TEAM = "team", "operated by the federation's team"
        MEMBER = "member", "operated by the member"

    slug = models.CharField(max_length=63, unique=True, validators=[SLUG], help_text="Part of its page's address.")
    name = models.CharField(max_length=100)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    mode = models.CharField("operation", max_length=6, choices=Mode.choices, default=Mode.MEMBER)
    website = models.URLField(blank=True)
    summary = models.CharField(max_length=200, blank=True, help_text="Who you are, in one sentence.")
    story = models.TextField(max_length=10_000, blank=True, help_text="Why you take part. Markdown.")
    funded_by = models.CharField(max_length=200, blank=True)
    funded_by_url = models.URLField("funder's website", blank=True)
    run_by = models.CharField(max_length=200, blank=True, help_text="If others than you operate the hub.")
    run_by_url = models.URLField("operator's website", blank=True)
    time_zone = models.CharField(max_length=64, blank=True, help_text="Of your team, such as Europe/Berlin.")
    since = models.DateField(null=True, blank=True, help_text="When it joined.")
    until = models.DateField(null=True, blank=True, help_text="When it left.")
    thanks = models.TextField(max_length=2_000, blank=True, help_text="What the federation thanks a past member for.")
    # The picture in use, a `Logo` by its digest; empty for none.
    logo = models.CharField(max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = MemberQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ("name",)
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(slug__regex=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"), name="member_slug_shape"
            ),
            models.CheckConstraint(condition=~Q(name__regex=r"^\s*$"), name="member_has_name"),
            models.CheckConstraint(condition=Q(state__in=STATES), name="member_state_known"),
            models.CheckConstraint(condition=Q(mode__in=["team", "member"]), name="member_mode_known"),
            models.CheckConstraint(
                condition=Q(since=None) | Q(until=None) | Q(until__gte=F("since")),
                name="member_leaves_after_joining",
                violation_error_message="It can't have left before it joined.",
            ),
        ]
        triggers: ClassVar = traced("members", "slug")

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """No member's pages take the place of others."""
        if self.slug in slugs.taken():
            raise ValidationError({"slug": f"{self.slug} is the address of another page already: choose another slug."})

    @property
    def is_public(self) -> bool:
        """Whether everybody may know of it: it takes part, or did. The same as `known`."""
        return self.state == self.State.ACTIVE or (self.state in {"paused", "past"} and self.since is not None)

    @property
    def logo_url(self) -> str:
        """The address of its logo on this portal; empty for none."""
        return f"/logos/{self.logo}.webp" if self.logo else ""


class MemberChange(models.Model):
    """One step of a member's life: from which state to which, who, when, why. Written once, kept for ever."""

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="changes")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    # Empty for a member that was not there before.
    from_state = models.CharField(max_length=10, choices=Member.State.choices, blank=True)
    to_state = models.CharField(max_length=10, choices=Member.State.choices)
    # Whether maintainers did it: a member that they paused comes back through the admission checks.
    by_maintainers = models.BooleanField(default=False)
    reason = models.CharField(max_length=500)

    class Meta:
        ordering = ("-id",)
        indexes: ClassVar = [models.Index(fields=["member", "-id"], name="memberchange_newest")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(from_state=F("to_state")), name="memberchange_changes"),
            models.CheckConstraint(
                condition=Q(from_state__in=["", *STATES], to_state__in=STATES), name="memberchange_states_known"
            ),
            models.CheckConstraint(condition=~Q(reason__regex=r"^\s*$"), name="memberchange_has_reason"),
        ]
        triggers: ClassVar = append_only("memberchange")

    def __str__(self) -> str:
        return f"{self.member}: {self.from_state or 'new'} → {self.to_state}"
