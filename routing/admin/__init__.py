"""The maintainers' office for routing: hubs, weights, snapshots, policy."""

from routing.admin.downtimes import DowntimeAdmin
from routing.admin.drift import DriftSourceAdmin
from routing.admin.federation_reports import FederationReportAdmin
from routing.admin.hubs import HubAdmin
from routing.admin.incidents import IncidentAdmin
from routing.admin.operations import OperationsAdmin
from routing.admin.policies import PolicyAdmin
from routing.admin.ramps import RampAdmin
from routing.admin.reports import ReportAdmin
from routing.admin.snapshots import SnapshotVersionAdmin
from routing.admin.webhooks import DeliveryAdmin, WebhookAdmin
from routing.admin.weights import WeightChangeAdmin

__all__ = [
    "DeliveryAdmin",
    "DowntimeAdmin",
    "DriftSourceAdmin",
    "FederationReportAdmin",
    "HubAdmin",
    "IncidentAdmin",
    "OperationsAdmin",
    "PolicyAdmin",
    "RampAdmin",
    "ReportAdmin",
    "SnapshotVersionAdmin",
    "WebhookAdmin",
    "WeightChangeAdmin",
]
