"""Notices: told once, sent whatever is down for a while, given up in the end, and always explained."""

from datetime import timedelta

import pytest
from django.core import mail as django_mail
from django.utils import timezone

from members.models import Notice
from members.services import notices, recipients
from tests.factories import make_channel, make_maintainer, make_notice, make_user

pytestmark = pytest.mark.django_db

NOW = timezone.now()


@pytest.fixture(autouse=True)
def at_this_moment(monkeypatch):
    """The rows that a test makes are due when it makes them: what is now must not be minutes ago by then."""
    monkeypatch.setitem(globals(), "NOW", timezone.now())


def queue(recipient="ada@example.org", **values) -> Notice:
    return notices.queue(
        **{
            "kind": "test",
            "recipient": recipient,
            "occasion": "once",
            "subject": "Hello",
            "body": "What happened.",
            "due_at": NOW,
            **values,
        }
    )


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def after(notice: Notice) -> Notice:
    notice.refresh_from_db()
    return notice


def test_the_same_is_queued_once():
    first = queue(subject="Hello")
    assert queue(subject="Hello again") == first
    assert Notice.objects.get().subject == "Hello"


def test_another_occasion_kind_or_recipient_is_another_notice():
    for values in ({}, {"occasion": "twice"}, {"kind": "other"}, {"recipient": "bob@example.org"}):
        queue(**values)
    assert Notice.objects.count() == 4


def test_a_letter_goes_out_with_its_reason_and_is_marked(letterbox):
    notice = queue(why="you are a maintainer")
    assert notices.drain() == 1
    assert (after(notice).state, notice.tries, notice.error) == ("sent", 1, "")
    letter = letterbox.letters[0]
    assert letter["Subject"] == "Hello"
    assert "What happened." in letter.get_payload(0).get_payload()
    assert "You get this because you are a maintainer." in letter.get_payload(0).get_payload()


def test_what_was_sent_is_not_sent_again(letterbox):
    queue()
    notices.drain()
    assert notices.drain() == 0
    assert letterbox.recipients == ["ada@example.org"]


def test_what_is_not_due_waits(letterbox):
    queue(due_at=NOW + minutes(10))
    assert notices.drain(now=NOW + minutes(9)) == 0
    assert notices.drain(now=NOW + minutes(10)) == 1


def test_what_is_of_no_use_any_more_is_dropped_with_a_reason(letterbox):
    notice = queue(useful_until=NOW + minutes(10))
    assert notices.drain(now=NOW + minutes(11)) == 0
    assert after(notice).state == "dropped"
    assert "in time" in notice.error
    assert letterbox.letters == []


def test_a_line_break_in_a_subject_forges_no_header(letterbox):
    queue(subject="Hello\r\nBcc: eve@example.org\0", body="a\0b")
    notices.drain()
    assert letterbox.letters[0]["Bcc"] is None
    assert letterbox.letters[0]["Subject"] == "Hello Bcc: eve@example.org"


def test_a_long_subject_is_cut(letterbox):
    assert len(queue(subject="x" * 500).subject) == 200


def test_one_refused_address_keeps_nobody_else_waiting(letterbox):
    letterbox.refuses = {"bob@": 450}
    for name in ("ada", "bob", "cyd"):
        queue(f"{name}@example.org")
    assert notices.drain() == 2
    assert letterbox.recipients == ["ada@example.org", "cyd@example.org"]
    bob = Notice.objects.get(recipient="bob@example.org")
    assert (bob.state, bob.tries) == ("waiting", 1)
    assert "450" in bob.error


def test_an_address_refused_for_good_is_not_tried_again(letterbox):
    letterbox.refuses = {"bob@": 550}
    notice = queue("bob@example.org")
    notices.drain()
    assert after(notice).state == "failed"
    assert "550" in notice.error


def test_a_server_that_breaks_off_is_tried_again_ever_more_rarely_and_given_up(letterbox):
    notice = queue("bob@example.org")
    letterbox.refuses = {"bob@": 451}
    now, pauses = NOW, []
    while after(notice).state == "waiting":
        pauses.append((notice.due_at - now).total_seconds() / 60)
        now = max(now, notice.due_at)
        notices.drain(now=now)
    assert [round(each) for each in pauses[1:]] == list(notices.BACK_OFF)
    assert (notice.state, notice.tries) == ("failed", notices.TRIES)


def test_a_server_that_is_down_for_a_day_costs_no_letter_a_try(letterbox, settings, free_port):
    notice = queue()
    settings.EMAIL_PORT = free_port
    for hour in range(25):
        notices.drain(now=NOW + timedelta(hours=hour))
    assert (after(notice).state, notice.tries) == ("waiting", 0)
    assert "does not take letters" in notice.error
    settings.EMAIL_PORT = letterbox.port
    assert notices.drain(now=notice.due_at) == 1


def test_a_server_that_never_comes_back_is_given_up_in_the_end(settings, free_port, letterbox):
    notice = queue()
    settings.EMAIL_PORT = free_port
    notices.drain(now=NOW + timedelta(days=4))
    assert after(notice).state == "failed"


def test_a_server_that_is_away_is_asked_once_a_run(letterbox, settings, free_port, monkeypatch):
    for number in range(5):
        queue(f"person{number}@example.org")
    asked = []
    monkeypatch.setattr("members.services.mail.get_connection", lambda: asked.append(1) or _refusing())
    notices.drain()
    assert len(asked) == 1
    assert Notice.objects.waiting().count() == 5


def _refusing():
    class Refusing:
        def open(self):
            raise ConnectionRefusedError(111, "Connection refused")

    return Refusing()


def test_one_connection_carries_all_letters_of_a_run(letterbox):
    for number in range(5):
        queue(f"person{number}@example.org")
    assert notices.drain() == 5
    assert letterbox.talks == 1


def test_a_run_sends_no_more_than_its_setting(letterbox, settings):
    settings.NOTICES_PER_RUN = 3
    for number in range(7):
        queue(f"person{number}@example.org")
    assert [notices.drain() for _ in range(4)] == [3, 3, 1, 0]
    assert len(set(letterbox.recipients)) == len(letterbox.recipients) == 7


def test_a_slow_server_ends_a_run_in_time_and_the_next_goes_on(letterbox, monkeypatch):
    monkeypatch.setattr(notices, "RUN_SECONDS", 0.3)
    letterbox.slow = 0.05
    for number in range(6):
        queue(f"person{number}@example.org")
    first = notices.drain()
    assert 0 < first < 6
    letterbox.slow = 0
    monkeypatch.setattr(notices, "RUN_SECONDS", 20)
    assert first + notices.drain() == 6


def test_a_server_slower_than_our_patience_is_a_try(letterbox, settings):
    settings.EMAIL_TIMEOUT = 0.1
    notice = queue()
    letterbox.slow = 0.3
    notices.drain()
    assert after(notice).state == "waiting"
    assert "timed out" in notice.error or "in time" in notice.error


def test_a_letter_taken_but_not_confirmed_comes_again_with_the_same_message_id(letterbox):
    """At least once: we can't know whether it was taken. Mail programs can: the Message-ID is the same."""
    letterbox.drops = 1
    notice = queue()
    notices.drain(now=NOW)
    assert after(notice).state == "waiting"
    notices.drain(now=NOW + minutes(2))
    assert after(notice).state == "sent"
    assert len({letter["Message-ID"] for letter in letterbox.letters}) == 1


def test_maintainers_hear_of_a_failure_once_an_hour_and_never_of_their_own_letters_failing(letterbox):
    make_maintainer("mara")
    letterbox.refuses = {"bob@": 550, "eve@": 550, "mara@": 550}
    queue("bob@example.org")
    queue("eve@example.org")
    notices.drain(now=NOW)
    told = Notice.objects.filter(kind=notices.UNDELIVERED)
    assert [each.recipient for each in told] == ["mara@example.org"]
    notices.drain(now=NOW + minutes(1))
    assert told.get().state == "failed"
    assert Notice.objects.count() == 3


def test_whoever_cannot_be_reached_is_not_told_so_there(letterbox):
    make_maintainer("mara")
    letterbox.refuses = {"mara@": 550}
    queue("mara@example.org")
    notices.drain()
    assert not Notice.objects.filter(kind=notices.UNDELIVERED).exists()


def test_an_account_that_was_switched_off_meanwhile_gets_nothing(letterbox):
    person = make_user("pat")
    notice = queue("PAT@example.org")
    person.is_active = False
    person.save()
    notices.drain()
    assert after(notice).state == "dropped"
    assert letterbox.letters == []


def test_a_malformed_address_fails_at_once_in_words(letterbox):
    notice = queue("nobody @ nowhere\n")
    notices.drain()
    assert after(notice).state == "failed"
    assert notice.error


def test_without_a_mail_server_in_production_a_letter_is_dropped_and_says_why(settings):
    settings.MAIL_SERVER_MISSING = True
    notice = queue()
    notices.drain()
    assert after(notice).state == "dropped"
    assert "EMAIL_URL" in notice.error
    assert django_mail.outbox == []


def test_a_claim_of_a_killed_process_is_taken_back_later():
    notice = make_notice(state="sending", claimed_at=NOW - minutes(9), tries=1)
    notices.drain(now=NOW)
    assert after(notice).state == "sending"
    notices.drain(now=NOW + minutes(2))
    assert (after(notice).state, notice.tries) == ("sent", 2)


def test_what_kills_its_process_every_time_is_given_up():
    notice = make_notice(state="sending", claimed_at=NOW - minutes(11), tries=notices.TRIES)
    notices.drain(now=NOW)
    assert after(notice).state == "failed"
    assert django_mail.outbox == []


def test_what_failed_can_be_sent_again(letterbox):
    letterbox.refuses = {"bob@": 550}
    notice = queue("bob@example.org")
    notices.drain()
    letterbox.refuses = {}
    assert notices.send_again([notice]) == 1
    assert notices.drain() == 1
    assert after(notice).state == "sent"


def test_only_what_failed_is_sent_again_and_only_what_waits_is_dropped():
    sent, waiting = make_notice(state="sent"), make_notice()
    assert notices.send_again([sent, waiting]) == 0
    assert notices.drop([sent, waiting], why="Not needed.") == 1
    assert (after(sent).state, after(waiting).state, waiting.error) == ("sent", "dropped", "Not needed.")


def test_recipients_are_active_maintainers_with_an_address_and_channels_that_are_on():
    make_maintainer("mara")
    gone = make_maintainer("gone")
    gone.is_active = False
    gone.save()
    silent = make_maintainer("silent")
    silent.email = ""
    silent.save()
    make_user("somebody", is_staff=True)
    channel = make_channel("zulip")
    make_channel("off", enabled=False)
    assert [each.address for each in recipients.maintainers()] == ["mara@example.org", channel.recipient]
