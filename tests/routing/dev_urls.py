"""The portal's addresses as they are in development."""

from django.urls import path

from federation.urls import handler500, urlpatterns
from members.views import dev as members_dev
from routing.views import dev

__all__ = ["handler500", "urlpatterns"]

urlpatterns = [
    *urlpatterns,
    path("dev/mail/", members_dev.letters, name="dev-mail"),
    path("dev/mail/<slug:name>/", members_dev.letter, name="dev-letter"),
    path("dev/login/", members_dev.log_in, name="dev-login"),
    path("dev/hubs/", dev.hubs, name="dev-hubs"),
    path("dev/hubs/<slug:key>/", dev.switch_hub, name="dev-hub-switch"),
]
