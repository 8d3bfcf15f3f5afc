"""Accounts: logging in by code and by password, without telling who has one; addresses and second factors."""

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from members.models import Notice, User
from members.services import accounts
from tests.factories import make_maintainer, make_user

pytestmark = pytest.mark.django_db
LOGIN, CODE, CONFIRM = "/accounts/login/", "/accounts/login/code/", "/accounts/login/code/confirm/"
PASSWORD = "correct horse battery staple"


@pytest.fixture(autouse=True)
def nobody_was_limited_before(redis_url, settings):
    """Rates are counted anew, and passwords are quick to check."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()


@pytest.fixture
def ada() -> User:
    return accounts.create("ada@example.org", "Ada")


def with_app(user: User) -> User:
    """Somebody with an authenticator app."""
    TOTP.activate(user, "JBSWY3DPEHPK3PXP")
    return user


def code_in(letter) -> str:
    return re.search(r"^\s+(\S+)$", letter.body, re.MULTILINE)[1]


def log_in_by_code(client: Client, mailoutbox, email: str, target: str = ""):
    client.post(CODE, {"email": email, "next": target})
    return client.post(CONFIRM, {"code": code_in(mailoutbox[-1]), "next": target})


def is_logged_in(client: Client) -> bool:
    return client.get("/accounts/").status_code == 200


def test_a_code_by_mail_logs_in_and_leads_where_one_wanted_to_go(client, ada, mailoutbox):
    answer = log_in_by_code(client, mailoutbox, "Ada@Example.org", "/status")
    assert answer["Location"] == "/status"
    assert is_logged_in(client)
    assert mailoutbox[0].to == ["ada@example.org"]


def test_a_code_never_stands_in_the_outbox(client, ada, mailoutbox):
    client.post(CODE, {"email": ada.email})
    assert len(mailoutbox) == 1
    assert not Notice.objects.exists()


def test_a_wrong_code_is_refused_and_after_three_it_is_over(client, ada, mailoutbox):
    client.post(CODE, {"email": ada.email})
    for _ in range(3):
        client.post(CONFIRM, {"code": "WRONG1"})
    client.post(CONFIRM, {"code": code_in(mailoutbox[0])})
    assert not is_logged_in(client)


def test_a_code_works_in_the_browser_that_asked_for_it_only(client, ada, mailoutbox):
    client.post(CODE, {"email": ada.email})
    other = Client()
    other.post(CONFIRM, {"code": code_in(mailoutbox[0])})
    assert not is_logged_in(other)


def test_the_pages_are_the_same_whether_there_is_such_an_account(ada, mailoutbox):
    def said(email: str, path: str, **values: str) -> tuple[int, str]:
        cache.clear()
        browser = Client()
        answer = browser.post(path, {"email": email, "login": email, **values}, follow=True)
        text = answer.content.decode().replace(email, "ADDRESS")
        return answer.status_code, re.sub(r'(value|csrf)="[^"]*"', "", text)

    for path, values in ((CODE, {}), (LOGIN, {"password": "wrong"}), ("/accounts/password/reset/", {})):
        assert said("ada@example.org", path, **values) == said("nobody@example.org", path, **values)
    # Both addresses get a letter each time, so that it takes as long.
    assert {to for letter in mailoutbox for to in letter.to} == {"ada@example.org", "nobody@example.org"}
    assert "There is no account with this address" in next(each.body for each in mailoutbox if "nobody" in each.to[0])


def test_nobody_can_sign_up(client):
    for path in ("/accounts/signup/", "/accounts/3rdparty/signup/"):
        client.post(path, {"email": "new@example.org", "username": "new", "password1": PASSWORD})
    assert not User.objects.exists()
    assert "by invitation" in client.get("/accounts/signup/").content.decode()


@pytest.mark.parametrize("login", ["ada", "ada@example.org"])
def test_who_has_a_password_may_use_it(client, login):
    make_user("ada", password=PASSWORD)
    answer = client.post(LOGIN, {"login": login, "password": PASSWORD})
    assert answer.status_code == 302
    assert is_logged_in(client)


def test_guessing_passwords_ends_after_five_even_with_the_right_one(client):
    make_user("ada", password=PASSWORD)
    for _ in range(5):
        client.post(LOGIN, {"login": "ada", "password": "guess"})
    page = client.post(LOGIN, {"login": "ada", "password": PASSWORD}).content.decode()
    assert "tried too often" in page
    assert not is_logged_in(client)


def test_asking_for_codes_is_limited_by_address(client, ada, mailoutbox):
    for _ in range(5):
        Client().post(CODE, {"email": ada.email})
    assert len(mailoutbox) == 3


def test_while_redis_is_away_one_can_log_in_and_guessing_is_still_limited(ada, mailoutbox, settings, free_port):
    settings.CACHES = {
        "default": {**settings.CACHES["default"], "LOCATION": f"redis://127.0.0.1:{free_port}", "KEY_PREFIX": "away"}
    }
    cache.clear()
    browsers = [Client() for _ in range(4)]
    for browser in browsers:
        browser.post(CODE, {"email": ada.email})
    assert len(mailoutbox) == 3
    client = browsers[2]
    client.post(CONFIRM, {"code": code_in(mailoutbox[-1])})
    assert is_logged_in(client)


def test_while_letters_can_not_go_out_the_page_says_so(client, ada, settings, free_port):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port
    for email in (ada.email, "nobody@example.org"):
        answer = client.post(CODE, {"email": email})
        assert answer.status_code == 503
        assert "No letter could be sent" in answer.content.decode()


@pytest.mark.parametrize("values", [{"is_active": False}, {"service": True}])
def test_an_account_that_is_off_or_a_programs_can_not_log_in(client, mailoutbox, values):
    make_user("bot", password=PASSWORD, **values)
    client.post(LOGIN, {"login": "bot", "password": PASSWORD})
    client.post(CODE, {"email": "bot@example.org"})
    if codes := [each for each in mailoutbox if "code" in each.subject]:
        client.post(CONFIRM, {"code": code_in(codes[0])})
    assert not is_logged_in(client)


def test_a_new_address_counts_only_after_its_letter_was_opened(client, ada, mailoutbox):
    client.force_login(ada)
    client.post("/accounts/email/", {"action_add": "", "email": "ada@new.example"})
    ada.refresh_from_db()
    assert ada.email == "ada@example.org"
    link = re.search(r"http://testserver(\S+)", mailoutbox[-1].body)[1]
    client.post(link)
    ada.refresh_from_db()
    assert ada.email == "ada@new.example"
    assert [each.email for each in EmailAddress.objects.all()] == ["ada@new.example"]
    assert mailoutbox[-1].to == ["ada@example.org"]  # The old one hears of it.


def test_an_address_that_a_superuser_changed_logs_in_and_the_old_one_does_not(client, ada, mailoutbox):
    accounts.change_email(ada, "Ada@Other.example")
    Client().post(CODE, {"email": "ada@example.org"})
    assert "no account" in mailoutbox[-1].body
    log_in_by_code(client, mailoutbox, "ada@other.example")
    assert is_logged_in(client)


def test_an_address_of_somebody_else_can_not_be_taken(ada):
    other = accounts.create("bob@example.org")
    with pytest.raises(accounts.AddressTaken):
        accounts.change_email(other, "ADA@example.org")
    with pytest.raises(accounts.AddressTaken):
        accounts.create("Ada@example.org")


def test_the_second_factor_is_asked_for_after_the_code(client, ada, mailoutbox):
    with_app(ada)
    answer = log_in_by_code(client, mailoutbox, ada.email)
    assert answer["Location"] == reverse("mfa_authenticate")
    assert not is_logged_in(client)


def test_whoever_runs_the_federation_gets_nowhere_without_a_second_factor(client, settings):
    settings.REQUIRE_SECOND_FACTOR = True
    person = make_maintainer()
    client.force_login(person)
    for path in ("/admin/", "/admin/routing/weightchange/add/", "/", "/my/"):
        assert client.get(path)["Location"] == "/accounts/2fa/"
    assert client.post("/admin/routing/weightchange/add/", {}).status_code == 302
    assert client.get("/accounts/2fa/").status_code == 200
    with_app(person)
    assert "Your account" in client.get("/admin/").content.decode()


@pytest.mark.parametrize("values", [{"is_staff": True}, {"is_superuser": True}])
def test_so_do_all_who_have_other_power(client, settings, values):
    settings.REQUIRE_SECOND_FACTOR = True
    client.force_login(make_user(**values))
    assert client.get("/")["Location"] == "/accounts/2fa/"


def test_others_need_none(client, settings, ada):
    settings.REQUIRE_SECOND_FACTOR = True
    client.force_login(ada)
    assert client.get("/").status_code == 200
    assert Client().get("/").status_code == 200


def test_a_superuser_can_take_away_a_lost_factor_which_ends_all_sessions(client, ada):
    with_app(ada)
    browser = Client()
    browser.force_login(ada)
    client.force_login(User.objects.create_superuser("root", "root@example.org"))
    client.post("/admin/members/user/", {"action": "take_second_factors", "_selected_action": [ada.pk]})
    assert not Authenticator.objects.exists()
    assert not is_logged_in(browser)


def test_sessions_are_listed_and_each_can_be_ended(client, ada, mailoutbox):
    other = Client(headers={"user-agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"})
    log_in_by_code(other, mailoutbox, ada.email)
    log_in_by_code(client, mailoutbox, ada.email)
    page = client.get("/accounts/sessions/").content.decode()
    assert "Firefox on Linux" in page
    client.post(reverse("session-end", args=[UserSession.objects.earliest("pk").pk]))
    assert not is_logged_in(other)
    assert is_logged_in(client)


def test_nobody_ends_a_session_of_somebody_else(client, ada, mailoutbox):
    browser = Client()
    log_in_by_code(browser, mailoutbox, ada.email)
    client.force_login(make_user())
    assert client.post(reverse("session-end", args=[UserSession.objects.get().pk])).status_code == 404
    assert is_logged_in(browser)


def test_sessions_that_are_over_leave_no_address_behind(client, ada, mailoutbox):
    log_in_by_code(client, mailoutbox, ada.email)
    assert accounts.tidy() == 0
    client.session.flush()
    assert accounts.tidy() == 1
    assert not UserSession.objects.exists()


def test_name_and_time_zone_can_be_changed_to_ones_that_exist(client, ada):
    client.force_login(ada)
    client.post("/accounts/", {"name": " Ада 🦉 ", "time_zone": "Europe/Berlin"})
    ada.refresh_from_db()
    assert (str(ada), ada.time_zone) == ("Ада 🦉", "Europe/Berlin")
    assert "no such time zone" in client.post("/accounts/", {"name": "", "time_zone": "../etc"}).content.decode()


def test_the_office_has_no_login_of_its_own(client):
    make_user("root", password=PASSWORD, is_staff=True, is_superuser=True)
    answer = client.post("/admin/login/", {"username": "root", "password": PASSWORD, "next": "/admin/"})
    assert answer["Location"] == "/accounts/login/?next=%2Fadmin%2F"
    assert client.get("/admin/").status_code == 302


def test_a_login_leads_to_no_other_site(client, ada, mailoutbox):
    answer = log_in_by_code(client, mailoutbox, ada.email, "https://evil.example/")
    assert answer["Location"] == "/my/"


def test_without_github_set_up_there_is_no_such_way(client):
    assert "GitHub" not in client.get(LOGIN).content.decode()
    assert client.post("/accounts/github/login/").status_code == 404


def test_a_name_is_one_line_so_that_no_letter_can_be_forged_with_it():
    user = accounts.create("eve@example.org", "Eve\r\n\r\nYour access ends today.\u202e")
    assert user.first_name == "Eve Your access ends today."
    accounts.edit(user, name="Eve\nLog in here", time_zone="")
    assert user.first_name == "Eve Log in here"
