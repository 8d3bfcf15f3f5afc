"""Monthly reports in a real browser: a member sends one, maintainers publish the federation's, everybody reads it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from members.models import FederationReport, Member, Report, User
from tests.browser.conftest import SMALL, log_in, overflow, violations

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

WIDE = {"width": 1280, "height": 900}


def look(page: Page, address: str, name: str, screenshots) -> None:
    """As axe, a large screen and a small phone see it."""
    page.goto(address)
    assert violations(page) == [], address
    screenshots(page, name)
    page.set_viewport_size(SMALL)
    assert overflow(page) <= 0, address
    screenshots(page, f"{name}-small")
    page.set_viewport_size(WIDE)


def test_a_month_is_told_of(page: Page, portal: str, screenshots):
    report = Report.objects.unfinished().get()
    told = FederationReport.objects.latest("month")
    Member.objects.filter(slug="mossgate").update(name=6 * "Très-long-nom ")
    page.set_viewport_size(WIDE)
    look(page, f"{portal}/reports/", "reports", screenshots)
    look(page, f"{portal}/reports/{told.period}/", "report", screenshots)

    log_in(page, portal, User.objects.get(username="ada"))
    own = f"{portal}/my/driftglass/reports/"
    look(page, own, "own-reports", screenshots)
    look(page, f"{own}{report.period}/", "own-report", screenshots)
    page.goto(f"{own}{report.period}/")
    page.get_by_label("What comes next").fill("A **second** rack.")
    page.get_by_role("button", name="Send it").click()
    expect(page.get_by_role("status")).to_contain_text("Sent. Thank you")
    look(page, f"{own}{report.period}/", "own-report-sent", screenshots)
    expect(page.locator("strong", has_text="second")).to_be_visible()

    publish(page, portal, report, screenshots)
    page.goto(f"{portal}/reports/{report.period}/")
    expect(page.get_by_text("A second rack.")).to_be_visible()


def publish(page: Page, portal: str, report: Report, screenshots) -> None:
    log_in(page, portal, User.objects.get(username="maintainer"))
    look(page, f"{portal}/my/mossgate/reports/{report.period}/", "own-report-figures", screenshots)
    office = f"{portal}/admin/members/federationreport/"
    page.goto(f"{office}add/")
    page.get_by_label("Month").select_option(str(report.period))
    screenshots(page, "office-report-begin")
    page.get_by_role("button", name="Begin it").click()
    expect(page.get_by_text("It is begun with what members sent").first).to_be_visible()
    screenshots(page, "office-report-edit")
    page.goto(f"{office}{FederationReport.objects.latest('month').pk}/publish/")
    screenshots(page, "office-report-publish")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("It is published.").first).to_be_visible()
    for name, path in (("all", "federationreport/"), ("of-members", "report/"), ("one", f"report/{report.pk}/change/")):
        page.goto(f"{portal}/admin/members/{path}")
        screenshots(page, f"office-reports-{name}")
