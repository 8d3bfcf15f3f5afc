"""How redirectors choose a hub and how they check hubs: one row, published with the hubs."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from typing import Any, ClassVar, Final

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from routing import snapshot
from routing.damping import DampingPolicy

LIMITS = {
    "host_cookie_age_hours": (0, 24 * 366),
    "check_period": (0.1, 86_400),
    "check_failed_period": (0.1, 86_400),
    "check_jitter": (0, 1),
    "check_retries": (0, 100),
    "check_timeout": (0.1, 600),
    "pulse_period": (0, 3_600),
    "settle_period": (0.1, 3_600),
    "fall": (1, 100),
    "rise": (1, 100),
    "slow_start_seconds": (0, 86_400),
    "slow_start_from": (0.01, 1),
    "taper_from": (0, 1),
    "fail_open_seconds": (0, 86_400),
    "version_grace_hours": (0, 24 * 366),
    "answer_seconds_most": (0, 600),
    "drain_lead_minutes": (0, 7 * 24 * 60),
    "incident_after_minutes": (1, 7 * 24 * 60),
    "test_launch_minutes": (15, 7 * 24 * 60),
}

# What the portal starts with. A federation that comes from a configuration file keeps what that file says.
DEFAULTS: Final = snapshot.Policy(
    check_period=15.0,
    check_failed_period=15.0,
    check_retries=1,
    check_timeout=4.0,
    pulse_period=5.0,
    settle_period=1.0,
    fall=3,
    rise=2,
    slow_start_seconds=600.0,
    taper_from=0.8,
    fail_open_seconds=600.0,
)


def _between(name: str, default: float | None = None) -> dict[str, Any]:
    low, high = LIMITS[name]
    return {
        "default": getattr(DEFAULTS, name) if default is None else default,
        "validators": [MinValueValidator(low), MaxValueValidator(high)],
    }


class PolicyQuerySet(models.QuerySet["Policy"]):
    """Named reads of the policy."""

    def current(self) -> Policy:
        """The policy in force: the one row, or the defaults while nobody has touched it."""
        return self.filter(pk=1).first() or Policy(pk=1)


class Policy(models.Model):
    """The federation's settings that redirectors obey. There is one row, number 1."""

    class Balancer(models.TextChoices):
        """How a redirector picks the hub of a launch."""

        BALANCED = "balanced", "balanced: one home for each repository; hot ones spill over, shares follow the weights"
        RENDEZVOUS = "rendezvous", "rendezvous: a repository always goes to the same hub"
        RANDOM = "random", "random: by weight alone"

    class VersionRule(models.TextChoices):
        """What becomes of a hub that runs other versions than the reference."""

        EXACT = "exact", "out at once"
        GRACE = "grace", "out after a time of grace"
        OFF = "off", "never mind"

    balancer = models.CharField(max_length=20, choices=Balancer.choices, default=Balancer.BALANCED)
    host_cookie_age_hours = models.FloatField(
        "visitors stay on their hub for (hours)",
        **_between("host_cookie_age_hours"),
        help_text="How long a visitor who comes back to a repository is sent to the same hub.",
    )
    check_period = models.FloatField("check a healthy hub every (seconds)", **_between("check_period"))
    check_failed_period = models.FloatField("check a failing hub every (seconds)", **_between("check_failed_period"))
    check_jitter = models.FloatField(
        "spread of the checks", **_between("check_jitter"), help_text="0.1 spreads them by ±5 % of the period."
    )
    check_retries = models.PositiveSmallIntegerField("tries per check", **_between("check_retries"))
    check_timeout = models.FloatField("give a hub time to answer (seconds)", **_between("check_timeout"))
    pulse_period = models.FloatField(
        "feel its pulse every (seconds)",
        **_between("pulse_period"),
        help_text="Between checks, a light question whether the hub is there at all. 0 switches it off.",
    )
    settle_period = models.FloatField(
        "ask again after (seconds)",
        **_between("settle_period"),
        help_text="While the next answers may take a hub out or bring it back.",
    )
    fall = models.PositiveSmallIntegerField("out after bad answers in a row", **_between("fall"))
    rise = models.PositiveSmallIntegerField("back after good answers in a row", **_between("rise"))
    slow_start_seconds = models.FloatField("full weight after (seconds)", **_between("slow_start_seconds"))
    slow_start_from = models.FloatField(
        "begin the slow start with", **_between("slow_start_from"), help_text="A share of the weight: 0.1 is 10 %."
    )
    taper_from = models.FloatField(
        "less weight from", **_between("taper_from"), help_text="A share of the usable pod quota: 0.8 is 80 %."
    )
    fail_open_seconds = models.FloatField(
        "keep the rotation for (seconds)",
        **_between("fail_open_seconds"),
        help_text="When no hub answers at once, our own network is the likelier culprit.",
    )
    version_rule = models.CharField(
        "other versions than the reference", max_length=5, choices=VersionRule.choices, default=VersionRule.EXACT
    )
    version_grace_hours = models.FloatField("grace (hours)", **_between("version_grace_hours"))
    pinned_binderhub = models.CharField(
        "reference BinderHub version",
        max_length=100,
        blank=True,
        help_text="As a hub's /versions has it. Empty: what the prime runs.",
    )
    pinned_builder = models.CharField("reference builder version", max_length=200, blank=True)
    answer_seconds_most = models.FloatField(
        "too slow from (seconds)", **_between("answer_seconds_most"), help_text="0 switches it off."
    )
    launch_success_counts = models.BooleanField(
        "launch success counts", default=False, help_text="A hub whose launches fail gets less weight."
    )
    drain_lead_minutes = models.PositiveIntegerField(
        "drain before an outage (minutes)", **_between("drain_lead_minutes", 60)
    )
    incident_after_minutes = models.PositiveIntegerField(
        "draft an incident after (minutes)", **_between("incident_after_minutes", 10)
    )
    test_launch_minutes = models.PositiveIntegerField(
        "between test launches (minutes)", **_between("test_launch_minutes", 15)
    )

    objects = PolicyQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        verbose_name_plural = "policy"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(pk=1), name="policy_one_row"),
            models.CheckConstraint(
                condition=Q(balancer__in=["balanced", "rendezvous", "random"]), name="policy_balancer_known"
            ),
            models.CheckConstraint(
                condition=Q(version_rule__in=["exact", "grace", "off"]), name="policy_version_rule_known"
            ),
            *(
                # The upper bound also keeps NaN out: in Postgres it is greater than every number.
                models.CheckConstraint(
                    condition=Q(**{f"{name}__gte": low, f"{name}__lte": high}), name=f"policy_{name}_range"
                )
                for name, (low, high) in LIMITS.items()
            ),
        ]

    def __str__(self) -> str:
        return "How redirectors choose and check"

    @property
    def fingerprint(self) -> str:
        """Changes when a setting does: tells an editor that the policy moved under them."""
        shown = [(field.name, str(getattr(self, field.name))) for field in self._meta.fields]
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]

    @property
    def published(self) -> snapshot.Policy:
        """What of it redirectors obey."""
        return snapshot.Policy(**{each.name: getattr(self, each.name) for each in fields(snapshot.Policy)})

    @property
    def damping(self) -> DampingPolicy:
        """How quickly to believe."""
        return DampingPolicy(**{each.name: getattr(self, each.name) for each in fields(DampingPolicy)})
