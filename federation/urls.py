"""The portal's addresses. `/healthz` and `/readyz` are answered before they come here (federation.health)."""

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from federation.metrics import metrics

# One way in, with its rate limits and second factor, for the office as well.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("metrics", metrics, name="metrics"),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("", include("members.urls")),
    path("", include("routing.urls")),
    path("api/v1/", include("federation.api.urls")),
]

if settings.MAIL_PROVIDER:
    urlpatterns.append(path("anymail/", include("anymail.urls")))

handler500 = "federation.api.errors.failed"
