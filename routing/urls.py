"""The addresses of routing's pages."""

from django.conf import settings
from django.urls import path

from routing.views import badges, dev, documents, exports, feeds, home, how, hub, members, snapshot, status

urlpatterns = [
    path("", home.home, name="home"),
    path("members/", members.members, name="members"),
    path("members/<slug:slug>/", members.member, name="member"),
    path("how-it-works/", how.how, name="how-it-works"),
    path("status", status.status, name="status"),
    path("status.atom", feeds.status, name="status-feed"),
    path("maintenance.ics", feeds.maintenance, name="maintenance-feed"),
    path("status.json", documents.status, name="status-json"),
    path("badge.svg", badges.federation, name="badge"),
    path("health", documents.health, name="health"),
    path("hubs/<slug:key>/", hub.hub, name="hub"),
    path("hubs/<slug:key>.json", documents.hub, name="hub-json"),
    path("hubs/<slug:key>/badge.svg", badges.hub, name="hub-badge"),
    path("exports/", exports.index, name="exports"),
    path("exports/<slug:name>.<slug:extension>", exports.export, name="export"),
    path("api/v1/snapshot/", snapshot.newest, name="snapshot"),
]

# The page that breaks demo hubs exists in development only.
if settings.DEBUG and settings.DEMO_HUBS_URL:
    urlpatterns += [
        path("dev/hubs/", dev.hubs, name="dev-hubs"),
        path("dev/hubs/<slug:key>/", dev.switch_hub, name="dev-hub-switch"),
    ]
