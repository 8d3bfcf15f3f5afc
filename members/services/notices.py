"""Notices: say once what is to be told to whom; a beat task sends it, whatever crashes or runs twice.

Queueing writes a row, at most one for each (kind, recipient, occasion). Sending claims it by one conditional update,
sends outside of any transaction and marks it. A process killed after its claim leaves the row claimed; later (CLAIM) it
is taken back and sent again. We chose that side on purpose: an alert may come twice (killed between sending and
marking), it is never lost. A letter's Message-ID stays the same, so mail programs can tell the second copy.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from foundation import texts
from members.models import Channel, Notice
from members.services import channels, mail, obstacles, recipients
from members.services.delivery import Away, Pointless, Refused, Undelivered
from members.services.mail import Postman
from members.services.obstacles import Obstacles
from members.services.recipients import Recipient

logger = structlog.get_logger(__name__)

# After each try that failed it waits this many minutes; after the last one we give up.
BACK_OFF: Final = (1, 5, 15, 60, 240, 480, 960)
TRIES: Final = len(BACK_OFF) + 1
# While nobody carries it, which is not its fault: how often we look again, and when we give up.
LOOK_AGAIN: Final = timedelta(minutes=2)
PATIENCE: Final = timedelta(days=3)
# A claim that is older belongs to a process that was killed. Far longer than the slowest sending takes.
CLAIM: Final = timedelta(minutes=10)
# What may keep letters from their readers is looked up for so many at once.
BATCH: Final = 50
# A run stops then, so that other tasks of the worker are not kept waiting; the next run goes on.
RUN_SECONDS: Final = 20.0

UNDELIVERED: Final = "notice-failed"


def queue(*, kind: str, recipient: str, occasion: str, channel: Channel | None = None, **letter: Any) -> Notice:  # noqa: ANN401
    """Queue one message; what else it is made of: see `_values`.

    Gives the notice of this kind to this recipient about this occasion: queued now, or as it was queued before.
    """
    key = {"kind": kind, "recipient": recipient, "occasion": occasion}
    return Notice.objects.get_or_create(**key, defaults={"channel": channel, **_values(**letter)})[0]


def tell(whom: Iterable[Recipient], *, kind: str, occasion: str, **letter: Any) -> QuerySet[Notice]:  # noqa: ANN401
    """Queue the same for several, however many: three queries for each thousand, one if all were told before.

    As `queue`, once for each; gives all of this kind about this occasion.
    """
    about = Notice.objects.filter(kind=kind, occasion=occasion)
    before = set(about.values_list("recipient", flat=True))
    # In one order, so that two who queue the same at once never wait for each other.
    new = sorted((each for each in whom if each.address not in before), key=lambda each: each.address)
    rows = [
        Notice(
            kind=kind,
            recipient=each.address,
            occasion=occasion,
            channel=each.channel,
            **_values(**{**letter, "why": each.why, "standing": each.standing}),
        )
        for each in new
    ]
    Notice.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)
    return about


def _values(
    *,
    subject: str,
    body: str,
    why: str = "",
    standing: str = "",
    due_at: datetime | None = None,
    useful_until: datetime | None = None,
    link: tuple[str, str] | None = None,
    calendar: tuple[str, str] | None = None,
) -> dict[str, Any]:
    """What a letter is made of. `link` is what it wants to be done: words and address of its button; `calendar` an
    iCalendar object and its method; `standing` what its reader must still be when it goes out.
    """
    return {
        "subject": _line(subject, 200),
        "body": texts.clean(body),
        "why": _line(why, 300),
        "standing": standing,
        "due_at": due_at or timezone.now(),
        "useful_until": useful_until,
        **dict(zip(("link_text", "link"), link or ("", ""), strict=True)),
        **dict(zip(("calendar", "calendar_method"), calendar or ("", ""), strict=True)),
    }


def drain(limit: int | None = None, *, now: datetime | None = None) -> int:
    """Send what is due, at most `limit` of it; how many were sent. Any number of processes may do this at once."""
    moment = now or timezone.now()
    _take_back(moment)
    _drop_what_is_past(moment)
    due = list(Notice.objects.due(moment)[: limit or settings.NOTICES_PER_RUN])
    ends, sent = time.monotonic() + RUN_SECONDS, 0
    with Postman() as postman:
        for number, notice in enumerate(due):
            if number % BATCH == 0:
                ahead = obstacles.before(due[number : number + BATCH])
            if time.monotonic() > ends:
                break
            if _claim(notice, now or timezone.now()):
                sent += _carry(notice, postman, ahead, now)
    return sent


def send_again(notices: Iterable[Notice]) -> int:
    """Let those that failed be tried afresh, at once; how many there were."""
    failed = Notice.objects.filter(pk__in=[each.pk for each in notices], state=Notice.State.FAILED)
    return failed.update(state=Notice.State.WAITING, due_at=timezone.now(), tries=0, useful_until=None)


def drop(notices: Iterable[Notice], *, why: str) -> int:
    """Let those that wait not be sent; how many there were."""
    waiting = Notice.objects.waiting().filter(pk__in=[each.pk for each in notices])
    return waiting.update(state=Notice.State.DROPPED, error=_line(why, 500))


def _take_back(now: datetime) -> None:
    """Free the claims of processes that were killed. What kills its process every time is given up like any other."""
    stuck = Notice.objects.filter(state=Notice.State.SENDING, claimed_at__lt=now - CLAIM)
    said = "The process that was sending it was killed; it may have been sent."
    hopeless = list(stuck.filter(tries__gte=TRIES))
    for notice in hopeless:
        _give_up(notice, said, now)
    if stuck.update(state=Notice.State.WAITING, error=said):
        logger.warning("notices_taken_back")


def _drop_what_is_past(now: datetime) -> None:
    late = Notice.objects.waiting().filter(useful_until__lt=now)
    late.update(state=Notice.State.DROPPED, error="It could not be sent in time, and was of no use any more.")


def _claim(notice: Notice, now: datetime) -> bool:
    """Whether it is ours to send: of all who try, exactly one gets it, and it is as they have read it."""
    claimed = {"state": Notice.State.SENDING, "claimed_at": now, "tries": notice.tries + 1}
    unclaimed = Notice.objects.waiting().filter(pk=notice.pk, tries=notice.tries, due_at=notice.due_at)
    if not unclaimed.update(**claimed):
        return False
    for name, value in claimed.items():
        setattr(notice, name, value)
    return True


def _carry(notice: Notice, postman: Postman, ahead: Obstacles, now: datetime | None) -> bool:
    try:
        if notice.is_for_a_channel:
            _send_through(notice)
        elif (obstacle := ahead.of(notice)) is not None:
            _settle(notice, state=obstacle[0], error=obstacle[1])
            return False
        else:
            postman.carry(notice)
    except Undelivered as error:
        _note_failure(notice, error, now or timezone.now())
        return False
    _settle(notice, state=Notice.State.SENT, sent_at=now or timezone.now(), error="")
    logger.info("notice_sent", kind=notice.kind, notice=notice.pk)
    return True


def _send_through(notice: Notice) -> None:
    channel = Channel.objects.filter(notices=notice).first()
    if channel is None:
        raise Pointless("Its channel was removed.")
    if not channel.enabled:
        raise Pointless("Its channel was switched off.")
    channels.send(channel.address, notice.subject, mail.message(notice))


def _note_failure(notice: Notice, error: Undelivered, now: datetime) -> None:
    logger.warning("notice_not_sent", kind=notice.kind, notice=notice.pk, tries=notice.tries, reason=str(error))
    said = str(error)
    if isinstance(error, Pointless):
        _settle(notice, state=Notice.State.DROPPED, error=said)
    elif isinstance(error, Away) and now - notice.created_at < PATIENCE:
        _settle(notice, state=Notice.State.WAITING, error=said, due_at=now + LOOK_AGAIN, tries=notice.tries - 1)
    elif isinstance(error, (Away, Refused)) or notice.tries >= TRIES:
        _give_up(notice, said, now)
    else:
        pause = timedelta(minutes=BACK_OFF[notice.tries - 1])
        _settle(notice, state=Notice.State.WAITING, error=said, due_at=now + pause)


def _settle(notice: Notice, **values: object) -> None:
    """Write what became of our claim, unless it was taken back meanwhile."""
    if "error" in values:
        values["error"] = _line(str(values["error"]), 500)
    ours = Notice.objects.filter(pk=notice.pk, state=Notice.State.SENDING, claimed_at=notice.claimed_at)
    ours.update(**values)


def _give_up(notice: Notice, said: str, now: datetime) -> None:
    """Let it be failed, and tell the maintainers: at most once an hour, and never of such a message itself."""
    _settle(notice, state=Notice.State.FAILED, error=said)
    if notice.kind == UNDELIVERED:
        return
    others = [each for each in recipients.maintainers() if each.address != notice.recipient]
    tell(
        others,
        kind=UNDELIVERED,
        occasion=f"{now:%Y-%m-%d %H}",
        subject="A message of the portal could not be delivered",
        body=(
            f"“{notice.subject}” was not delivered to {_name(notice)}.\n\n{said}\n\n"
            "It will not be tried again by itself. The outbox has it, with all others that failed in this hour; "
            f"there it can be sent again:\n{settings.PORTAL_URL}/admin/members/notice/?state__exact=failed"
        ),
        due_at=now,
        useful_until=now + PATIENCE,
    )


def _name(notice: Notice) -> str:
    return f"the channel “{notice.channel}”" if notice.channel else notice.recipient


def _line(text: str, most: int) -> str:
    """One line, without what a header may not hold, and short enough to be kept."""
    text = texts.line(text)
    return text if len(text) <= most else text[: most - 1] + "…"
