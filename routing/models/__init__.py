"""Facts of routing, and the rules the database enforces."""

from routing.models.alerts import Alert, AlertRound
from routing.models.downtimes import Downtime
from routing.models.drift import DriftReport, DriftSource
from routing.models.health import (
    CheckRound,
    Flip,
    HealthHour,
    HealthSample,
    HubHealth,
    LaunchDay,
    LaunchMinute,
    LaunchTest,
    Skew,
)
from routing.models.hubs import MAX_USERS, MAX_WEIGHT, NAMES, RECORD, Hub
from routing.models.incidents import Incident, IncidentUpdate
from routing.models.onboarding import Onboarding, OnboardingStep
from routing.models.policies import Policy
from routing.models.proposals import HubProposal
from routing.models.ramps import Ramp, RampEvent, TimedChange
from routing.models.snapshots import LiveSnapshot, SnapshotVersion
from routing.models.usage import Promise, UsageDay, UsageHour, UsageMinute, UsageRepository, UsageSource
from routing.models.webhooks import Delivery, Webhook
from routing.models.weights import WeightChange

__all__ = [
    "MAX_USERS",
    "MAX_WEIGHT",
    "NAMES",
    "RECORD",
    "Alert",
    "AlertRound",
    "CheckRound",
    "Delivery",
    "Downtime",
    "DriftReport",
    "DriftSource",
    "Flip",
    "HealthHour",
    "HealthSample",
    "Hub",
    "HubHealth",
    "HubProposal",
    "Incident",
    "IncidentUpdate",
    "LaunchDay",
    "LaunchMinute",
    "LaunchTest",
    "LiveSnapshot",
    "Onboarding",
    "OnboardingStep",
    "Policy",
    "Promise",
    "Ramp",
    "RampEvent",
    "Skew",
    "SnapshotVersion",
    "TimedChange",
    "UsageDay",
    "UsageHour",
    "UsageMinute",
    "UsageRepository",
    "UsageSource",
    "Webhook",
    "WeightChange",
]
