"""Charts of usage in a real browser."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from members.models import ComputeOffer, Member
from routing.models import HealthHour, Hub, Promise, UsageDay, UsageHour, UsageMinute, UsageRepository
from tests.browser.conftest import SMALL, overflow, violations

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

LONG = "gh/a-person-with-a-very-long-name-indeed/a-repository-whose-name-is-even-longer-than-that-of-its-owner"


def lived_in() -> None:
    """Forty days of launches, with a change of weights, and a hub that was away for a while."""
    now, chance = timezone.now(), random.Random(7)
    hubs, rows = list(Hub.objects.order_by("-weight")), defaultdict(list)
    for hub, before, after in zip(hubs, (0.4, 0.4, 0.2), (0.5, 0.3, 0.2), strict=True):
        Promise.objects.create(hub=hub, at=now - timedelta(days=40), share=before)
        Promise.objects.create(hub=hub, at=now - timedelta(hours=9), share=after)
        for table, step, number in (
            (UsageMinute, timedelta(minutes=1), 60),
            (UsageHour, timedelta(hours=1), 24 * 8),
            (UsageDay, timedelta(days=1), 40),
        ):
            zero = {"second": 0, "microsecond": 0}
            zero |= {"minute": 0} if table is not UsageMinute else {}
            zero |= {"hour": 0} if table is UsageDay else {}
            for back in range(number):
                share = after if back * step < timedelta(hours=9) else before
                away = hub == hubs[2] and table is UsageHour and 30 < back < 40
                launches = 0 if away else int(step.total_seconds() * share * chance.uniform(0.9, 1.1) * 0.4)
                at = now.replace(**zero) - back * step
                rows[table] += [
                    table(hub=hub, at=at, reason="home", launches=int(launches * 0.8)),
                    table(hub=hub, at=at, reason="spill", launches=launches - int(launches * 0.8)),
                ]
        for number, name in enumerate([LONG, *(f"gh/tidepool/maps-{each:02d}" for each in range(22))], 1):
            UsageRepository.objects.create(
                hub=hub, day=now.date(), repository=name, launches=int(3000 * after / number)
            )
        for back in range(300):
            at = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=back)
            rows[HealthHour].append(HealthHour(hub=hub, hour=at, samples=240, good=240, user_pods_mean=40))
    for table, made in rows.items():
        table.objects.bulk_create(made)
    ComputeOffer.objects.create(
        member=hubs[1].member, title="Our rack", state="active", cpu_cores=256, memory_gib=2048, concurrent_users=120
    )
    Member.objects.filter(pk=hubs[1].member_id).update(funded_by="The Moss Fund")


def test_the_charts_can_be_read_by_everybody_on_every_screen(portal, page: Page, screenshots):
    lived_in()
    month = timezone.now().strftime("%Y-%m")
    for name, address in (
        ("usage", "/usage"),
        ("usage-hour", "/usage?window=hour"),
        ("usage-hub", "/hubs/otter/"),
        ("usage-home", "/"),
        ("usage-report", f"/members/mossgate/reports/traffic/{month}/"),
    ):
        page.goto(f"{portal}{address}")
        expect(page.locator("svg.lines").first).to_be_visible()
        if name in {"usage", "usage-report"}:
            assert violations(page) == []
        screenshots(page, name)
        page.set_viewport_size(SMALL)
        assert overflow(page) == 0, address
        screenshots(page, f"{name}-small")
        page.set_viewport_size({"width": 1280, "height": 900})
