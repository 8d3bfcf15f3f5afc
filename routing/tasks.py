"""What Celery runs for routing. Each task is one service call and safe to run twice."""

from celery import shared_task

from members.services import replays, tokens
from members.services.turns import turn
from routing.services import (
    agenda,
    alerts,
    checks,
    downtimes,
    evidence,
    incident_drafts,
    launches,
    onboarding,
    promises,
    publishing,
    ramps,
    reminders,
    retention,
    timed_changes,
    usage_intake,
    webhook_delivery,
    webhooks,
)
from routing.services.drift import sources as drift_sources

LAUNCHING = "test-launches"
# Beat starts the next round when this one is about to end.
ROUND_SECONDS = 15.0


@shared_task
def publish() -> None:
    """Publish and push what a lost commit hook left behind."""
    publishing.sweep()


@shared_task
def keep_downtimes() -> None:
    """Let what begins or ends at this second take effect."""
    downtimes.keep()


@shared_task
def move_weights() -> None:
    """Let timed changes of weights return, and ramps go on, hold or go back."""
    timed_changes.return_due()
    ramps.look_at_all()


@shared_task
def draft_incidents() -> None:
    """Draft an incident of what is out for long, for a maintainer to accept or discard."""
    incident_drafts.draft_for_outages()


@shared_task
def queue_alerts() -> None:
    """Tell maintainers what went wrong, and what is well again."""
    alerts.queue_alerts()


# A round that a dead worker did not finish is over: the next one is due, not that one again.
@shared_task(acks_late=False)
def check_hubs() -> None:
    """One round of checks of all hubs."""
    checks.run_round(ROUND_SECONDS)


@shared_task
def read_launches() -> None:
    """Read every hub's own count of its launches."""
    launches.read_counters()


# A launch may take minutes; one that a dead worker did not finish is not made again.
@shared_task(acks_late=False, time_limit=400)
def test_launches() -> None:
    """Launch something at each hub that asks for it."""
    with turn(LAUNCHING, 400.0) as mine:
        if mine:
            launches.test_hubs()


# It may end with a test launch. Those take their turns, or strangers could keep every process of the workers.
@shared_task(acks_late=False, time_limit=400)
def gather_evidence() -> None:
    """Look at the hub of the applicant who waits longest."""
    with turn(LAUNCHING, 400.0) as mine:
        if mine:
            evidence.gather_next()


@shared_task
def look_at_onboardings() -> None:
    """Tick what is done by now."""
    onboarding.look()


@shared_task(time_limit=600)
def tidy_history() -> None:
    """Roll samples up into hours, and let old ones go."""
    retention.roll_up()
    retention.forget()
    retention.forget_usage()
    drift_sources.forget()
    webhooks.forget()
    replays.tidy()
    tokens.tidy()


@shared_task
def fill_agendas() -> None:
    """Put on the agendas of the next meetings what the portal knows of."""
    agenda.fill_due()


@shared_task
def remind() -> None:
    """Queue the reminders about hubs that are due."""
    reminders.remind()


@shared_task
def take_in_usage() -> None:
    """Take in what redirectors hand over, and note what was promised meanwhile."""
    promises.note()
    usage_intake.take_in()


@shared_task
def look_at_lists() -> None:
    """Look at the lists that others keep of our hubs, each once a day."""
    drift_sources.look_at_due()


@shared_task(time_limit=150)
def tell_webhooks() -> None:
    """Queue what happened for each webhook, and send what is due. One worker process at a time."""
    with turn("webhooks", 60.0) as mine:
        if mine:
            webhooks.queue()
            webhook_delivery.drain()
