"""The Celery application: workers run the tasks of routing and members, beat sends them on time."""

import os
from typing import Any

from celery import Celery
from celery.signals import after_task_publish, beat_init, heartbeat_sent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "federation.settings")

app = Celery("federation")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


# Beat and the workers show that they live, for the office's page about the portal itself. Both signals come from the
# processes' main loops every few seconds, also while all tasks hang.
@heartbeat_sent.connect
def worker_lives(**_kwargs: Any) -> None:  # noqa: ANN401
    """A worker's own heartbeat."""
    from routing.services import pulses

    pulses.show(pulses.WORKER)


@beat_init.connect
def begin_to_show_beat(**_kwargs: Any) -> None:  # noqa: ANN401
    """In beat each task that is sent shows that it lives."""
    after_task_publish.connect(beat_lives, weak=False)


def beat_lives(**_kwargs: Any) -> None:  # noqa: ANN401
    """Beat has sent a task."""
    from routing.services import pulses

    pulses.show(pulses.BEAT)
