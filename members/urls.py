"""The addresses of pages about people."""

from django.conf import settings
from django.urls import URLPattern, path

from members.views import contact_links, dev

urlpatterns: list[URLPattern] = [
    path("contacts/confirm/<str:secret>/", contact_links.confirm, name="contact-confirm"),
    path("contacts/check-in/<str:secret>/", contact_links.check_in, name="contact-check-in"),
]

# Letters hold what is not everybody's: the page that shows them exists in development only.
if settings.DEBUG and not settings.PRODUCTION:
    urlpatterns += [path("dev/mail/", dev.letters, name="dev-mail")]
