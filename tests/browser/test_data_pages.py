"""The pages for those who take data along: exports, tokens, the API's own page, and lists elsewhere in the office."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from members.models import User
from routing.models import DriftReport
from tests.browser.conftest import SMALL, log_in, overflow, violations
from tests.factories import make_delivery, make_drift_source, make_token

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def looks(portal) -> dict[str, tuple[str, str]]:
    """Pages, and which part of each is ours: the rest is the theme's."""
    person = User.objects.get(username="maintainer")
    token = make_token(person, name="A nightly export with a name that is far longer than anybody would need it to be")
    token.uses.create(method="POST", path="/api/v1/hubs/heron/drain/", status=201)
    source, now = make_drift_source(), timezone.now()
    finding = {"text": "It still lists GESIS.", "member": "gesis", "list": "hosts", "kind": "past", "hub": "gesis"}
    DriftReport.objects.create(source=source, lists="hosts", findings=[{**finding, "since": now.isoformat()}])
    delivery = make_delivery(state="failed", error="refused", tries=8)
    office = f"{portal}/admin"
    return {
        "exports": (f"{portal}/exports/", "html"),
        "tokens": (f"{portal}/my/tokens/", "html"),
        "token": (f"{portal}/my/tokens/{token.pk}/", "html"),
        "drift": (f"{office}/routing/driftsource/{source.pk}/report/", ".office"),
        "webhook": (f"{office}/routing/webhook/{delivery.webhook_id}/change/", ""),
        "deliveries": (f"{office}/routing/delivery/", ""),
        "office-token": (f"{office}/members/token/{token.pk}/change/", ""),
        "written": (f"{office}/members/tokenuse/", ""),
    }


def test_exports_tokens_drift_and_webhooks_are_readable_and_the_api_explains_itself(
    portal, looks, page: Page, screenshots
):
    log_in(page, portal, User.objects.get(username="maintainer"))
    page.set_viewport_size(SMALL)
    faults = {}
    for name, (url, part) in looks.items():
        page.goto(url, wait_until="domcontentloaded")
        screenshots(page, f"data-{name}")
        found = violations(page, part) if part else []
        faults[name] = [*found, *(["too wide for a phone"] if overflow(page) > 0 else [])]
    assert {name: found for name, found in faults.items() if found} == {}

    page.goto(f"{portal}/admin/routing/webhook/add/")
    page.get_by_label("Name").fill("Chat")
    page.get_by_label("Address").fill("https://hooks.example.org/x")
    page.get_by_label("hub.flipped").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_label("Its secret")).to_have_value(re.compile("whsec_.+"))
    screenshots(page, "data-webhook-made")
    assert violations(page, ".office") == []

    page.goto(f"{portal}/api/v1/docs/")
    expect(page.get_by_text("/api/v1/hubs/{key}/drain/")).to_be_visible(timeout=20_000)
    screenshots(page, "data-docs")
