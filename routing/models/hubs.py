"""A hub: where launches may go, and how many the federation promises it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar, Final

import pgtrigger
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import FilteredRelation, Q

from members.models import ComputeOffer, Member
from members.models.histories import Histories
from members.models.traces import traced
from routing import snapshot
from routing.addresses import SHAPE, hub_address

NAME_SHAPE: Final = RegexValidator(
    r"^[A-Za-z0-9]([A-Za-z0-9._:/-]*[A-Za-z0-9])?\Z", "Letters, digits and . _ : / - between them, no blanks."
)
KEY_SHAPE: Final = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"
# Also what keeps NaN out: in Postgres NaN is greater than every number.
MAX_WEIGHT: Final = Decimal("999999.999")
MAX_USERS: Final = 100_000


# What a hub's form shows and `routing.services.hubs.edit` changes; weight, state and prime have verbs of their own.
RECORD: Final = (
    "member_id",
    "name",
    "url",
    "health_url",
    "versions_url",
    "pod_headroom",
    "headroom_percent",
    "user_limit",
    "check_period",
    "ui_order",
    "test_spec",
    "helm_release",
    "grafana_name",
    "event_origin",
    "registry_host",
    "prometheus_url",
    "ip_address",
)
# One hub has a name in each of these places, and they differ: what is exported to them says the right one.
NAMES: Final = ("helm_release", "grafana_name", "event_origin", "registry_host")


class HubQuerySet(models.QuerySet["Hub"]):
    """Named reads of hubs."""

    def published(self) -> HubQuerySet:
        """The hubs that are in the snapshot: all but the retired ones."""
        return self.exclude(state=Hub.State.RETIRED)

    def with_ramp(self) -> HubQuerySet:
        """Each with the ramp it is on, joined as `open_ramp`; without one the hub has no such attribute."""
        on = FilteredRelation("ramps", condition=Q(ramps__ended_at=None))
        return self.annotate(open_ramp=on).select_related("open_ramp")  # type: ignore[misc]

    def in_rotation(self) -> HubQuerySet:
        """The hubs that get new launches, health aside."""
        return self.filter(state=Hub.State.ACTIVE, weight__gt=0)


class Hub(models.Model):
    """One BinderHub. `key` feeds the hash that picks a hub and therefore never changes; `weight` is a promise."""

    class State(models.TextChoices):
        """Whether the hub takes new launches: only an active one does."""

        ONBOARDING = "onboarding", "onboarding"
        ACTIVE = "active", "active"
        DRAINED = "drained", "drained"
        RETIRED = "retired", "retired"

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="hubs")
    key = models.CharField(
        max_length=63,
        unique=True,
        validators=[RegexValidator(KEY_SHAPE.replace("$", r"\Z"), "Lower-case letters, digits and hyphens.")],
        help_text="The hub's name in the hash that sends repositories to hubs. It can never be changed.",
    )
    name = models.CharField(max_length=100)
    url = models.CharField("address", max_length=300, validators=[hub_address])
    health_url = models.CharField("health address", max_length=300, validators=[hub_address])
    versions_url = models.CharField("versions address", max_length=300, validators=[hub_address])
    prime = models.BooleanField(
        default=False, help_text="Serves the pages of the federation's address, and sets the reference version."
    )
    weight = models.DecimalField(
        max_digits=9,
        decimal_places=3,
        default=Decimal(0),
        validators=[MinValueValidator(0), MaxValueValidator(MAX_WEIGHT)],
    )
    pod_headroom = models.PositiveIntegerField(
        default=10,
        validators=[MaxValueValidator(100_000)],
        help_text="The hub leaves the rotation when fewer pods than this are left of its quota.",
    )
    headroom_percent = models.PositiveSmallIntegerField(
        "headroom in % of the quota",
        null=True,
        blank=True,
        validators=[MaxValueValidator(100)],
        help_text="Instead of the pods above: a share of the hub's pod quota.",
    )
    user_limit = models.PositiveIntegerField(
        "not more users than",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_USERS)],
        help_text="The hub leaves the rotation when it has as many pods as this, whatever its quota. Empty: no limit.",
    )
    check_period = models.FloatField(
        "check every (seconds)",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(86_400)],
        help_text="Empty: as the policy says.",
    )
    ui_order = models.PositiveSmallIntegerField(
        "serves the pages as number",
        default=0,
        help_text="When the prime is not well, the healthy hub with the lowest number serves the federation's pages.",
    )
    test_spec = models.CharField(
        "test launch of",
        max_length=300,
        blank=True,
        validators=[
            RegexValidator(r"^[a-z]+/[^\s?#;]+\Z", "A provider and what it launches, such as gh/owner/repository/HEAD.")
        ],
        help_text="The portal launches it now and then, to see whether the hub really does: gh/owner/repository/HEAD. "
        "Empty: never.",
    )
    helm_release = models.CharField(
        "Helm release", max_length=100, blank=True, validators=[NAME_SHAPE], help_text="Its name in the deployment."
    )
    grafana_name = models.CharField(
        "name in Grafana", max_length=100, blank=True, validators=[NAME_SHAPE], help_text="Its data source there."
    )
    event_origin = models.CharField(
        "origin of its events",
        max_length=200,
        blank=True,
        validators=[NAME_SHAPE],
        help_text="The host name that its launch events carry.",
    )
    registry_host = models.CharField(
        "registry host", max_length=200, blank=True, validators=[NAME_SHAPE], help_text="Where its images are kept."
    )
    prometheus_url = models.CharField(
        "address of its Prometheus",
        max_length=300,
        blank=True,
        validators=[hub_address],
        help_text="Empty: prometheus. and the hub's host.",
    )
    ip_address = models.GenericIPAddressField(
        "IP address", null=True, blank=True, help_text="Where its names in the federation's domain lead to."
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.ONBOARDING)
    # Drained because its member takes a break: it comes back with its member.
    rests_with_member = models.BooleanField(default=False, editable=False)
    # What it runs on.
    offers = models.ManyToManyField(ComputeOffer, related_name="hubs", blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = HubQuerySet.as_manager()
    # Weights have a history of their own, with a reason for each: WeightChange.
    history = Histories(excluded_fields=["weight"], m2m_fields=["offers"])

    class Meta:
        ordering = ("name", "key")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["prime"],
                condition=Q(prime=True),
                name="hub_one_prime",
                violation_error_message="There is a prime hub already.",
            ),
            models.UniqueConstraint(
                fields=["url"],
                condition=~Q(state="retired"),
                name="hub_one_of_an_address",
                violation_error_message="Another hub has this address already: it would get both shares.",
            ),
            models.CheckConstraint(condition=Q(key__regex=KEY_SHAPE), name="hub_key_shape"),
            models.CheckConstraint(condition=~Q(name__regex=r"^\s*$"), name="hub_has_name"),
            models.CheckConstraint(condition=Q(weight__gte=0, weight__lte=MAX_WEIGHT), name="hub_weight_range"),
            models.CheckConstraint(condition=Q(pod_headroom__lte=100_000), name="hub_headroom_range"),
            models.CheckConstraint(
                condition=Q(headroom_percent=None) | Q(headroom_percent__lte=100), name="hub_headroom_percent_range"
            ),
            models.CheckConstraint(
                condition=Q(user_limit=None) | Q(user_limit__gte=1, user_limit__lte=MAX_USERS),
                name="hub_user_limit_range",
            ),
            models.CheckConstraint(
                condition=Q(rests_with_member=False) | Q(state="drained"), name="hub_rests_only_while_drained"
            ),
            models.CheckConstraint(
                condition=Q(check_period=None) | Q(check_period__gte=1, check_period__lte=86_400),
                name="hub_check_period_range",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["onboarding", "active", "drained", "retired"]), name="hub_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state="retired") | Q(weight=0, prime=False),
                name="hub_retired_is_out",
                violation_error_message="A retired hub has weight 0 and is not the prime.",
            ),
            models.CheckConstraint(
                condition=Q(url__regex=SHAPE, health_url__regex=SHAPE, versions_url__regex=SHAPE), name="hub_url_shape"
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.ReadOnly(name="hub_key_is_for_ever", fields=["key"]),
            *traced("hubs", "key"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def fingerprint(self) -> str:
        """Changes when what the hub's form shows changes: tells an editor that the record moved under them."""
        shown = [getattr(self, name) for name in RECORD]
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]

    def published(
        self, factors: tuple[snapshot.Factor, ...] = (), checks: Mapping[str, bool] | None = None
    ) -> snapshot.Hub:
        """The hub as redirectors see it."""
        return snapshot.Hub(
            key=self.key,
            url=self.url,
            health=self.health_url,
            versions=self.versions_url,
            weight=float(self.weight),
            prime=self.prime,
            name=self.name,
            pod_headroom=self.pod_headroom,
            headroom_percent=self.headroom_percent,
            user_limit=self.user_limit,
            check_period=self.check_period,
            ui_order=self.ui_order,
            factors=factors,
            checks=tuple(sorted((checks or {}).items())),
        )
