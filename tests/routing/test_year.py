"""One year of the federation, a beat at a time: every letter that went out, beside a table written by hand.

Five members. Heron and Otter do what they are asked, Heron at once and Otter at the second letter. Crane never does
anything. Stork wants nothing on reports, meetings once a week, and in November its address sends letters back. Finch
writes its reports when they are late, and leaves at the end of September. Kim is the maintainer, and leads.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.core import mail
from django.db.models import QuerySet

from members import tasks
from members.models import Application, ComputeOffer, Contact, Meeting, Member, Notice, Report
from members.services import attendance, contacts, lifecycle, meetings, notices, reports, topics, weekly, wishes
from routing import tasks as routing_tasks
from routing.models import HubHealth, Onboarding
from tests.factories import (
    make_contact,
    make_hub,
    make_maintainer,
    make_member,
    make_offer,
    make_person,
    make_series,
    make_slot,
)
from tests.members.conftest import Clock

pytestmark = pytest.mark.django_db

NAMES = ("heron", "otter", "crane", "stork", "finch")

# What kind of letter | to whom | on which days.
TABLE = """
# The third Tuesday, a week and a day before. No beat ran on 10 and 11 August. July's was called off between its two
# letters; October's was moved from 19 to 20, and December's from 21 to 14 before anybody had heard of it.
meeting-reminder | heron otter crane kim | 01-12 01-18 02-09 02-15 03-09 03-15 04-13 04-19 05-11 05-17 06-08 06-14
meeting-reminder | heron otter crane kim | 07-13 08-12 08-16 09-14 09-20 10-12 10-19 11-09 11-15 12-07 12-13
meeting-reminder | finch | 01-12 01-18 02-09 02-15 03-09 03-15 04-13 04-19 05-11 05-17 06-08 06-14
meeting-reminder | finch | 07-13 08-12 08-16 09-14 09-20
meeting-change | heron otter crane finch kim | 07-15
meeting-change | heron otter crane kim | 10-14
# To those who are never there: at once after the mornings, the next day after the evenings. Kim was slow in May.
meeting-notes | crane | 01-19 02-17 03-16 04-21 05-26 06-16 08-18 09-21 10-20 11-16 12-15
meeting-notes | finch | 01-19 02-17 03-16 04-21 05-26 06-16 08-18 09-21
meeting-nudge | kim | 05-19 05-21 05-25
# On the Monday before a meeting, and on the one after its notes; July's and October's first date were never told.
weekly | stork | 01-18 01-25 02-15 02-22 03-15 03-22 04-19 04-26 05-17 05-31 06-14 06-21 08-16 08-23 09-20 09-27
weekly | stork | 10-18 10-25 11-15

# Heron writes on the second, Otter on the fifth, Finch on the fourteenth.
report-opened | heron otter crane | 01-01 02-01 03-01 04-01 05-01 06-01 07-01 08-01 09-01 10-01 11-01 12-01
report-opened | finch | 01-01 02-01 03-01 04-01 05-01 06-01 07-01 08-01 09-01
report-due | otter crane | 01-03 02-03 03-03 04-03 05-03 06-03 07-03 08-03 09-03 10-03 11-03 12-03
report-due | finch | 01-03 02-03 03-03 04-03 05-03 06-03 07-03 08-03 09-03
report-due | crane | 01-09 02-09 03-09 04-09 05-09 06-09 07-09 08-09 09-09 10-09 11-09 12-09
report-due | finch | 01-09 02-09 03-09 04-09 05-09 06-09 07-09 08-09 09-09
report-late | crane | 01-13 02-13 03-13 04-13 05-13 06-13 07-13 08-13 09-13 10-13 11-13 12-13
report-late | finch | 01-13 02-13 03-13 04-13 05-13 06-13 07-13 08-13 09-13
report-late | crane | 01-24 02-24 03-24 04-24 05-24 06-24 07-24 08-24 09-24 10-24 11-24 12-24
# Once for Crane, once for Stork.
report-missed | kim | 01-24 02-24 03-24 04-24 05-24 06-24 07-24 08-24 09-24 10-24 11-24 12-24
report-missed | kim | 01-24 02-24 03-24 04-24 05-24 06-24 07-24 08-24 09-24 10-24 11-24 12-24

# Half a year after it was last said: 1 March, 10 May, 1 February, 2 July; Finch, in October, has left by then.
check-in | heron | 03-01 09-01
check-in | otter | 05-10 05-17 11-17 11-24
check-in | crane | 02-01 02-08 02-15 02-22 03-03
check-in | stork | 07-02 07-09 07-16 07-23 08-01
stale-contact | kim | 03-03 08-01

# Heron's ends on 30 June and is extended at once; Crane's ends on 31 August.
offer-ends | heron | 05-01
offer-ends | crane | 07-02 08-01 08-24 08-31
offer-ends | kim | 08-01 08-24 08-31
# Crane's runs out on 20 October, and is renewed on 19.
certificate | crane kim | 09-29 10-13 10-18
# Arrived on 5 April, answered on 13. Otter's new hub did not move from 1 November to 1 December.
application-waiting | kim | 04-08 04-12
onboarding-stuck | kim | 11-08 11-15 11-29
"""


def by_hand() -> Counter[tuple[str, str, str]]:
    """The table: how many letters on a day, of a kind, to somebody."""
    rows = [line.split("|") for line in TABLE.splitlines() if line and not line.startswith("#")]
    return Counter(
        (day, kind.strip(), reader)
        for kind, readers, days in rows
        for day in days.split()
        for reader in readers.split()
    )


class Year:
    """The federation in 2027, and what its people do on which day."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        clock.now = datetime(2026, 12, 20, 12, tzinfo=UTC)
        self.kim = make_maintainer("kim")
        self.people = {}
        for name in NAMES:
            member = make_member(name)
            self.people[name] = make_person(member, name=name)
            make_contact(member, email=f"{name}@example.org")
        make_series(
            make_slot("FREQ=MONTHLY;INTERVAL=2;BYDAY=3TU", first_on=date(2027, 1, 1)),
            make_slot(
                "FREQ=MONTHLY;INTERVAL=2;BYDAY=3TU", first_on=date(2027, 2, 1), local_time=time(17), time_zone="UTC"
            ),
        )
        self.facts()

    def facts(self) -> None:
        asked = {"heron": (3, 1), "otter": (5, 10), "crane": (2, 1), "stork": (7, 2), "finch": (10, 5)}
        for name, (month, day) in asked.items():
            due = datetime(2027, month, day, 12, tzinfo=UTC)
            self.contact(name).update(checked_at=due - contacts.FRESH)
        wishes.choose("stork@example.org", topics.REPORTS, "never")
        wishes.choose("stork@example.org", topics.MEETINGS, "weekly")
        make_offer(self.member("heron"), ends=date(2027, 6, 30))
        make_offer(self.member("crane"), ends=date(2027, 8, 31))
        hub = make_hub("crane-1", member=self.member("crane"))
        HubHealth.objects.create(hub=hub, certificate_expires=datetime(2027, 10, 20, 12, tzinfo=UTC))

    @staticmethod
    def member(name: str) -> Member:
        return Member.objects.get(slug=name)

    def contact(self, name: str) -> QuerySet[Contact]:
        return Contact.objects.filter(member__slug=name)

    def moments(self) -> Iterator[datetime]:
        """Each day at noon people act, at six there is a beat; on Mondays there is one after seven as well."""
        day = date(2027, 1, 1)
        while day.year == 2027:
            if day.weekday() == 0:
                yield datetime.combine(day, time(7, 10), UTC)
            yield datetime.combine(day, time(12), UTC)
            yield datetime.combine(day, time(18), UTC)
            day += timedelta(days=1)

    def act(self, day: str) -> None:
        """What people do at noon."""
        {"02": self.report("heron"), "05": self.report("otter"), "14": self.report("finch")}.get(day[3:], _nothing)()
        self.deeds().get(day, _nothing)()
        held = Meeting.objects.past(self.clock.now).filter(noted_at=None).first()
        if held and (day == "05-26" or day[:3] != "05-"):
            there = [f"{name}@example.org" for name in ("heron", "otter", "kim")]
            attendance.keep(held, there, by=self.kim)
            meetings.write_notes(held, {"notes": "We met, and were glad to."}, by=self.kim)

    def deeds(self) -> dict[str, Callable[[], object]]:
        right = contacts.still_right
        return {
            "03-02": lambda: right(self.contact("heron").get(), by=None),
            "09-03": lambda: right(self.contact("heron").get(), by=None),
            "05-18": lambda: right(self.contact("otter").get(), by=None),
            "11-25": lambda: right(self.contact("otter").get(), by=None),
            "05-02": lambda: ComputeOffer.objects.filter(member__slug="heron").update(ends=date(2028, 6, 30)),
            "10-19": lambda: HubHealth.objects.update(certificate_expires=datetime(2028, 6, 20, tzinfo=UTC)),
            "04-05": self.apply,
            "04-13": lambda: Application.objects.update(state="declined"),
            "11-01": lambda: Onboarding.objects.create(
                hub=make_hub("otter-2", member=self.member("otter"), state="onboarding"), begun_at=self.clock.now
            ),
            "12-01": self.december,
            "07-15": lambda: meetings.cancel(self.meeting(7), reason="everybody is away", by=self.kim),
            "10-14": lambda: self.move(10, datetime(2027, 10, 20, 8, tzinfo=UTC)),
            "09-30": lambda: lifecycle.move(self.member("finch"), "past", reason="funding ended", by=None),
            "11-16": lambda: wishes.bury("stork@example.org", "letters to it come back"),
        }

    def report(self, name: str) -> Callable[[], object]:
        def write() -> None:
            for each in Report.objects.unfinished().filter(member__slug=name, member__state="active"):
                reports.submit(each, {}, figures={}, by=self.people[name])

        return write

    def apply(self) -> None:
        now = self.clock.now
        values = {"organisation": "Egret", "contact_name": "Eve", "email": "eve@example.org", "state": "submitted"}
        Application.objects.create(**values, submitted_at=now, email_confirmed_at=now)

    def december(self) -> None:
        Onboarding.objects.update(finished_at=self.clock.now)
        self.move(12, datetime(2027, 12, 14, 17, tzinfo=UTC))

    def meeting(self, month: int) -> Meeting:
        return Meeting.objects.get(planned_at__year=2027, planned_at__month=month)

    def move(self, month: int, to: datetime) -> None:
        meetings.move(self.meeting(month), starts_at=to, reason="a conference", by=self.kim)

    def beat(self) -> None:
        """All that beat starts which writes letters, and a worker; in the morning just the weekly letters."""
        if self.clock.now.hour == 7:
            weekly.write()
            notices.drain()
            return
        if self.clock.now.day == 1:
            tasks.keep_meetings()
            Meeting.objects.filter(facilitator=None).update(facilitator=self.kim)
        tasks.remind()
        routing_tasks.remind()
        notices.drain()


def _nothing() -> None:
    """What people do on most days."""


def test_a_year_of_letters_is_the_one_in_the_table(clock_of_the_year, settings):
    settings.NOTICES_PER_RUN = 500
    year, found = Year(clock_of_the_year), []
    for moment in year.moments():
        year.clock.now, day = moment, f"{moment:%m-%d}"
        if moment.hour == 12:
            year.act(day)
        elif day not in {"08-10", "08-11"}:
            before = len(mail.outbox)
            year.beat()
            new = mail.outbox[before:]
            found += [(day, each) for each in new]
            if new and moment.month in {1, 7, 10}:
                # A second beat and a second worker find nothing left to do; for speed, in three months only.
                year.beat()
                assert len(mail.outbox) == before + len(new)
    wanted, sent = by_hand(), Counter(_as_in_the_table(found))
    assert (sorted((wanted - sent).elements()), sorted((sent - wanted).elements())) == ([], [])
    assert len({each.extra_headers["Message-ID"] for each in mail.outbox}) == len(mail.outbox) == sum(wanted.values())
    assert not Notice.objects.filter(state__in=["waiting", "sending", "failed"]).exists()


@pytest.fixture
def clock_of_the_year(monkeypatch) -> Clock:
    """A clock that goes through a year."""
    clock = Clock()
    monkeypatch.setattr("django.utils.timezone.now", lambda: clock.now)
    # A letter is made as it is for its reader, but a thousand times over its HTML would cost most of the test.
    monkeypatch.setattr("members.services.mail.html", lambda notice: notice.body)
    return clock


def _as_in_the_table(found: list[tuple[str, mail.EmailMultiAlternatives]]) -> Iterator[tuple[str, str, str]]:
    kinds = dict(Notice.objects.values_list("pk", "kind"))
    for day, letter in found:
        number = re.match(r"<notice-(\d+)@", letter.extra_headers["Message-ID"])
        yield day, kinds[int(number[1])], letter.to[0].removesuffix("@example.org")
