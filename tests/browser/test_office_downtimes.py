"""Maintenance and incidents in the office, in a real browser."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from routing.models import CheckRound, Downtime, Hub
from routing.services import incidents
from routing.services.incident_drafts import draft_for_outages
from tests.browser.conftest import SMALL, overflow, violations
from tests.browser.test_office import office
from tests.factories import make_downtime, make_incident, put_out

WIDE = {"width": 1280, "height": 900}

pytestmark = pytest.mark.django_db(transaction=True)

__all__ = ["office"]


def test_a_hub_is_drained_in_an_emergency_and_undrained(office, page: Page):
    hub = Hub.objects.get(key="otter")
    page.goto(f"{office}/routing/hub/{hub.pk}/change/")
    page.get_by_role("link", name="Drain now").click()
    page.get_by_label("Reason").fill("Disk on fire")
    page.get_by_role("button", name="Drain it now").click()
    expect(page.get_by_text("Otter is drained.")).to_be_visible()
    page.get_by_role("link", name="Undrain").click()
    page.get_by_role("button", name="Undrain it").click()
    expect(page.get_by_text("Otter is undrained")).to_be_visible()
    assert Downtime.objects.get().text == "Disk on fire"


def test_maintenance_is_planned_in_a_zone_and_called_off(office, page: Page):
    tomorrow = timezone.now() + timedelta(days=1)
    page.goto(f"{office}/")
    page.get_by_role("link", name="Maintenance").click()
    page.get_by_role("link", name=re.compile("Add")).first.click()
    page.get_by_label("Otter").check()
    page.get_by_label("Starts").fill(f"{tomorrow:%Y-%m-%d}T09:00")
    page.get_by_label("Ends").fill(f"{tomorrow:%Y-%m-%d}T11:00")
    page.get_by_label("Time zone").select_option("Asia/Kolkata")
    page.get_by_label("What happens").fill("New disks")
    page.get_by_role("button", name="Announce it").click()
    expect(page.get_by_text(re.compile("Announced for Otter: .*03:30 UTC to .*05:30 UTC"))).to_be_visible()
    page.get_by_role("row", name=re.compile("New disks")).get_by_role("link", name="Otter").click()
    page.get_by_role("link", name="Call it off").click()
    page.get_by_label("Reason").fill("The disks are late")
    page.get_by_role("button", name="Call it off").click()
    expect(page.get_by_text("Called off", exact=False).first).to_be_visible()
    assert Downtime.objects.get().cancel_reason == "The disks are late"


def test_every_page_fits_a_phone_and_is_readable_for_everybody(office, page: Page, screenshots):
    otter, heron = Hub.objects.get(key="otter"), Hub.objects.get(key="heron")
    CheckRound.objects.update_or_create(pk=1, defaults={"finished_at": timezone.now()})
    row = make_downtime(
        otter, starts=5, ends=7, text="New disks, and the long-awaited move to another room", sequence=1
    )
    make_downtime(heron, ends=None, emergency=True, text="Disk on fire")
    make_downtime(heron, starts=-30, ends=-28, severity="at_risk", text="Network work", change="ended early: quick")
    incident = make_incident(otter, said="We **look** into it:\n\n- `registry`\n- [status](https://example.org)")
    incidents.update(incident, "identified", "> The registry is full.\n\nWe make room.", by=None)
    put_out(Hub.objects.get(key="marten"), minutes=20, reason="does not answer")
    draft = draft_for_outages()
    found = {
        "downtimes": "downtime/",
        "downtime": f"downtime/{row.pk}/change/",
        "downtime-new": "downtime/add/",
        "hub-drained": f"hub/{heron.pk}/change/",
        "incidents": "incident/",
        "incident": f"incident/{incident.pk}/change/",
        "incident-draft": f"incident/{draft.pk}/change/",
    }
    faults = []
    for name, path in found.items():
        page.set_viewport_size(WIDE)
        page.goto(f"{office}/routing/{path}", wait_until="domcontentloaded")
        screenshots(page, f"office-{name}")
        faults += [f"{name}: {each}" for each in faults_of(page)]
    assert faults == []


def faults_of(page: Page) -> list[str]:
    """What is wrong with the part that is ours, wide and narrow; the frame around it is the theme's."""
    found = violations(page, ".office") if page.locator(".office").count() else []
    page.set_viewport_size(SMALL)
    return [*found, f"{overflow(page)} pixels too wide"] if overflow(page) > 0 else found
