"""Alerts: told once, grouped, not in maintenance, not for each flap; reminded while it lasts, and told when over."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from members.models import Notice
from members.services import notices
from routing.models import Alert, AlertRound, CheckRound, Downtime, Flip, Hub
from routing.services import alerts
from tests.factories import make_channel, make_downtime, make_hub, make_maintainer

pytestmark = pytest.mark.django_db

START = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


class Clock:
    """Moves; while it does, beat looks every 20 seconds, and later every two minutes, unless it is dead."""

    def __init__(self) -> None:
        self.now = START
        self.beats = True

    def run(self, minutes: float) -> None:
        start, until = self.now, self.now + timedelta(minutes=minutes)
        while self.now < until:
            # A look costs milliseconds, and there would be thousands of them.
            step = 20 if self.now - start < timedelta(seconds=80) else 120
            self.now = min(until, self.now + timedelta(seconds=step))
            if self.beats:
                CheckRound.objects.filter(pk=1).update(finished_at=self.now)
                alerts.queue_alerts(self.now)

    def flip(self, hub: Hub, to: str, reason: str = "over its pod quota") -> None:
        Flip.objects.create(hub=hub, at=self.now, to=to, reason=reason if to == "out" else "")

    def out(self, *hubs: Hub) -> None:
        for hub in hubs:
            self.flip(hub, "out")

    def back(self, *hubs: Hub) -> None:
        for hub in hubs:
            self.flip(hub, "serving")


@pytest.fixture
def clock() -> Clock:
    CheckRound.objects.create(pk=1, finished_at=START)
    clock = Clock()
    clock.run(1)
    return clock


@pytest.fixture(autouse=True)
def maintainer():
    return make_maintainer("mara")


@pytest.fixture
def gesis() -> Hub:
    return make_hub("gesis", name="GESIS")


def told() -> list[str]:
    return list(Notice.objects.order_by("pk").values_list("subject", flat=True))


def test_a_hub_that_goes_out_is_told_once_after_a_minute(clock, gesis):
    clock.run(1)
    clock.out(gesis)
    clock.run(0.9)
    assert told() == []
    clock.run(30)
    assert told() == ["GESIS is out: over its pod quota (since 14:02 UTC)"]
    assert Notice.objects.get().recipient == "mara@example.org"


def test_the_letter_says_what_since_when_what_it_means_and_what_to_do(clock, gesis, settings):
    settings.PORTAL_URL = "https://portal.example.org"
    make_hub("other")
    clock.out(gesis)
    clock.run(2)
    body = Notice.objects.get().body
    for words in (
        "GESIS is out since 14:01 UTC: over its pod quota.",
        "New launches go to the other hubs.",
        "https://portal.example.org/hubs/gesis/",
        "enter it as a downtime",
    ):
        assert words in body


def test_every_maintainer_and_every_channel_is_told(clock, gesis):
    make_maintainer("mo")
    channel = make_channel("zulip")
    clock.out(gesis)
    clock.run(2)
    assert set(Notice.objects.values_list("recipient", flat=True)) == {
        "mara@example.org",
        "mo@example.org",
        channel.recipient,
    }


def test_hubs_that_go_out_within_a_minute_are_one_message(clock, gesis):
    others = [make_hub("bids", name="BIDS"), make_hub("curvenote", name="Curvenote"), make_hub("well")]
    clock.out(gesis)
    clock.run(0.5)
    clock.out(*others[:2])
    clock.run(10)
    assert told() == ["3 hubs are out: GESIS, BIDS, Curvenote"]


def test_when_all_are_out_the_letter_says_so(clock, gesis):
    clock.out(gesis, make_hub("bids", name="BIDS"))
    clock.run(2)
    assert told() == ["All 2 hubs are out: BIDS, GESIS"]
    assert "No hub is left" in Notice.objects.get().body


def test_the_only_hub_being_out_leaves_none(clock, gesis):
    clock.out(gesis)
    clock.run(2)
    assert "No hub is left" in Notice.objects.get().body


def test_a_blip_shorter_than_a_minute_is_told_nobody(clock, gesis):
    clock.out(gesis)
    clock.run(0.5)
    clock.back(gesis)
    clock.run(30)
    assert told() == []


def test_a_hub_that_comes_back_is_told_once_to_those_who_had_heard(clock, gesis):
    clock.run(1)
    clock.out(gesis)
    clock.run(38)
    make_maintainer("new")
    clock.back(gesis)
    clock.run(30)
    assert told()[-1] == "GESIS is back: it was out from 14:02 UTC to 14:40 UTC, 38 minutes"
    assert Notice.objects.filter(kind="alert-out-over").count() == 1


def test_who_never_got_the_alert_hears_of_no_end_either(clock, gesis):
    clock.out(gesis)
    clock.run(2)
    Notice.objects.update(state="failed")
    clock.back(gesis)
    clock.run(5)
    assert len(told()) == 1
    assert not Alert.objects.open().exists()


def test_several_that_come_back_are_one_message_for_each_who_heard_of_the_same(clock, gesis):
    bids = make_hub("bids", name="BIDS")
    make_hub("well")
    clock.out(gesis, bids)
    clock.run(5)
    clock.back(gesis, bids)
    clock.run(5)
    assert told() == ["2 hubs are out: BIDS, GESIS", "2 hubs are back: BIDS, GESIS"]


def test_one_of_two_that_comes_back_is_told_by_itself(clock, gesis):
    bids = make_hub("bids", name="BIDS")
    make_hub("well")
    clock.out(gesis, bids)
    clock.run(5)
    clock.back(bids)
    clock.run(5)
    assert told()[-1].startswith("BIDS is back")
    assert Alert.objects.open().get().hub == gesis


def test_reminders_come_after_one_six_and_24_hours_and_then_no_more(clock, gesis):
    clock.out(gesis)
    times = []
    for _ in range(4 * 26):
        before = len(told())
        clock.now += timedelta(minutes=14, seconds=50)
        AlertRound.objects.update(at=clock.now)
        clock.run(1 / 6)
        times += [round((clock.now - START).total_seconds() / 3600)] * (len(told()) - before)
    assert times == [0, 1, 6, 24]
    assert told()[1] == "GESIS is still out after 75 minutes: over its pod quota"
    assert told()[3].startswith("GESIS is still out after 24 hours")


def test_of_reminders_that_were_missed_only_the_last_is_sent(clock, gesis):
    clock.out(gesis)
    clock.run(2)
    clock.now += timedelta(hours=7)
    AlertRound.objects.update(at=clock.now)
    clock.run(1)
    assert len(told()) == 2


@pytest.mark.parametrize("severity", Downtime.Severity.values)
def test_a_hub_in_maintenance_never_alerts(clock, gesis, severity):
    make_downtime(gesis, severity=severity).__class__.objects.update(
        starts_at=START, ends_at=START + timedelta(hours=2)
    )
    clock.out(gesis)
    clock.run(20)
    clock.back(gesis)
    clock.run(20)
    assert told() == []


def test_a_hub_still_out_after_its_maintenance_is_told_after_a_time_of_grace(clock, gesis):
    make_downtime(gesis)
    Downtime.objects.update(starts_at=START, ends_at=START + timedelta(minutes=30))
    clock.out(gesis)
    clock.run(29.9)
    assert told() == []
    clock.run(3)
    assert told() == ["GESIS is out: over its pod quota (since 14:01 UTC)"]


def test_a_downtime_that_was_called_off_silences_nothing(clock, gesis):
    make_downtime(gesis)
    Downtime.objects.update(starts_at=START, ends_at=START + timedelta(hours=2), cancelled_at=START)
    clock.out(gesis)
    clock.run(2)
    assert len(told()) == 1


def test_an_emergency_drain_ends_the_reminders_but_not_the_all_clear(clock, gesis):
    clock.out(gesis)
    clock.run(2)
    make_downtime(gesis, emergency=True, ends=None)
    Downtime.objects.update(starts_at=clock.now)
    clock.run(65)
    assert len(told()) == 1
    clock.back(gesis)
    clock.run(2)
    assert told()[-1].startswith("GESIS is back")


def test_flapping_is_told_once_and_then_there_is_silence_until_an_hour_of_calm(clock, gesis):
    make_hub("well")
    for _ in range(8):
        clock.out(gesis)
        clock.run(3)
        clock.back(gesis)
        clock.run(3)
    assert [subject.partition(":")[0] for subject in told()] == [
        "GESIS is out",
        "GESIS is back",
        "GESIS is out",
        "GESIS is back",
        "GESIS is out",
        "GESIS is back",
        "GESIS is flapping",
    ]
    clock.run(58)
    assert told()[-1] == "GESIS is steady again"
    clock.out(gesis)
    clock.run(2)
    assert told()[-1].startswith("GESIS is out")


def test_a_hub_that_flaps_and_stays_out_is_told_when_it_has_settled(clock, gesis):
    for _ in range(5):
        clock.out(gesis)
        clock.run(0.5)
        clock.back(gesis)
        clock.run(0.5)
    clock.out(gesis)
    clock.run(59)
    assert [subject.partition(":")[0] for subject in told()] == ["GESIS is flapping"]
    clock.run(3)
    assert told()[-1].startswith("GESIS is out")
    assert not Alert.objects.open().filter(kind="flapping").exists()


def test_going_in_and_out_during_maintenance_is_no_flapping(clock, gesis):
    make_downtime(gesis)
    Downtime.objects.update(starts_at=START, ends_at=START + timedelta(minutes=15))
    for _ in range(6):
        clock.out(gesis)
        clock.run(1)
        clock.back(gesis)
        clock.run(1)
    clock.run(30)
    assert told() == []


def test_time_in_which_nobody_knew_is_neither_out_nor_back(clock, gesis):
    clock.out(gesis)
    clock.run(2)
    clock.flip(gesis, "unknown")
    clock.run(5)
    clock.out(gesis)
    clock.run(5)
    assert len(told()) == 1
    assert Alert.objects.open().count() == 1


@pytest.mark.parametrize("state", [Hub.State.ONBOARDING, Hub.State.DRAINED, Hub.State.RETIRED])
def test_hubs_that_are_to_get_no_launches_alert_nobody(clock, gesis, state):
    Hub.objects.filter(pk=gesis.pk).update(state=state, weight=0)
    clock.out(gesis)
    clock.run(5)
    assert told() == []


def test_a_hub_that_is_drained_while_out_is_silent_from_then_on(clock, gesis):
    clock.out(gesis)
    clock.run(2)
    Hub.objects.filter(pk=gesis.pk).update(state=Hub.State.DRAINED)
    clock.run(70)
    assert len(told()) == 1
    assert not Alert.objects.open().exists()


def test_no_hub_answering_is_told_at_once_as_what_it_likely_is_and_when_it_is_over(clock, gesis):
    CheckRound.objects.update(fail_open_since=clock.now)
    clock.run(5)
    assert told() == ["No hub answers: is it our own network? (since 14:01 UTC)"]
    CheckRound.objects.update(fail_open_since=None)
    clock.run(5)
    assert told()[1:] == ["Hubs answer again"]


def test_checks_that_stop_while_the_worker_lives_are_told_and_so_is_their_return(clock, gesis, monkeypatch):
    stopped = clock.now
    for _ in range(12):
        clock.now += timedelta(seconds=10)
        alerts.queue_alerts(clock.now)
    assert told() == [f"Nobody checks the hubs since {stopped:%H:%M} UTC"]
    clock.run(1)
    assert told()[1:] == ["The hubs are checked again"]


def test_a_dead_worker_is_told_when_it_is_back_once(clock, gesis):
    clock.beats = False
    clock.run(45)
    clock.beats = True
    clock.run(10)
    assert told() == ["The portal did not watch the hubs for 45 minutes"]
    assert "from 14:01 UTC to 14:46 UTC, 45 minutes" in Notice.objects.get().body


def test_a_worker_that_comes_back_without_its_checks_is_no_all_clear(clock, gesis):
    for _ in range(12):
        clock.now += timedelta(seconds=10)
        alerts.queue_alerts(clock.now)
    clock.now += timedelta(minutes=5)
    alerts.queue_alerts(clock.now)
    assert [subject.partition(" since")[0] for subject in told()] == [
        "Nobody checks the hubs",
        "The portal did not watch the hubs for 5 minutes",
    ]


def test_a_restart_is_no_news(clock, gesis):
    clock.beats = False
    clock.run(1.5)
    clock.beats = True
    clock.run(10)
    assert told() == []


def test_an_outage_that_began_while_beat_was_dead_is_told_late(clock, gesis):
    clock.beats = False
    clock.out(gesis)
    clock.run(45)
    clock.beats = True
    clock.run(1)
    assert "GESIS is out: over its pod quota (since 14:01 UTC)" in told()


def test_a_clock_set_back_repeats_nothing(clock, gesis):
    clock.out(gesis)
    clock.run(5)
    clock.now -= timedelta(hours=1)
    clock.run(65)
    assert [each for each in told() if "is out" in each] == ["GESIS is out: over its pod quota (since 14:01 UTC)"]


def test_an_alert_that_could_not_be_sent_for_two_days_is_dropped(clock, gesis):
    clock.out(gesis)
    clock.run(2)
    notices.drain(now=clock.now + timedelta(days=3))
    assert Notice.objects.get().state == "dropped"


def test_a_look_costs_few_queries_however_many_hubs_there_are(clock, django_assert_max_num_queries):
    for number in range(30):
        make_hub(f"hub{number}")
    clock.run(1)
    with django_assert_max_num_queries(12):
        alerts.queue_alerts(clock.now)


@pytest.mark.django_db(transaction=True)
def test_two_beats_and_two_workers_at_once_tell_once():
    hub = make_hub("gesis")
    CheckRound.objects.create(pk=1, finished_at=START)
    Flip.objects.create(hub=hub, at=START - timedelta(minutes=5), to="out", reason="dead")

    def look(_index: int) -> None:
        try:
            alerts.queue_alerts(START)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(look, range(24)))
    assert Alert.objects.count() == Notice.objects.count() == 1


def test_a_hub_that_goes_away_while_it_is_emptied_for_maintenance_never_alerts(clock, gesis):
    make_downtime(gesis)
    Downtime.objects.update(starts_at=START + timedelta(minutes=40), ends_at=START + timedelta(minutes=80))
    clock.out(gesis)
    clock.run(60)
    clock.back(gesis)
    clock.run(30)
    assert told() == []
