"""Facts of routing, and the rules the database enforces."""

from routing.models.hubs import MAX_WEIGHT, Hub
from routing.models.policies import Policy
from routing.models.snapshots import SnapshotVersion
from routing.models.weights import WeightChange

__all__ = ["MAX_WEIGHT", "Hub", "Policy", "SnapshotVersion", "WeightChange"]
