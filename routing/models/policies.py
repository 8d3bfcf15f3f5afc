"""How redirectors choose a hub and how they check hubs: one row, published with the hubs."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from routing import snapshot

LIMITS = {
    "host_cookie_age_hours": (0, 24 * 366),
    "check_period": (0.1, 86_400),
    "check_failed_period": (0.1, 86_400),
    "check_jitter": (0, 1),
    "check_retries": (0, 100),
    "check_timeout": (0.1, 600),
}


def _between(name: str) -> dict[str, Any]:
    low, high = LIMITS[name]
    default = getattr(snapshot.Policy(), name)
    return {"default": default, "validators": [MinValueValidator(low), MaxValueValidator(high)]}


class PolicyQuerySet(models.QuerySet["Policy"]):
    """Named reads of the policy."""

    def current(self) -> Policy:
        """The policy in force: the one row, or the defaults while nobody has touched it."""
        return self.filter(pk=1).first() or Policy(pk=1)


class Policy(models.Model):
    """The federation's settings that redirectors obey. There is one row, number 1."""

    class Balancer(models.TextChoices):
        """How a redirector picks the hub of a launch."""

        RENDEZVOUS = "rendezvous", "rendezvous: a repository always goes to the same hub"
        RANDOM = "random", "random: by weight alone"

    balancer = models.CharField(max_length=20, choices=Balancer.choices, default=Balancer.RENDEZVOUS)
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

    objects = PolicyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "policy"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(pk=1), name="policy_one_row"),
            models.CheckConstraint(condition=Q(balancer__in=["rendezvous", "random"]), name="policy_balancer_known"),
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
