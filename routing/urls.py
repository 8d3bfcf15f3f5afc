"""The addresses of routing's pages."""

from django.conf import settings
from django.urls import path

from routing.views import dev, home, snapshot

urlpatterns = [
    path("", home.home, name="home"),
    path("api/v1/snapshot/", snapshot.newest, name="snapshot"),
]

# The page that breaks demo hubs exists in development only.
if settings.DEBUG and settings.DEMO_HUBS_URL:
    urlpatterns += [
        path("dev/hubs/", dev.hubs, name="dev-hubs"),
        path("dev/hubs/<slug:key>/", dev.switch_hub, name="dev-hub-switch"),
    ]
