"""Keep history small: samples become hours, and what is older than a week is left to its hour."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.utils import timezone

from routing.models import HealthSample, LaunchMinute

KEPT: Final = timedelta(days=7)
AT_ONCE: Final = 20_000

ROLL_UP: Final = """
INSERT INTO routing_healthhour
       (hub_id, hour, samples, good, answer_seconds_mean, answer_seconds_max, pods_max, quota_min)
SELECT hub_id, date_trunc('hour', at, 'UTC'), count(*), count(*) FILTER (WHERE evidence = 'good'),
       avg(answer_seconds), max(answer_seconds), max(coalesce(user_pods, 0) + coalesce(build_pods, 0)), min(quota)
  FROM routing_healthsample
 WHERE at >= %s AND at < %s
 GROUP BY 1, 2
    ON CONFLICT (hub_id, hour) DO UPDATE
   SET samples = excluded.samples, good = excluded.good, answer_seconds_mean = excluded.answer_seconds_mean,
       answer_seconds_max = excluded.answer_seconds_max, pods_max = excluded.pods_max, quota_min = excluded.quota_min
"""


def roll_up(now: datetime | None = None, *, hours: int = 48) -> int:
    """Write the finished hours of the last days anew from their samples; how many. Safe to run twice, or late."""
    end = (now or timezone.now()).replace(minute=0, second=0, microsecond=0)
    # Never hours whose samples were deleted in part.
    start = max(end - timedelta(hours=hours), end - KEPT + timedelta(hours=1))
    with connection.cursor() as cursor:
        cursor.execute(ROLL_UP, [start, end])
        return int(cursor.rowcount)


def forget(now: datetime | None = None) -> int:
    """Delete samples and minutes that are older than a week, in pieces that hold no lock for long; how many."""
    before = (now or timezone.now()) - KEPT
    deleted = 0
    while True:
        oldest = HealthSample.objects.filter(at__lt=before).order_by("pk").values("pk")[:AT_ONCE]
        gone, _ = HealthSample.objects.filter(pk__in=oldest).delete()
        deleted += gone
        if gone < AT_ONCE:
            break
    return deleted + LaunchMinute.objects.filter(minute__lt=before).delete()[0]
