"""The portal's own health: what the office's page says, what a monitor outside is told, and the warning everywhere."""

from datetime import timedelta

import pytest
import redis
from django.urls import reverse
from django.utils import timezone

from dev.servers import Valkey
from members.models import Notice
from routing.models import Alert, CheckRound, UsageSource
from routing.services import operations, publishing, pulses
from tests.factories import make_channel, make_hub, make_maintainer, make_notice, make_user
from tests.routing.test_office_weights import text

pytestmark = pytest.mark.django_db

WORKERS = "/healthz/workers"


@pytest.fixture(autouse=True)
def _redis(redis_url):
    """Empty, before each test."""


@pytest.fixture
def maintainer(client):
    person = make_maintainer("mara")
    client.force_login(person)
    return person


def live() -> None:
    """Let everything be well."""
    pulses.show(pulses.BEAT)
    pulses.show(pulses.WORKER)
    CheckRound.objects.update_or_create(pk=1, defaults={"finished_at": timezone.now(), "fail_open_since": None})
    UsageSource.objects.get_or_create(redirector="0" * 16)


def sign(name: str) -> operations.Sign:
    return next(each for each in operations.signs() if each.name == name)


def last_seen(name: str, seconds: float, url: str) -> None:
    with redis.Redis.from_url(url) as client:
        client.set(pulses.KEY.format(name=name), timezone.now().timestamp() - seconds)


def test_when_all_lives_each_part_says_so(client, maintainer):
    make_hub()
    publishing.publish("first")
    publishing.refresh()
    live()
    assert [each.name for each in operations.signs() if each.well is not True] == []
    page = text(client.get(reverse("admin:routing_checkround_changelist")))
    assert "trouble" not in page.lower().replace("trouble began", "")
    assert client.get(WORKERS).json() == {"ok": True, "checks": {"beat": "ok", "worker": "ok", "checks": "ok"}}


@pytest.mark.parametrize("name", [pulses.BEAT, pulses.WORKER])
def test_a_dead_beat_or_worker_is_seen_outside_and_on_every_page_of_the_office(client, maintainer, name, redis_url):
    live()
    last_seen(name, 300, redis_url)
    answer = client.get(WORKERS)
    assert answer.status_code == 503
    assert answer.json()["checks"][name] == "was last seen 5 minutes ago"
    for page in ("admin:index", "admin:routing_hub_changelist", "admin:members_notice_changelist"):
        assert "The portal itself is not well." in text(client.get(reverse(page)))


def test_what_was_never_seen_is_trouble(client):
    assert client.get(WORKERS).json()["checks"]["beat"] == "has not been seen"


def test_checks_that_do_not_run_are_trouble(client):
    make_hub()
    live()
    CheckRound.objects.update(finished_at=timezone.now() - timedelta(minutes=2))
    assert client.get(WORKERS).json()["checks"]["checks"] == "the last round finished 2 minutes ago"


def test_a_portal_without_hubs_has_nothing_to_check(client):
    live()
    CheckRound.objects.all().delete()
    assert client.get(WORKERS).status_code == 200
    make_hub()
    assert client.get(WORKERS).status_code == 503


def test_no_hub_answering_is_trouble():
    live()
    CheckRound.objects.update(fail_open_since=timezone.now() - timedelta(minutes=3))
    assert sign("Checks").said == "no hub has answered for 3 minutes"


def test_without_redis_beat_and_worker_are_unknown_and_redis_is_the_trouble(client, settings, tmp_path, maintainer):
    with Valkey(tmp_path) as valkey:
        settings.REDIS_URL = valkey.url
    live()
    assert sign("Redis").well is False
    assert [sign("Beat").well, sign("Worker").well, sign("Snapshot").well] == [None, None, None]
    assert client.get(reverse("admin:routing_checkround_changelist")).status_code == 200


def test_another_document_in_redis_than_here_is_trouble(redis_url):
    make_hub("a")
    publishing.publish("first")
    with redis.Redis.from_url(redis_url) as client:
        client.set("federation:snapshot", b"{}")
    assert sign("Snapshot").well is False
    publishing.refresh()
    assert sign("Snapshot").well is True


def test_letters_that_wait_too_long_or_failed_are_trouble(maintainer):
    assert sign("Letters").well is True
    make_notice(state="failed")
    assert "1 failed in the last day" in sign("Letters").said
    Notice.objects.all().delete()
    notice = make_notice()
    Notice.objects.filter(pk=notice.pk).update(created_at=timezone.now() - timedelta(minutes=20))
    assert "the oldest has waited for 20 minutes" in sign("Letters").said
    assert sign("Letters").well is False


def test_nobody_to_tell_is_trouble():
    assert sign("Alerts go to").well is False
    make_channel()
    assert sign("Alerts go to").well is True


def test_a_portal_without_a_mail_server_says_so(settings):
    settings.MAIL_SERVER_MISSING = True
    assert "no mail server" in sign("Letters").said


def test_the_page_shows_what_maintainers_were_told(client, maintainer):
    now = timezone.now()
    Alert.objects.create(kind="out", hub=make_hub("gesis", name="GESIS"), began_at=now, told_at=now, reason="full")
    Alert.objects.create(kind="no-answer", hub=None, began_at=now, over_at=now)
    page = text(client.get(reverse("admin:routing_checkround_changelist")))
    assert "GESIS is out full" in page
    assert "No hub answers" in page


def test_the_page_is_cheap(client, maintainer, django_assert_max_num_queries):
    for number in range(12):
        Alert.objects.create(kind="out", hub=make_hub(f"hub{number}"), began_at=timezone.now())
    with django_assert_max_num_queries(15):
        client.get(reverse("admin:routing_checkround_changelist"))


def test_what_redirectors_lost_is_told():
    assert sign("Counts").well is None
    now = timezone.now()
    UsageSource.objects.create(redirector="0" * 16, lost=1200, missing=3, seen_at=now)
    UsageSource.objects.create(redirector="1" * 16, seen_at=now - timedelta(hours=1))
    found = sign("Counts")
    assert found.well is True
    assert found.said == (
        "1 redirector hands over; in the last 30 days: 1,200 launches not kept, 3 batches missing, "
        "1 ended without a word"
    )
    UsageSource.objects.update(seen_at=now - timedelta(minutes=6))
    assert sign("Counts").well is False


def test_who_may_not_see_the_page_sees_no_warning_either(client):
    client.force_login(make_user(is_staff=True))
    assert "not well" not in text(client.get(reverse("admin:index")))


def test_a_pulse_while_redis_is_away_harms_nobody(settings, free_port):
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port}/0"
    pulses.show(pulses.BEAT)


def test_the_office_links_to_it(client, maintainer):
    page = client.get(reverse("admin:index")).content.decode()
    assert reverse("admin:routing_checkround_changelist") in page
    assert reverse("admin:members_notice_changelist") in page
    assert reverse("admin:members_channel_changelist") in page
