"""The mailbox of development: every letter, whichever way it was sent, can be read."""

import re

import pytest
from django.core.mail import EmailMultiAlternatives, send_mail
from django.test import Client

from members.services import mailbox
from tests.factories import make_user

BACKEND = "members.services.mailbox.Backend"


@pytest.fixture(autouse=True)
def kept(settings, tmp_path):
    settings.EMAIL_BACKEND, settings.MAILBOX = BACKEND, tmp_path / "mail"
    settings.ROOT_URLCONF = "tests.routing.dev_urls"


@pytest.fixture
def shown(client):
    return lambda: client.get("/dev/mail/").content.decode()  # noqa: PLW0108 It is read later.


@pytest.mark.django_db
def test_text_html_attachments_links_and_codes_are_shown(shown):
    letter = EmailMultiAlternatives(
        "Grüße 🦉", "Open http://127.0.0.1/x?a=1 now\n\n    AB12-CD34\n", to=["ada@example.org"]
    )
    letter.attach_alternative("<p>Hello<script>alert(1)</script></p>", "text/html")
    letter.attach("meeting.ics", "BEGIN:VCALENDAR", "text/calendar")
    letter.send()
    html = shown()
    assert "Grüße 🦉" in html
    assert 'href="http://127.0.0.1/x?a=1"' in html
    assert '<strong class="code">AB12-CD34</strong>' in html
    assert "meeting.ics: text/calendar, 15" in html
    assert "<script>alert" not in html


@pytest.mark.django_db
def test_a_letters_html_stands_alone_with_its_styles_and_nothing_that_runs(client, shown):
    letter = EmailMultiAlternatives("Hello", "Hello", to=["ada@example.org"])
    letter.attach_alternative("<style>p { color: red }</style><p>Hello", "text/html")
    letter.send()
    (address,) = re.findall(r'<iframe[^>]* src="([^"]+)"', shown())
    page = client.get(address)
    assert page.content.decode().startswith("<style>p { color: red }</style><p>Hello")
    policy = page["Content-Security-Policy"]
    assert all(part in policy for part in ("default-src 'none'", "style-src 'unsafe-inline'", "frame-ancestors 'self'"))
    assert page["X-Frame-Options"] == "SAMEORIGIN"
    assert client.get("/dev/mail/none-such/").status_code == 404


@pytest.mark.django_db
def test_the_code_that_was_asked_for_can_be_read_there_and_logs_in(redis_url, shown):
    make_user("ada")
    browser = Client()
    browser.post("/accounts/login/code/", {"email": "ada@example.org"})
    (letter,) = mailbox.letters(9)
    assert letter.codes[0] in shown()
    browser.post("/accounts/login/code/confirm/", {"code": letter.codes[0]})
    assert browser.get("/accounts/").status_code == 200


@pytest.mark.django_db
def test_one_is_anybody_with_one_click_in_development(client):
    make_user("ada")
    answer = client.post("/dev/login/", {"username": "ada", "next": "//evil.example/"})
    assert answer["Location"] == "/my/"
    assert client.get("/accounts/").status_code == 200
    assert client.post("/dev/login/", {"username": "nobody"}).status_code == 404


def test_outside_of_development_nobody_is(client, settings):
    settings.ROOT_URLCONF = "federation.urls"
    assert client.post("/dev/login/", {"username": "ada"}).status_code == 404


def test_old_letters_go(monkeypatch):
    monkeypatch.setattr(mailbox, "KEPT", 2)
    for number in range(4):
        send_mail(f"Letter {number}", "text", None, ["ada@example.org"])
    assert [each.subject for each in mailbox.letters(9)] == ["Letter 3", "Letter 2"]
