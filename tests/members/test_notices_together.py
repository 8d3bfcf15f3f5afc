"""Several at once, and killed in the middle: on a real Postgres, with real threads and processes."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from members.models import Notice
from members.services import contacts, notices, reminders
from members.services.turns import turn
from tests.factories import make_contact, make_maintainer, make_notice

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[2]


def at_once(number: int, verb):
    """Run it in so many threads that start together; what each returned."""
    barrier = Barrier(number)

    def run(_index):
        barrier.wait()
        try:
            return verb()
        finally:
            connection.close()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))


def wait_until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)


def test_four_workers_at_once_send_each_letter_once(letterbox):
    for number in range(20):
        make_notice(f"person{number}@example.org")
    assert sum(at_once(4, notices.drain)) == 20
    assert len(set(letterbox.recipients)) == len(letterbox.recipients) == 20


def test_queued_by_many_at_once_it_is_one_notice():
    values = {"kind": "test", "recipient": "ada@example.org", "occasion": "once", "subject": "Hello", "body": "Hi"}
    rows = at_once(6, lambda: notices.queue(**values).pk)
    assert len(set(rows)) == Notice.objects.count() == 1


def test_two_beats_and_two_workers_at_once_make_one_letter_each(letterbox):
    kim = make_maintainer("kim")
    for number in range(3):
        make_contact(email=f"p{number}@example.org", checked_at=timezone.now() - contacts.FRESH - timedelta(days=30))

    def beat_and_worker():
        reminders.remind()
        notices.drain()

    at_once(4, beat_and_worker)
    assert letterbox.recipients == [kim.email] * 3 + [f"p{number}@example.org" for number in range(3)]
    assert not Notice.objects.exclude(state="sent").exists()


def test_one_process_at_a_time_has_its_turn(redis_url):
    with turn("test", 60) as mine, turn("test", 60) as theirs:
        assert (mine, theirs) == (True, False)
    with turn("test", 60) as again:
        assert again


def test_without_redis_it_is_always_our_turn(settings, free_port):
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port}/0"
    with turn("test", 60) as mine:
        assert mine


PROGRAM = """
import django, sys
django.setup()
from django.conf import settings
settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", int(sys.argv[1])
from members.services import notices
notices.drain()
"""


@pytest.fixture
def worker(letterbox):
    """A process that drains, on this test's database; killed at the end."""
    running = []

    def start() -> subprocess.Popen:
        parts = connection.settings_dict
        url = f"postgres://{parts['USER']}:{parts['PASSWORD']}@{parts['HOST']}:{parts['PORT']}/{parts['NAME']}"
        environ = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "federation.settings"}
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(letterbox.port)], cwd=ROOT, env=environ)
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_killed_between_claim_and_send_it_is_sent_once_later(letterbox, worker):
    notice = make_notice("ada@example.org")
    letterbox.slow = 1.0  # It waits for the server's greeting, with its claim made.
    process = worker()
    wait_until(lambda: Notice.objects.filter(state="sending").exists() and letterbox.talks)
    process.send_signal(signal.SIGKILL)
    process.wait()
    letterbox.slow = 0
    assert notices.drain() == 0
    later = timezone.now() + notices.CLAIM + timedelta(seconds=1)
    assert notices.drain(now=later) == 1
    notice.refresh_from_db()
    assert (notice.state, notice.tries) == ("sent", 2)
    assert letterbox.recipients == ["ada@example.org"]


@pytest.mark.slow
def test_killed_between_send_and_mark_it_is_sent_twice_with_one_message_id_rather_than_perhaps_never(letterbox, worker):
    make_notice("ada@example.org")
    letterbox.confirms_after = 30.0  # The letter is in; the process never hears of it.
    process = worker()
    wait_until(lambda: letterbox.letters)
    process.send_signal(signal.SIGKILL)
    process.wait()
    letterbox.confirms_after = 0.0
    later = timezone.now() + notices.CLAIM + timedelta(seconds=1)
    assert notices.drain(now=later) == 1
    assert letterbox.recipients == ["ada@example.org"] * 2
    assert len({letter["Message-ID"] for letter in letterbox.letters}) == 1
    assert notices.drain(now=later + timedelta(hours=1)) == 0
