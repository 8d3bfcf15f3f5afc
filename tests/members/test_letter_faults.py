"""What goes wrong with letters over hours and thousands: a clock set back, runs that die, more than a run may send."""

from __future__ import annotations

from datetime import timedelta

import pytest

from members.models import Notice
from members.services import contacts, mail, notices, reminders, weekly, wishes
from members.services.recipients import Recipient
from members.services.topics import CHECK_INS
from tests.factories import make_contact, make_notice
from tests.members.conftest import START

pytestmark = pytest.mark.django_db

ADA = "ada@example.org"


@pytest.fixture
def posted(monkeypatch) -> list[str]:
    """To whom letters were carried; no letter is made."""
    found: list[str] = []
    # Thousands of lines of log cost more than the letters.
    monkeypatch.setattr(notices.logger, "info", lambda *_args, **_kwargs: None, raising=False)
    monkeypatch.setattr(mail.Postman, "carry", lambda _self, notice: found.append(notice.recipient))
    return found


def a_beat() -> None:
    reminders.remind()
    weekly.write()
    notices.drain()


def test_a_clock_set_back_an_hour_sends_nothing_twice_and_loses_nothing(clock, letterbox):
    make_contact(email=ADA, checked_at=START - contacts.FRESH)
    for minutes in (0, 30, -30, 0, 30, 60):
        clock.set(minutes)
        a_beat()
    assert letterbox.recipients == [ADA]


def test_a_letter_that_waits_for_its_next_try_gets_it_when_the_clock_is_there_again(clock, letterbox):
    letterbox.refuses = {"ada@": 451}
    make_notice(ADA, due_at=clock.set(0))
    notices.drain()
    letterbox.refuses = {}
    clock.set(-60)
    assert notices.drain() == 0
    clock.set(1)
    assert (notices.drain(), notices.drain()) == (1, 0)


def test_a_claim_of_a_killed_process_is_taken_back_though_the_clock_went_back_under_it(clock, letterbox):
    make_notice(ADA, state="sending", claimed_at=clock.set(0), tries=1, due_at=START)
    sent = []
    for minutes in range(-60, 20, 5):
        clock.set(minutes)
        sent.append(notices.drain())
    assert sum(sent) == 1
    assert letterbox.recipients == [ADA]


def test_the_weekly_letter_comes_once_though_monday_comes_twice(clock, letterbox):
    wishes.choose(ADA, CHECK_INS, "weekly")
    make_contact(email=ADA, checked_at=START - contacts.FRESH)
    a_beat()
    to_monday = (weekly.next_one(START) - START).total_seconds() / 60
    for minutes in (5, -55, 5, 65):
        clock.set(to_monday + minutes)
        a_beat()
    assert letterbox.recipients == [ADA]
    assert Notice.objects.get(kind="weekly").state == "sent"


class Killed(BaseException):
    """What no handler of ours catches."""


def test_five_thousand_go_out_as_many_a_run_as_the_setting_says_and_none_twice(clock, posted, settings, monkeypatch):
    settings.NOTICES_PER_RUN = 400
    whom = [Recipient(f"p{number}@example.org", "you are one of many") for number in range(5000)]
    assert len(notices.tell(whom, kind="meeting-invitation", occasion="1", subject="Come", body="All of you.")) == 5000
    notices.tell(whom[:900], kind="meeting-invitation", occasion="1", subject="Come", body="Asked again.")
    wishes.choose("p17@example.org", wishes.topics.MEETINGS, "never")
    take = mail.Postman.carry

    def carry(postman, notice):
        if len(posted) in {700, 3333} and not dying:
            dying.append(notice.recipient)
            raise Killed
        dying.clear()
        take(postman, notice)

    dying: list[str] = []
    monkeypatch.setattr(mail.Postman, "carry", carry)
    runs, killed = [], 0
    while Notice.objects.filter(state__in=["waiting", "sending"]).exists() and len(runs) < 100:
        before = len(posted)
        try:
            notices.drain()
        except Killed:
            killed += 1
        runs.append(len(posted) - before)
        clock.now += timedelta(minutes=1)
    assert max(runs) == 400
    assert killed == 2
    assert len(posted) == len(set(posted)) == 4999
    assert "p17@example.org" not in posted
    # The two whose process was killed came last, when their claims had grown old.
    assert len(runs) >= 13


def test_many_are_queued_with_few_queries(django_assert_max_num_queries):
    whom = [Recipient(f"p{number}@example.org", "you are one of many") for number in range(1000)]
    with django_assert_max_num_queries(6):
        notices.tell(whom, kind="meeting-invitation", occasion="1", subject="Come", body="All of you.")
