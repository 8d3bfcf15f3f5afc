"""The API's addresses."""

from django.urls import path, re_path
from rest_framework.routers import SimpleRouter

from federation.api import errors, views
from members.api.contacts import Contacts
from members.api.meetings import AgendaItems, Meetings
from members.api.members import MemberChanges
from members.api.offers import Offers
from routing.api import checks
from routing.api.applications import Applications
from routing.api.downtimes import Downtimes
from routing.api.drift import Drift
from routing.api.exports import ExportFile, Exports
from routing.api.federation_reports import FederationReports
from routing.api.hubs import Hubs
from routing.api.incidents import Incidents
from routing.api.members import Members
from routing.api.ramps import Ramps
from routing.api.reports import Reports
from routing.api.snapshots import Snapshots
from routing.api.usage import RepositoryUsage, Usage
from routing.api.webhooks import Deliveries, Webhooks
from routing.api.weights import WeightHistory

app_name = "api"

router = SimpleRouter()
router.register("hubs", Hubs, basename="hubs")
router.register("weight-changes", WeightHistory, basename="weight-changes")
router.register("ramps", Ramps, basename="ramps")
router.register("snapshots", Snapshots, basename="snapshots")
router.register("downtimes", Downtimes, basename="downtimes")
router.register("incidents", Incidents, basename="incidents")
router.register("flips", checks.Flips, basename="flips")
router.register("checks", checks.Checks, basename="checks")
router.register("check-hours", checks.CheckHours, basename="check-hours")
router.register("launch-tests", checks.LaunchTests, basename="launch-tests")
router.register("uptime", checks.Uptimes, basename="uptime")
router.register("members", Members, basename="members")
router.register("member-changes", MemberChanges, basename="member-changes")
router.register("contacts", Contacts, basename="contacts")
router.register("offers", Offers, basename="offers")
router.register("applications", Applications, basename="applications")
router.register("meetings", Meetings, basename="meetings")
router.register("agenda-items", AgendaItems, basename="agenda-items")
router.register("reports", Reports, basename="reports")
router.register("federation-reports", FederationReports, basename="federation-reports")
router.register("webhooks", Webhooks, basename="webhooks")
router.register("webhook-deliveries", Deliveries, basename="webhook-deliveries")

urlpatterns = [
    path("", views.Root.as_view(), name="root"),
    path("me/", views.Me.as_view(), name="me"),
    path("schema/", views.SchemaDocument.as_view(), name="schema"),
    path("usage/", Usage.as_view(), name="usage"),
    path("usage/repositories/", RepositoryUsage.as_view(), name="usage-repositories"),
    path("exports/", Exports.as_view(), name="exports"),
    path("exports/<slug:name>.<slug:extension>", ExportFile.as_view(), name="export"),
    path("drift/", Drift.as_view(), name="drift"),
    path("docs/", views.docs, name="docs"),
    *router.urls,
    re_path(r"", errors.not_found, name="not-found"),
]
