"""Organisations that ask to join: what they offer, what was said on both sides, what became of it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar, Final

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from members.models.histories import Histories
from members.models.members import Member

MOST: Final = 1_000_000  # Of cores, GiB and users: more is a slip of the keyboard.


class Responsibility(models.TextChoices):
    """What the federation asks of everybody who joins. There is no contract; each of these is a promise."""

    INTRODUCE = "introduce", "We introduce ourselves to the others, in the forum or in the chat."
    FOLLOW = "follow", "We keep an eye on the team compass, where the team writes how it works and what it decides."
    MEET = "meet", "We come to the monthly meeting when we can, and read its report when we can't."
    ANSWER = "answer", "We answer in the chat when our cluster is in trouble."
    PAIR = "pair", "We are willing to look for a fault together with others."


class ApplicationQuerySet(models.QuerySet["Application"]):
    """Named reads of applications."""

    def confirmed(self) -> ApplicationQuerySet:
        """Those whose address was shown to be theirs."""
        return self.filter(email_confirmed_at__isnull=False)

    def waiting(self) -> ApplicationQuerySet:
        """Those that maintainers have to decide about, the oldest first."""
        return self.confirmed().filter(state__in=Application.OPEN).order_by("submitted_at", "id")

    def sent(self) -> ApplicationQuerySet:
        """Those that maintainers may see: sent and confirmed, whatever became of them. The newest first."""
        seen = self.confirmed().filter(submitted_at__isnull=False)
        return seen.order_by("-submitted_at", "-id")


class Application(models.Model):
    """One organisation that wants to join. Its applicant has no account yet, only a link that was sent by e-mail.

    A draft belongs to its applicant alone. Maintainers see it once it was sent and its address confirmed.
    """

    class State(models.TextChoices):
        """How far it is."""

        DRAFT = "draft", "draft"
        SUBMITTED = "submitted", "submitted"
        REVIEW = "review", "in review"
        APPROVED = "approved", "approved"
        DECLINED = "declined", "declined"
        WITHDRAWN = "withdrawn", "withdrawn"

    OPEN: Final = (State.SUBMITTED, State.REVIEW)
    CLOSED: Final = (State.APPROVED, State.DECLINED, State.WITHDRAWN)

    # Made with the empty form: a form that is sent twice makes one application.
    once = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    state = models.CharField(max_length=9, choices=State.choices, default=State.DRAFT)

    organisation = models.CharField(max_length=100)
    website = models.URLField(blank=True)
    summary = models.CharField("who you are", max_length=200, blank=True)
    motivation = models.TextField("why you want to take part", max_length=10_000, blank=True)
    contact_name = models.CharField("your name", max_length=200)
    email = models.EmailField("your e-mail")
    chat = models.CharField("chat handles", max_length=300, blank=True)

    mode = models.CharField("operation", max_length=6, choices=Member.Mode.choices, blank=True)
    cpu_cores = models.PositiveIntegerField(
        "CPU cores", null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(MOST)]
    )
    memory_gib = models.PositiveIntegerField(
        "memory (GiB)", null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(MOST)]
    )
    concurrent_users = models.PositiveIntegerField(
        "users at the same time", null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(MOST)]
    )
    provider = models.CharField("where the machines are", max_length=200, blank=True)
    regions = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    starts = models.DateField("from", null=True, blank=True)
    ends = models.DateField("until", null=True, blank=True)
    restrictions = models.TextField(max_length=2_000, blank=True)

    hours_per_month = models.PositiveSmallIntegerField(
        "hours per month", null=True, blank=True, validators=[MaxValueValidator(744)]
    )
    time_zone = models.CharField("time zone", max_length=64, blank=True)
    experience = models.TextField(max_length=10_000, blank=True)

    hub_url = models.CharField("address of your hub", max_length=300, blank=True)
    accepted = ArrayField(models.CharField(max_length=10, choices=Responsibility.choices), default=list, blank=True)

    created_at = models.DateTimeField(auto_now_add=True)
    edited_at = models.DateTimeField(default=timezone.now)
    email_confirmed_at = models.DateTimeField(null=True, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decision = models.TextField(max_length=2_000, blank=True)
    member = models.OneToOneField(Member, on_delete=models.SET_NULL, null=True, blank=True, related_name="application")

    objects = ApplicationQuerySet.as_manager()
    # Who asked is forgotten with the application, and so is its history.
    history = Histories(excluded_fields=["contact_name", "email", "chat"], cascade_delete_history=True)

    class Meta:
        ordering = ("-created_at", "-id")
        indexes: ClassVar = [models.Index(fields=["state", "submitted_at"], name="application_queue")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(organisation__regex=r"^\s*$"), name="application_has_organisation"),
            models.CheckConstraint(condition=~Q(contact_name__regex=r"^\s*$"), name="application_has_contact"),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "submitted", "review", "approved", "declined", "withdrawn"]),
                name="application_state_known",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "submitted", "withdrawn"]) | Q(email_confirmed_at__isnull=False),
                name="application_decided_after_confirming",
            ),
            models.CheckConstraint(condition=Q(mode__in=["", "team", "member"]), name="application_mode_known"),
            models.CheckConstraint(
                condition=Q(starts=None) | Q(ends=None) | Q(ends__gte=F("starts")),
                name="application_ends_after_start",
                violation_error_message="It can't end before it starts.",
            ),
            models.CheckConstraint(
                condition=Q(accepted__contained_by=["introduce", "follow", "meet", "answer", "pair"]),
                name="application_accepted_known",
            ),
        ]

    def __str__(self) -> str:
        return self.organisation

    @property
    def is_open(self) -> bool:
        """Whether it waits for a decision."""
        return self.state in self.OPEN

    @property
    def is_closed(self) -> bool:
        """Whether nothing can become of it any more."""
        return self.state in self.CLOSED


class ApplicationMessage(models.Model):
    """One thing that was said, by a maintainer or by the applicant; the other side gets it as a letter too."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="messages")
    # Made with the empty form: a form that is sent twice says it once.
    once = models.UUIDField(default=uuid.uuid4, editable=False)
    at = models.DateTimeField(default=timezone.now)
    from_applicant = models.BooleanField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    text = models.TextField(max_length=10_000)

    class Meta:
        ordering = ("at", "id")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["application", "once"], name="applicationmessage_once"),
            models.CheckConstraint(condition=~Q(text__regex=r"^\s*$"), name="applicationmessage_says_something"),
        ]

    def __str__(self) -> str:
        return self.text[:60]


class EvidenceQuerySet(models.QuerySet["Evidence"]):
    """Named reads of evidence."""

    def wanted(self, before: datetime) -> EvidenceQuerySet:
        """Those that nobody gathers yet, or that somebody began to gather before this and did not finish."""
        begun_and_lost = Q(finished_at=None, claimed_at__lt=before)
        return self.filter(Q(claimed_at=None) | begun_and_lost).order_by("asked_at", "id")


class Evidence(models.Model):
    """What the portal found at an applicant's hub, once: findings of the form {name, ok, said}; ok may be null."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="evidence")
    asked_at = models.DateTimeField(default=timezone.now)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # What to launch there; empty: no test launch.
    test_spec = models.CharField(max_length=300, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    finished_at = models.DateTimeField(null=True, blank=True)
    findings = models.JSONField(default=list, blank=True)

    objects = EvidenceQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "evidence"
        ordering = ("-asked_at", "-id")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["application"], condition=Q(finished_at=None), name="evidence_one_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.application} {self.asked_at:%Y-%m-%d %H:%M}"
