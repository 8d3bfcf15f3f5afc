"""Reports on pages: a member writes its own, maintainers make the federation's of them, everybody reads that."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from xml.etree import ElementTree

import pytest
from django.utils import timezone

from members.models import FederationReport, Notice, Report, Role
from routing.models import Promise
from routing.services import federation_reports
from tests.factories import (
    make_federation_report,
    make_hub,
    make_incident,
    make_maintainer,
    make_member,
    make_person,
    make_report,
    make_usage,
)
from tests.routing.reading import text_of

pytestmark = pytest.mark.django_db

MIDDLE = datetime(2026, 10, 16, tzinfo=UTC)
OWN = "/my/heron/reports/2026-10/"
OFFICE = "/admin/members/federationreport/"
WORDS = {"news": "New disks.", "trouble": "", "plans": "", "asks": ""}


@pytest.fixture
def member():
    return make_member("heron")


@pytest.fixture
def ada(client, member):
    """The client is ada, an editor."""
    ada = make_person(member, Role.EDITOR, "ada")
    client.force_login(ada)
    return ada


@pytest.fixture
def kim(client):
    """The client is kim, a maintainer."""
    kim = make_maintainer("kim")
    client.force_login(kim)
    return kim


def give(member, launches: int = 700) -> None:
    """Launches in October, by a hub of its own."""
    hub = make_hub(member=member)
    Promise.objects.create(hub=hub, at=MIDDLE - timedelta(days=20), share=0.5)
    make_usage(hub, MIDDLE, launches)


def read(client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return text_of(answer.content)


# A member's own


def test_before_the_first_month_there_is_a_word_on_it(client, ada):
    assert "No month yet" in read(client, "/my/heron/reports/")


def test_an_open_report_is_to_be_done_and_has_the_figures(client, ada, member, redis_url):
    give(member)
    make_report(member, due_on=timezone.now().date() + timedelta(days=3))
    assert "The report of October 2026 is open until" in read(client, "/my/heron/")
    assert "October 2026 ◐ open Due on" in read(client, "/my/heron/reports/")
    text = read(client, OWN)
    assert "Launches served 700 Share promised 50% Share received 100%" in text


def test_a_late_report_says_so_on_its_own_page_and_in_the_list(client, ada, member):
    make_report(member)
    for path in (OWN, "/my/heron/reports/"):
        assert "▲ late" in text_of(client.get(path).content.decode())


def test_a_draft_is_saved_and_sent(client, ada, member):
    report = make_report(member)
    answer = client.post(OWN, {**WORDS, "verb": "save", "seen": report.fingerprint}, follow=True)
    assert "Saved. Only you and the maintainers see it." in text_of(answer.content)
    report.refresh_from_db()
    answer = client.post(OWN, {**WORDS, "verb": "submit", "seen": report.fingerprint}, follow=True)
    text = text_of(answer.content)
    assert "Sent. Thank you" in text
    assert "New disks." in text
    report.refresh_from_db()
    assert (report.state, report.submitted_by, report.figures["redirects"]) == ("submitted", ada, 0)


def test_the_history_says_who_wrote_and_sent_it(client, ada, member):
    report = make_report(member)
    for verb in ("save", "submit"):
        client.post(OWN, {**WORDS, "verb": verb})
    text = read(client, "/my/heron/history/")
    assert "ada changed the report of October 2026 submitted state: draft → submitted" in text
    assert "what is new: empty → New disks. state: open → draft" in text
    assert report.history.count() == 3


def test_what_was_typed_is_kept_when_somebody_else_was_quicker(client, ada, member):
    report = make_report(member)
    seen = report.fingerprint
    Report.objects.filter(pk=report.pk).update(news="By the other one.")
    text = client.post(OWN, {**WORDS, "verb": "submit", "seen": seen}).content.decode()
    assert "changed this since you opened it" in text
    assert "New disks." in text
    Report.objects.filter(pk=report.pk).update(state="skipped")
    text = client.post(OWN, {**WORDS, "verb": "submit", "seen": seen}).content.decode()
    assert "The month was skipped by now" in text
    assert "New disks." in text


def test_a_section_that_is_too_long_is_said_beside_it(client, ada, member):
    make_report(member)
    answer = client.post(OWN, {**WORDS, "news": "x" * 5_001, "verb": "save"})
    assert answer.context["form"].errors.keys() == {"news"}


def test_what_members_write_is_markdown_made_safe(client, ada, member):
    make_report(member, state="submitted", news="**new** <script>alert(1)</script> [x](javascript:alert(1))")
    html = client.get(OWN).content.decode()
    assert "<strong>new</strong>" in html
    assert "<script>alert" not in html
    assert 'href="javascript' not in html


def test_a_month_is_skipped_politely_and_written_after_all(client, ada, member, redis_url):
    make_report(member)
    answer = client.post(f"{OWN}act/", {"verb": "skip", "reason": "We moved."}, follow=True)
    assert "October 2026 is skipped. That is fine" in text_of(answer.content)
    assert "The report of October" not in read(client, "/my/heron/")
    answer = client.post(f"{OWN}act/", {"verb": "resume"}, follow=True)
    assert "It is open again" in text_of(answer.content)


def test_viewers_read_and_do_not_write(client, member):
    make_report(member)
    client.force_login(make_person(member, Role.VIEWER))
    assert b"<textarea" not in client.get(OWN).content
    assert client.post(OWN, {**WORDS, "verb": "save"}).status_code == 403
    assert Report.objects.get().news == ""


def test_maintainers_ask_to_look_again_and_editors_do_not(client, ada, member):
    make_report(member, state="submitted")
    assert client.post(f"{OWN}act/", {"verb": "reopen", "reason": "me"}).status_code == 403
    client.force_login(make_maintainer())
    client.post(f"{OWN}act/", {"verb": "reopen", "reason": ""})
    assert Report.objects.get().state == "submitted"
    client.post(f"{OWN}act/", {"verb": "reopen", "reason": "The outage is missing."})
    assert Report.objects.get().state == "draft"
    assert Notice.objects.get(kind="report-reopened").recipient == ada.email
    client.force_login(ada)
    assert "A maintainer opened it again: The outage is missing." in read(client, OWN)


@pytest.mark.parametrize("month", ["2026-09", "2026-13", "nonsense"])
def test_a_month_that_was_not_opened_is_not_found(client, ada, member, month):
    make_report(member)
    for path in (f"/my/heron/reports/{month}/", f"/my/heron/reports/{month}/act/"):
        assert client.post(path, {"verb": "skip"}).status_code == 404


@pytest.mark.parametrize(("path", "most"), [("/my/heron/reports/", 11), (OWN, 28)])
def test_pages_of_a_member_cost_the_same_for_many_months(
    client, ada, member, path, most, django_assert_max_num_queries
):
    for number in range(1, 11):
        make_report(member, month=date(2026, number, 1), state="submitted" if number < 10 else "open", submitted_by=ada)
    give(member)
    with django_assert_max_num_queries(most):
        read(client, path)


# The federation's


def test_before_the_first_report_there_is_a_word_on_it(client):
    assert "No report yet" in read(client, "/reports/")
    assert ElementTree.fromstring(client.get("/reports.atom").content).tag.endswith("feed")


def test_the_federations_report_is_begun_edited_published_and_read(client, kim, member):
    give(member)
    make_report(member, state="submitted", news="New *disks*.")
    make_report(make_member("late-ones"))
    make_incident(opened_at=MIDDLE, resolved_at=MIDDLE + timedelta(hours=2))
    answer = client.post(f"{OFFICE}add/", {"month": "2026-10"}, follow=True)
    row = FederationReport.objects.get()
    assert row.opening.startswith("In October 2026 the federation served 700 launches")
    assert row.news == "**Heron**\n\nNew *disks*."
    assert "Not sent yet: Late-Ones." in text_of(answer.content)
    words = {name: getattr(row, name) for name in FederationReport.RECORD}
    seen = row.fingerprint
    client.post(f"{OFFICE}{row.pk}/change/", {**words, "opening": "A **good** month.", "seen": seen})
    row.refresh_from_db()
    assert row.opening == "A **good** month."


def test_a_draft_is_for_maintainers_and_what_is_published_for_everybody(client, kim, member):
    give(member)
    make_report(make_member("late-ones"))
    row = make_federation_report(opening="A **good** month.", news="**Heron**\n\nNew *disks*.")
    client.logout()
    assert client.get("/reports/2026-10/").status_code == 404
    client.force_login(kim)
    assert "A draft: only maintainers see it." in read(client, "/reports/2026-10/")
    publish = f"{OFFICE}{row.pk}/publish/"
    assert "Not sent yet: Late-Ones. It can be published without them." in read(client, publish)
    client.post(publish)
    client.logout()
    text = read(client, "/reports/2026-10/")
    assert "Launches served 700 Hubs 1" in text
    assert "A good month." in text
    assert "Heron New disks ." in text
    assert "Heron 700 50% 100%" in text
    assert "A good month." in read(client, "/reports/")
    markdown = client.get("/reports/2026-10.md")
    assert markdown["Content-Type"] == "text/markdown; charset=utf-8"
    assert "| Heron | 700 | 50% | 100% | unknown |" in markdown.content.decode()


def test_what_comes_late_is_added_once_and_what_was_edited_stays(kim, member):
    make_report(member, state="submitted", news="First.")
    row = federation_reports.begin(make_federation_report().period, by=kim)
    assert row.opening == "A quiet month."
    assert federation_reports.take_in(row, by=kim) == 1
    federation_reports.edit(row, {"news": "Edited."}, by=kim)
    make_report(make_member("otter"), state="submitted", news="Second.", plans="Third.")
    assert [federation_reports.take_in(row, by=kim) for _ in range(2)] == [1, 0]
    row.refresh_from_db()
    assert (row.news, row.plans) == ("Edited.\n\n**Otter**\n\nSecond.", "**Otter**\n\nThird.")


def test_nobody_writes_headings_into_the_archive(client, kim):
    told = make_federation_report(opening="# Head\n\nWe met.\n\n## Members\n---\n<b>bold</b> and *kind* #4")
    federation_reports.publish(told, by=kim)
    lines = client.get("/reports/2026-10.md").content.decode().splitlines()
    assert [line for line in lines if line.startswith("# ")] == [f"# {told}"]
    assert {"\\# Head", "\\## Members", "\\---", "\\<b>bold</b> and *kind* #4"} <= set(lines)


def test_names_that_are_markdown_are_read_as_they_are(client, kim):
    make_report(make_member("x", name="A *b* [c](https://d.example) <e>-f_g"), state="submitted", news="Here.")
    row = federation_reports.begin(make_federation_report().period, by=kim)
    federation_reports.take_in(row, by=kim)
    federation_reports.publish(row, by=kim)
    assert "A *b* [c](https://d.example) <e>-f_g Here." in read(client, "/reports/2026-10/")


def test_a_report_that_would_not_fit_is_left_for_later(kim, member):
    row = make_federation_report(news="x" * 59_000)
    make_report(member, state="submitted", news="y" * 5_000)
    assert federation_reports.take_in(row, by=kim) == 0
    assert Report.objects.get().taken_in_at is None


def test_published_figures_stay_until_it_is_taken_back(client, kim, member):
    give(member)
    row = federation_reports.publish(make_federation_report(), by=kim)
    with pytest.raises(federation_reports.FederationReportsError):
        federation_reports.publish(row, by=kim)
    give(member, 50)
    assert "Launches served 700" in read(client, "/reports/2026-10/")
    client.post(f"{OFFICE}{row.pk}/take-back/", {"reason": "A hub is missing."})
    assert "Launches served 750" in read(client, "/reports/2026-10/")
    client.post(f"{OFFICE}{row.pk}/publish/")
    row.refresh_from_db()
    assert (row.state, row.figures["redirects"]) == ("published", 750)


def test_nothing_is_published_without_an_opening(client, kim):
    row = make_federation_report(opening=" ")
    client.post(f"{OFFICE}{row.pk}/publish/")
    assert FederationReport.objects.get().state == "draft"


def test_a_month_that_is_not_over_is_not_begun(client, kim):
    month = f"{timezone.now():%Y-%m}"
    client.post(f"{OFFICE}add/", {"month": month})
    with pytest.raises(federation_reports.FederationReportsError):
        federation_reports.begin(make_report(month=timezone.now().date().replace(day=1)).period, by=kim)
    assert not FederationReport.objects.exists()


def test_two_maintainers_who_edit_at_once_are_told(client, kim):
    row = make_federation_report()
    seen = row.fingerprint
    federation_reports.edit(row, {"news": "By the other one."}, by=make_maintainer())
    answer = client.post(f"{OFFICE}{row.pk}/change/", {"opening": "Mine.", "seen": seen})
    assert "changed this since you opened it" in text_of(answer.content)
    assert "Mine." in answer.content.decode()


def test_the_feed_has_whole_reports_and_tells_when_nothing_is_new(client, kim):
    make_federation_report(month=date(2026, 8, 1))
    row = make_federation_report(opening="Ünïcode & <b>more</b>", news="*so*")
    federation_reports.publish(row, by=kim)
    answer = client.get("/reports.atom")
    (entry,) = ElementTree.fromstring(answer.content).findall("{*}entry")
    assert entry.findtext("{*}title") == "The federation in October 2026"
    assert "<em>so</em>" in entry.findtext("{*}summary")
    assert "&lt;b&gt;more" in entry.findtext("{*}summary")
    again = client.get("/reports.atom", headers={"If-None-Match": answer["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("month", ["2026-09", "2026-13", "nonsense"])
def test_a_month_without_a_report_is_not_found(client, kim, month):
    make_federation_report()
    for path in (f"/reports/{month}/", f"/reports/{month}.md"):
        assert client.get(path).status_code == 404


def test_public_pages_cost_the_same_for_many_months(client, kim, member, django_assert_max_num_queries):
    give(member)
    for number in range(1, 11):
        federation_reports.publish(make_federation_report(month=date(2026, number, 1)), by=kim)
    client.logout()
    for path, most in (("/reports/", 1), ("/reports/2026-05/", 3), ("/reports.atom", 1), ("/reports/2026-05.md", 1)):
        with django_assert_max_num_queries(most):
            client.get(path)


# The office


def test_the_office_says_what_is_late_and_asks_to_look_again(client, kim, member, redis_url):
    report = make_report(member, due_on=timezone.now().date() - timedelta(days=2))
    text = read(client, "/admin/")
    assert "1 report of a member is late" in text
    assert "1 month has no report of the federation yet" in text
    assert "▲ late" in read(client, "/admin/members/report/?late=yes")
    Report.objects.update(state="submitted", submitted_at=timezone.now())
    assert "Heron" not in read(client, "/admin/members/report/?late=yes").partition("result_list")[2]
    reopen = f"/admin/members/report/{report.pk}/reopen/"
    assert "Its people read the reason" in read(client, reopen)
    client.post(reopen, {"reason": "March is missing"})
    assert Report.objects.get().reopen_reason == "March is missing"
    assert "October 2026" in read(client, f"/admin/members/report/{report.pk}/change/")
    assert client.get(f"/admin/members/report/{report.pk}/page/")["Location"] == OWN
