"""The portal's addresses. `/healthz` and `/readyz` are answered before they come here (federation.health)."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("members.urls")),
    path("", include("routing.urls")),
    path("api/v1/", include("federation.api.urls")),
]

handler500 = "routing.views.errors.failed"
