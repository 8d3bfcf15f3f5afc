"""The daily look at lists elsewhere: kept as long as it stays so, told once, shown in the office."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from members.models import Notice
from routing.models import DriftReport, DriftSource
from routing.services import drift, exports
from routing.services.drift import sources
from tests.factories import make_drift_source, make_hub, make_maintainer

pytestmark = pytest.mark.django_db


@pytest.fixture
def place(monkeypatch):
    """What is at the addresses; an exception is why there is nothing."""
    there: dict[str, object] = {"content": b""}

    async def fetch(url: str) -> bytes:
        if isinstance(there["content"], Exception):
            raise there["content"]
        return there["content"]  # type: ignore[return-value]

    monkeypatch.setattr(sources, "fetch", fetch)
    return there


@pytest.fixture
def drifted(place):
    """A federation of two hubs, and a list that lacks one."""
    make_hub("alder", name="Alder")
    make_hub("birch", name="Birch")
    make_maintainer("mia")
    place["content"] = exports.write("status").replace(b"  'https://birch.example.org',\n", b"")
    return make_drift_source("status.js")


def again(source: DriftSource, after: timedelta = timedelta(days=1)) -> DriftReport | None:
    """Look once more, so much later: all that is known is that much older."""
    for report in DriftReport.objects.all():
        dated = [
            {**each, "since": (timezone.datetime.fromisoformat(each["since"]) - after).isoformat()}
            for each in report.findings
        ]
        DriftReport.objects.filter(pk=report.pk).update(
            at=report.at - after, last_at=report.last_at - after, findings=dated
        )
    return sources.look(source)


def test_what_differs_is_kept_and_told_once_to_the_maintainers(drifted):
    sources.look(drifted)
    [letter] = Notice.objects.all()
    assert letter.subject == "status.js differs from the portal"
    assert "status.js does not list Birch" in letter.body
    again(drifted)
    assert Notice.objects.count() == 1
    report = DriftReport.objects.get()
    assert report.last_at - report.at >= timedelta(days=1)
    assert sources.differing() == 1


def test_something_new_is_told_and_what_was_known_keeps_its_date(drifted, place):
    first = sources.look(drifted)
    place["content"] = place["content"].replace(b"https://alder", b"https://old-alder")
    second = again(drifted)
    since = {each["hub"]: each["since"] for each in second.findings}
    assert since["birch"] < since["alder"]
    assert "Birch" not in Notice.objects.latest("id").body
    assert DriftReport.objects.count() == 2
    assert first.pk != second.pk


def test_when_it_is_mended_nobody_is_written_to(drifted, place):
    sources.look(drifted)
    place["content"] = exports.write("status")
    assert again(drifted).is_well
    assert Notice.objects.count() == 1
    assert sources.differing() == 0


def test_a_list_that_cant_be_read_is_told_only_when_that_lasts(drifted, place):
    place["content"] = drift.Unreadable("It answers 500 instead of 200.")
    sources.look(drifted)
    assert not Notice.objects.exists()
    place["content"] = drift.Unreadable("It took too long.")
    again(drifted)
    assert Notice.objects.get().subject == "status.js can't be compared with the portal"
    again(drifted)
    assert Notice.objects.count() == 1
    drifted.refresh_from_db()
    assert drifted.due_at < timezone.now() + timedelta(hours=2)


def test_a_list_that_was_away_does_not_become_news_again(drifted, place):
    sources.look(drifted)
    content, place["content"] = place["content"], drift.Unreadable("It answers 500 instead of 200.")
    again(drifted)
    place["content"] = content
    again(drifted)
    assert Notice.objects.filter(kind="drift").count() == 1


def test_only_what_is_due_is_looked_at_and_only_once(drifted):
    make_drift_source("off", enabled=False)
    make_drift_source("later", due_at=timezone.now() + timedelta(hours=1))
    assert sources.look_at_due() == 1
    assert sources.look_at_due() == 0


def test_a_source_that_was_removed_meanwhile_leaves_nothing(drifted):
    DriftSource.objects.all().delete()
    assert sources.look(drifted) is None


def test_old_reports_go_and_the_newest_stays(drifted, place):
    sources.look(drifted)
    place["content"] = exports.write("status")
    again(drifted)
    DriftReport.objects.update(last_at=timezone.now(), at=timezone.now() - timedelta(days=1))
    assert sources.forget(timezone.now() + timedelta(days=500)) == 1
    assert DriftReport.objects.get().findings == []


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/x", "https://10.0.0.1/x", "ftp://x.example", "https://u:p@x.example/"]
)
def test_an_address_that_the_portal_would_never_ask_is_refused(settings, url):
    settings.ALLOW_PRIVATE_HUBS = False
    with pytest.raises(ValidationError):
        sources.add({"name": "x", "url": url}, by=None)


async def test_a_list_is_fetched_through_the_guard(settings):
    settings.ALLOW_PRIVATE_HUBS = False
    with pytest.raises(drift.Unreadable, match="https"):
        await sources.fetch("http://127.0.0.1:9/x")


@pytest.fixture
def office(client):
    client.force_login(make_maintainer())
    return client


def test_the_office_shows_what_differs_since_when_and_the_text_of_an_issue(office, drifted):
    sources.look(drifted)
    assert "1 point" in office.get("/admin/routing/driftsource/").content.decode()
    page = office.get(f"/admin/routing/driftsource/{drifted.pk}/report/").content.decode()
    assert "status.js does not list Birch" in page
    assert "- [ ] status.js does not list Birch" in page
    assert "/exports/status.js" in page


@pytest.mark.parametrize("content", [b"", drift.Unreadable("It is away.")])
def test_the_office_shows_what_cant_be_compared(office, drifted, place, content):
    place["content"] = content
    assert "Nobody has looked" in office.get(f"/admin/routing/driftsource/{drifted.pk}/report/").content.decode()
    sources.look(drifted)
    assert "be compared" in office.get(f"/admin/routing/driftsource/{drifted.pk}/report/").content.decode()


def test_looking_now_makes_it_due(office, drifted):
    sources.look(drifted)
    office.post(f"/admin/routing/driftsource/{drifted.pk}/report/")
    drifted.refresh_from_db()
    assert drifted.due_at <= timezone.now()


def test_a_new_list_is_entered_and_due_at_once(office):
    office.post(
        "/admin/routing/driftsource/add/", {"name": "x", "url": "https://x.example.org/federation.yml", "enabled": "on"}
    )
    assert DriftSource.objects.get().due_at <= timezone.now()


def test_the_list_of_lists_takes_few_queries(office, django_assert_max_num_queries):
    for _ in range(20):
        make_drift_source()
    with django_assert_max_num_queries(12):
        office.get("/admin/routing/driftsource/")
