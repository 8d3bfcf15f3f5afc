"""The addresses of pages about people."""

from django.conf import settings
from django.urls import URLPattern, path

from members.views import dev

urlpatterns: list[URLPattern] = []

# Letters hold what is not everybody's: the page that shows them exists in development only.
if settings.DEBUG and not settings.PRODUCTION:
    urlpatterns += [path("dev/mail/", dev.letters, name="dev-mail")]
