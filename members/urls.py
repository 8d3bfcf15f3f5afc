"""The addresses of pages about people."""

from django.conf import settings
from django.urls import URLPattern, path, re_path

from members.views import (
    accounts,
    applicants,
    applying,
    contact_links,
    contacts,
    data,
    dev,
    invitations,
    letters,
    logos,
    people,
    record,
    tokens,
    words,
)

urlpatterns: list[URLPattern] = [
    path("join/", words.join, name="join"),
    re_path(r"^logos/(?P<digest>[0-9a-f]{64})\.webp$", logos.logo, name="logo"),
    path("my/tokens/", tokens.listing, name="tokens"),
    path("my/tokens/<int:pk>/", tokens.token, name="token"),
    path("my/tokens/<int:pk>/revoke/", tokens.revoke, name="token-revoke"),
    path("my/data/", data.data, name="my-data"),
    path("my/data/export.json", data.export, name="my-data-export"),
    path("my/data/erase/", data.erase, name="my-data-erase"),
    path("my/<slug:slug>/logo/", logos.upload, name="my-logo"),
    path("my/<slug:slug>/record/", record.record, name="my-record"),
    path("my/<slug:slug>/record/<int:pk>/decide/", record.decide, name="my-record-decide"),
    path("my/<slug:slug>/history/", record.history, name="my-history"),
    path("my/<slug:slug>/contacts/", contacts.listing, name="my-contacts"),
    path("my/<slug:slug>/contacts/add/", contacts.add, name="my-contact-add"),
    path("my/<slug:slug>/contacts/<int:pk>/", contacts.edit, name="my-contact"),
    path("my/<slug:slug>/contacts/<int:pk>/act/", contacts.act, name="my-contact-act"),
    path("contacts/confirm/<str:secret>/", contact_links.confirm, name="contact-confirm"),
    path("contacts/check-in/<str:secret>/", contact_links.check_in, name="contact-check-in"),
    path("join/apply/", applying.begin, name="apply"),
    path("join/apply/check/", applying.check, name="apply-check"),
    path("join/apply/send/", applying.send, name="apply-send"),
    path("join/apply/sent/", applying.sent, name="apply-sent"),
    path("join/apply/<slug:name>/", applying.step, name="apply-step"),
    path("join/again/", applying.again, name="apply-again"),
    path("join/<str:secret>/", applicants.application, name="application"),
    path("join/<str:secret>/confirm/", applicants.confirm, name="application-confirm"),
    path("join/<str:secret>/withdraw/", applicants.withdraw, name="application-withdraw"),
    path("join/<str:secret>/say/", applicants.say, name="application-say"),
    path("my/<slug:slug>/people/", people.people, name="my-people"),
    path("my/<slug:slug>/people/<int:pk>/", people.person, name="my-person"),
    path("my/<slug:slug>/people/invitations/<int:pk>/", people.invitation, name="my-invitation"),
    path("invitations/<str:secret>/", invitations.invitation, name="invitation"),
    path("letters/", letters.own, name="own-letters"),
    path("letters/<str:secret>/", letters.letters, name="letters"),
    path("letters/<str:secret>/stop/<slug:topic>/", letters.stop, name="letters-stop"),
    path("accounts/", accounts.account, name="account"),
    path("accounts/sessions/<int:pk>/end/", accounts.end_session, name="session-end"),
]

# Letters hold what is not everybody's, and nobody may be somebody else: these pages exist in development only.
if settings.DEBUG and not settings.PRODUCTION:
    urlpatterns += [path("dev/mail/", dev.letters, name="dev-mail"), path("dev/login/", dev.log_in, name="dev-login")]
