"""What Celery runs for routing. Each task is one service call and safe to run twice."""

from celery import shared_task

from routing.services import publishing


@shared_task
def publish() -> None:
    """Publish and push what a lost commit hook left behind."""
    publishing.sweep()
