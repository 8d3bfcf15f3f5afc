"""The addresses of routing's pages."""

from django.conf import settings
from django.urls import path

from routing.views import (
    applications,
    badges,
    dev,
    documents,
    exports,
    feeds,
    home,
    how,
    hub,
    maintenance,
    members,
    my,
    offers,
    onboarding,
    snapshot,
    status,
    wishes,
)

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
    path("applications/", applications.applications_page, name="applications"),
    path("applications/<int:pk>/", applications.application, name="application-review"),
    path("applications/<int:pk>/take-up/", applications.take_up, name="application-take-up"),
    path("applications/<int:pk>/ask/", applications.ask, name="application-ask"),
    path("applications/<int:pk>/look/", applications.look, name="application-look"),
    path("applications/<int:pk>/decline/", applications.decline, name="application-decline"),
    path("applications/<int:pk>/admit/", applications.admit, name="application-admit"),
    path("my/<slug:slug>/onboarding/", onboarding.page, name="onboarding"),
    path("my/<slug:slug>/onboarding/<slug:key>/record/", onboarding.record, name="onboarding-record"),
    path("my/<slug:slug>/onboarding/<slug:key>/start/", onboarding.start, name="onboarding-start"),
    path("my/<slug:slug>/onboarding/<slug:key>/<slug:name>/", onboarding.step, name="onboarding-step"),
    path("api/v1/snapshot/", snapshot.newest, name="snapshot"),
    path("my/", my.my, name="my"),
    path("my/<slug:slug>/", my.overview_of, name="my-member"),
    path("my/<slug:slug>/state/", my.state, name="my-state"),
    path("my/<slug:slug>/hubs/<slug:key>/", wishes.hub, name="my-hub"),
    path("my/<slug:slug>/wishes/<int:pk>/decide/", wishes.decide, name="my-wish-decide"),
    path("my/<slug:slug>/offers/", offers.listing, name="my-offers"),
    path("my/<slug:slug>/offers/add/", offers.add, name="my-offer-add"),
    path("my/<slug:slug>/offers/<int:pk>/", offers.edit, name="my-offer"),
    path("my/<slug:slug>/offers/<int:pk>/act/", offers.act, name="my-offer-act"),
    path("my/<slug:slug>/maintenance/", maintenance.listing, name="my-maintenance"),
    path("my/<slug:slug>/maintenance/plan/", maintenance.plan, name="my-maintenance-plan"),
    path("my/<slug:slug>/maintenance/<int:pk>/", maintenance.change, name="my-downtime"),
]

# The page that breaks demo hubs exists in development only.
if settings.DEBUG and settings.DEMO_HUBS_URL:
    urlpatterns += [
        path("dev/hubs/", dev.hubs, name="dev-hubs"),
        path("dev/hubs/<slug:key>/", dev.switch_hub, name="dev-hub-switch"),
    ]
