"""Accounts in a real browser: an invitation, a code, a passkey; every page readable for everybody."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from django.core import mail
from playwright.sync_api import Page, expect

from members.models import Notice, Role
from members.services import invitations
from tests.browser.conftest import SMALL, overflow, violations
from tests.factories import make_access

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def passkeys(page: Page) -> None:
    """A fingerprint reader that always says yes."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    kind = {"protocol": "ctap2", "transport": "internal", "automaticPresenceSimulation": True}
    person = {"hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True}
    session.send("WebAuthn.addVirtualAuthenticator", {"options": {**kind, **person}})


class Looks:
    """Looks at pages as they come by: whether axe finds fault with them, and whether they fit a phone."""

    def __init__(self, page: Page, screenshots: Callable[[Page, str], None]) -> None:
        self.page, self.screenshots = page, screenshots
        self.faults: dict[str, list[str]] = {}

    def at(self, name: str) -> None:
        self.screenshots(self.page, f"account-{name}")
        wide = [f"{overflow(self.page)} pixels too wide"] if overflow(self.page) > 0 else []
        if found := [*wide, *violations(self.page)]:
            self.faults[name] = found


@pytest.fixture
def looks(page: Page, screenshots) -> Iterator[Looks]:
    """Fails when one of the pages had a fault."""
    page.set_viewport_size(SMALL)
    looks = Looks(page, screenshots)
    yield looks
    assert looks.faults == {}


def accept_invitation(page: Page, url: str, looks: Looks) -> None:
    manager = make_access("mary", role=Role.MANAGER)
    invitations.invite(manager.member, "nia@example.org", Role.MANAGER, by=manager.user)
    page.goto(url + re.search(r"/invitations/\S+", Notice.objects.get().body)[0])
    looks.at("invitation")
    page.get_by_label("Your name").fill("Nia Wolfeschlegelsteinhausenbergerdorff-Okonkwo")
    page.get_by_role("button", name="Make my account").click()
    page.get_by_role("link", name="People", exact=True).click()
    looks.at("people")


def log_in_by_code(page: Page, url: str, looks: Looks) -> None:
    """By keyboard only."""
    page.goto(f"{url}/accounts/login/?next=/accounts/sessions/")
    looks.at("login")
    page.get_by_label("E-mail", exact=True).fill("nia@example.org")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Enter the code")).to_be_visible()
    looks.at("code")
    page.get_by_label("Code").fill(re.search(r"^\s+(\S+)$", mail.outbox[-1].body, re.MULTILINE)[1])
    page.keyboard.press("Enter")


def test_somebody_is_invited_and_comes_again_by_code_and_by_passkey(
    live_server, redis_url, page: Page, passkeys, looks
):
    url = live_server.url
    accept_invitation(page, url, looks)
    for name in ("", "email/", "2fa/", "sessions/"):
        page.goto(f"{url}/accounts/{name}")
        looks.at(f"own-{name.strip('/')}")
    page.goto(f"{url}/accounts/2fa/webauthn/add/")
    looks.at("passkey")
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    looks.at("recovery-codes")
    page.get_by_role("button", name="Log out").click()

    log_in_by_code(page, url, looks)
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    looks.at("second-factor")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Where you are logged in")).to_be_visible()
    page.get_by_role("button", name="Log out", exact=True).click()

    page.goto(f"{url}/accounts/login/")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("You are logged in as Nia")).to_be_visible()
