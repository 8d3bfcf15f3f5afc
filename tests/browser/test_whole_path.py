"""The whole path in a real browser: an organisation joins, is led in, gets traffic, keeps its record, and leaves."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from playwright.sync_api import Page, expect

from demo.hub import HubOptions
from demo.hubs import DemoHubs
from members.models import Application, Member, Notice, User
from routing.models import Hub
from routing.services import downtimes, evidence, onboarding, publishing
from tests.browser.conftest import SMALL, log_in, overflow, redirected, violations, wait_until
from tests.factories import make_health
from tests.members.applying import FIRST, mailed_path

pytestmark = pytest.mark.django_db(transaction=True)

LONG = "Observatório de Computação Aberta e Reprodutível das Ilhas do Atlântico Norte"
WHO = {**FIRST, "organisation": LONG, "contact_name": "Kim Ilhéu", "email": "kim@islands.example"}
WIDE = {"width": 1280, "height": 800}


@pytest.fixture
def look(page: Page, screenshots) -> Callable[[str], None]:
    """Look at the page as it is: axe, a small phone, and pictures of both."""

    def do(name: str) -> None:
        assert violations(page) == [], name
        screenshots(page, f"joining-{name}")
        page.set_viewport_size(SMALL)
        assert overflow(page) <= 0, name
        screenshots(page, f"joining-{name}-phone")
        page.set_viewport_size(WIDE)

    return do


@pytest.fixture
def their_hub() -> Iterator[str]:
    """The hub that the organisation runs already; its address."""
    with DemoHubs(0, [HubOptions("atlantic", "Atlantic", quota=80, pace=0)]) as hubs:
        yield hubs.hubs["atlantic"].url


def aside(work: Callable[[], object]) -> None:
    """Do it in another thread: Playwright has its own loop in this one."""

    def run() -> object:
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(run).result()


def go_on(page: Page) -> None:
    page.get_by_role("button", name="Save and go on").click()


def apply(page: Page, portal: str, hub_url: str, look) -> None:
    """Six steps, the first one by keyboard alone."""
    page.goto(f"{portal}/join/apply/")
    look("1-organisation")
    for name in ("organisation", "website", "summary", "motivation", "contact_name", "email"):
        page.locator(f"#id_{name}").focus()
        page.keyboard.type(WHO[name] or "We want to help.")
    page.keyboard.press("Enter")
    page.get_by_label("We ourselves").check()
    go_on(page)
    look("2-offer")
    page.get_by_label("CPU cores").fill("64")
    page.get_by_label("Regions").fill("Europe, North Atlantic")
    go_on(page)
    page.get_by_label("Hours").fill("8")
    page.get_by_label("Time zone").select_option("Atlantic/Azores")
    go_on(page)
    page.get_by_label("Address of your hub").fill(hub_url)
    go_on(page)
    for each in page.get_by_role("checkbox").all():
        each.check()
    look("5-promises")
    go_on(page)
    look("6-check")
    page.get_by_role("button", name="Send the application").click()
    look("7-sent")


def confirm(page: Page, mine: str) -> None:
    page.goto(mine)
    page.get_by_role("button", name="This is my address").click()
    expect(page.get_by_text("It arrived")).to_be_visible()


def talk(page: Page, portal: str, mine: str, look) -> None:
    """The maintainer asks, the applicant answers; the maintainer's page is open at the end."""
    page.goto(f"{portal}/applications/")
    look("8-queue")
    page.get_by_role("link", name=LONG).click()
    page.get_by_label("Ask or say something").fill("Which **region** first?\n\n- the islands\n- the mainland")
    page.get_by_role("button", name="Send").click()
    review = page.url
    page.goto(mine)
    page.get_by_label("Your message").fill("The islands \U0001f3dd")
    page.get_by_role("button", name="Send").click()
    look("9-applicant")
    page.goto(review)
    expect(page.get_by_text("The islands \U0001f3dd")).to_be_visible()
    look("10-review")


def lead_in(page: Page, hub: Hub, look) -> None:
    """The maintainer's part of the checklist; what the portal can see ticks itself."""
    onboarding.look()
    for name in ("checks", "on-call"):
        page.goto(page.url)
        step = page.locator(f"#{hub.key}-{name}")
        step.get_by_label("A word on").fill("Looked at by hand")
        step.get_by_role("button", name="Skip").click()
    look("11-onboarding")
    page.get_by_label("Weight").fill("900")
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_text("takes launches from now on")).to_be_visible()
    onboarding.look()
    page.goto(page.url)
    expect(page.locator(f"#{hub.key}-listed")).to_contain_text("done")


def log_out(page: Page) -> None:
    page.context.clear_cookies()


def take_the_invitation(page: Page, portal: str) -> User:
    """The applicant becomes the member's manager, by the link in the letter."""
    letter = Notice.objects.filter(kind="invitation", recipient=WHO["email"]).latest("pk")
    found = re.search(r"/invitations/\S+", f"{letter.link} {letter.body}")
    assert found
    page.goto(f"{portal}{found[0]}")
    page.get_by_label("Your name").fill(WHO["contact_name"])
    page.get_by_role("button", name="Make my account and accept").click()
    expect(page.get_by_role("status").first).to_contain_text("Welcome to")
    return User.objects.get(email=WHO["email"])


def active_hosts(redirector: str) -> dict[str, object]:
    with urllib.request.urlopen(f"{redirector}/active_hosts", timeout=5) as answer:
        return json.load(answer)["active_hosts"]


def launch_that_goes_to(redirector: str, where: str, tries: int = 300) -> str:
    """A launch that is sent to this hub."""
    for number in range(tries):
        path = f"/build/gh/islands/repository-{number}/HEAD"
        if redirected(redirector, path) == f"{where}{path}":
            return path
    raise AssertionError(f"no launch of {tries} went to {where}")


def edit_contact(page: Page, own: str) -> None:
    page.goto(f"{own}/contacts/")
    page.get_by_role("link", name=re.compile("Change|Edit")).first.click()
    page.get_by_label("Phone").fill("+351 555 0142")
    page.get_by_label("Phone").press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("is saved")


def go_on_maintenance(page: Page, own: str) -> None:
    page.goto(f"{own}/maintenance/plan/")
    page.get_by_label("Time zone").select_option("UTC")
    page.get_by_label("Ends").fill(f"{timezone.now() + timedelta(hours=2):%Y-%m-%dT%H:%M}")
    page.get_by_label("What happens").fill("New disks")
    page.get_by_role("button", name="Announce it").click()
    expect(page.get_by_role("status").first).to_contain_text("Announced")


def leave(page: Page, own: str) -> None:
    page.goto(f"{own}/state/")
    page.get_by_label("Why").fill("Our machines are switched off in spring")
    page.get_by_role("button", name="Leave").click()
    expect(page.get_by_text("is retired at once")).to_be_visible()
    page.get_by_label("to show that you mean it").fill("observatorio")
    page.get_by_role("button", name="Leave the federation").click()
    expect(page.get_by_role("status").first).to_contain_text("from now on")


def join(page: Page, portal: str, hub_url: str, look) -> Hub:
    """From the form to the approval; their hub in the federation."""
    apply(page, portal, hub_url, look)
    mine = f"{portal}{mailed_path(Application.objects.get(organisation=LONG))}"
    confirm(page, mine)
    aside(evidence.gather_next)
    log_in(page, portal, User.objects.get(username="maintainer"))
    talk(page, portal, mine, look)
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("heading", name="Onboarding of")).to_be_visible()
    hub = Hub.objects.get(member__name=LONG)
    make_health(hub)
    lead_in(page, hub, look)
    log_out(page)
    page.goto(mine)
    expect(page.get_by_text("Welcome!")).to_be_visible()
    return hub


def test_an_organisation_joins_gets_traffic_keeps_its_record_and_leaves(
    redirector, portal, their_hub, page: Page, look
):
    hub = join(page, portal, their_hub, look)
    publishing.sweep()
    wait_until(lambda: hub.key in active_hosts(redirector), seconds=5)
    path = launch_that_goes_to(redirector, their_hub)
    page.goto(f"{portal}/members/")
    expect(page.get_by_role("link", name=LONG).first).to_be_visible()

    take_the_invitation(page, portal)
    own = f"{portal}/my/{hub.member.slug}"
    edit_contact(page, own)
    assert hub.member.contacts.get().phone == "+351 555 0142"
    go_on_maintenance(page, own)
    downtimes.keep()
    publishing.sweep()
    wait_until(lambda: not redirected(redirector, path).startswith(their_hub), seconds=5)

    leave(page, own)
    hub.refresh_from_db()
    assert (hub.state, hub.weight, hub.member.state) == (Hub.State.RETIRED, 0, Member.State.PAST)
    log_out(page)
    page.goto(f"{portal}/members/")
    expect(page.get_by_text(LONG).first).to_be_visible()
    look("12-members")
    wait_until(lambda: hub.key not in active_hosts(redirector), seconds=5)
