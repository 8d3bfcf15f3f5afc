"""An organisation joins, in a real browser: applies, answers a question, is approved, is led in, and gets traffic."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from playwright.sync_api import Page, expect

from members.models import Application, Member, User
from routing.models import Hub
from routing.services import evidence, onboarding
from tests.browser.conftest import SMALL, log_in, overflow, violations
from tests.members.applying import FIRST, mailed_path

pytestmark = pytest.mark.django_db(transaction=True)

LONG = "Observatório de Computação Aberta e Reprodutível das Ilhas do Atlântico Norte"
WIDE = {"width": 1280, "height": 800}


@pytest.fixture
def look(page: Page, screenshots):
    """Look at the page as it is: axe, a small phone, and pictures of both."""

    def do(name: str) -> None:
        assert violations(page) == [], name
        screenshots(page, f"joining-{name}")
        page.set_viewport_size(SMALL)
        assert overflow(page) <= 0, name
        screenshots(page, f"joining-{name}-phone")
        page.set_viewport_size(WIDE)

    return do


def gather() -> bool:
    try:
        return evidence.gather_next()
    finally:
        connection.close()


def go_on(page: Page) -> None:
    page.get_by_role("button", name="Save and go on").click()


def apply(page: Page, portal: str, hub_url: str, look) -> None:
    page.goto(f"{portal}/join/apply/")
    look("1-organisation")
    for name in ("organisation", "website", "summary", "motivation", "contact_name", "email"):
        page.locator(f"#id_{name}").focus()
        page.keyboard.type({**FIRST, "organisation": LONG}[name] or "We want to help.")
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
    onboarding.look()
    for name in ("checks", "on-call"):
        page.goto(page.url)
        step = page.locator(f"#{hub.key}-{name}")
        step.get_by_label("A word on").fill("Looked at by hand")
        step.get_by_role("button", name="Skip").click()
    look("11-onboarding")
    page.get_by_label("Weight").fill("2")
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_text("takes launches from now on")).to_be_visible()
    onboarding.look()
    page.goto(page.url)
    expect(page.locator(f"#{hub.key}-listed")).to_contain_text("done")


def test_an_organisation_applies_answers_a_question_is_approved_and_gets_traffic(portal, demo_hubs, page: Page, look):
    apply(page, portal, demo_hubs.hubs["marten"].url, look)
    mine = f"{portal}{mailed_path(Application.objects.get())}"
    page.goto(mine)
    page.get_by_role("button", name="This is my address").click()
    expect(page.get_by_text("It arrived")).to_be_visible()
    with ThreadPoolExecutor(1) as thread:  # Playwright has its own loop in this one.
        assert thread.submit(gather).result()

    log_in(page, portal, User.objects.get(username="maintainer"))
    talk(page, portal, mine, look)
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("heading", name="Onboarding of")).to_be_visible()
    lead_in(page, Hub.objects.get(member__name=LONG), look)

    hub = Hub.objects.get(member__name=LONG)
    assert (hub.state, hub.weight, hub.member.state) == (Hub.State.ACTIVE, 2, Member.State.ACTIVE)
    page.goto(mine)
    expect(page.get_by_text("Welcome!")).to_be_visible()
