"""Keep history small: samples become hours, what is older than a week is left to its hour, and usage to its days."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.utils import timezone

from routing.models import HealthSample, LaunchMinute, UsageHour, UsageMinute, UsageSource

KEPT: Final = timedelta(days=7)
AT_ONCE: Final = 20_000
USAGE_MINUTES: Final = timedelta(hours=48)
USAGE_HOURS: Final = timedelta(days=90)
USAGE_SOURCES: Final = timedelta(days=365)
# Of a day that is over, and over long enough that redirectors have handed over all they counted.
SETTLED: Final = timedelta(days=1)
REPOSITORIES: Final = 200

KEEP_TOP: Final = """
DELETE FROM routing_usagerepository each USING (
    SELECT day, repository, row_number() OVER (PARTITION BY day ORDER BY sum(launches) DESC, repository) AS place
      FROM routing_usagerepository
     WHERE day IN (SELECT day FROM routing_usagerepository WHERE day < %s GROUP BY day
                   HAVING count(DISTINCT repository) > %s)
     GROUP BY day, repository) top
 WHERE top.place > %s AND each.day = top.day AND each.repository = top.repository
"""

ROLL_UP: Final = """
INSERT INTO routing_healthhour
       (hub_id, hour, samples, good, answer_seconds_mean, answer_seconds_max, pods_max, user_pods_mean,
        quota_min)
SELECT hub_id, date_trunc('hour', at, 'UTC'), count(*), count(*) FILTER (WHERE evidence = 'good'),
       avg(answer_seconds), max(answer_seconds), max(coalesce(user_pods, 0) + coalesce(build_pods, 0)),
       avg(user_pods), min(quota)
  FROM routing_healthsample
 WHERE at >= %s AND at < %s
 GROUP BY 1, 2
    ON CONFLICT (hub_id, hour) DO UPDATE
   SET samples = excluded.samples, good = excluded.good, answer_seconds_mean = excluded.answer_seconds_mean,
       answer_seconds_max = excluded.answer_seconds_max, pods_max = excluded.pods_max,
       user_pods_mean = excluded.user_pods_mean, quota_min = excluded.quota_min
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


def forget_usage(now: datetime | None = None) -> int:
    """Delete the minutes, hours and rare repositories that are kept no longer; how many rows."""
    now = now or timezone.now()
    deleted = UsageMinute.objects.filter(at__lt=now - USAGE_MINUTES).delete()[0]
    deleted += UsageHour.objects.filter(at__lt=now - USAGE_HOURS).delete()[0]
    deleted += UsageSource.objects.filter(seen_at__lt=now - USAGE_SOURCES).delete()[0]
    with connection.cursor() as cursor:
        cursor.execute(KEEP_TOP, [(now - SETTLED).date(), REPOSITORIES, REPOSITORIES])
        return deleted + int(cursor.rowcount)
