"""An application that is being talked about, so that the queue and the review have something to show. All invented."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.utils import timezone

from members.models import Application, ApplicationMessage, Evidence, Responsibility, User

FINDINGS: Final = (
    ("Name in DNS", True, "leads to 192.0.2.44"),
    ("Certificate", True, "good for 61 more days"),
    ("Health", True, "every check is good: Docker registry, JupyterHub API, Pod quota; 7 pods, a quota of 90"),
    ("Versions", True, "binderhub 0.2.0+2190.g51a8ef1, builder quay.io/jupyterhub/repo2docker:2024.03.0"),
    ("Same versions as the federation", False, "other than binderhub 0.2.0+2227.gb9fad995"),
    ("Readable from other pages (CORS)", True, "yes, from everywhere"),
)
THREAD: Final = (
    (False, 3, "Thank you for this! Two questions:\n\n- Who looks after the hub when **both of you** are at sea?\n"
     "- Could you bring BinderHub up to the version that the others run?"),
    (True, 2, "The harbour's computing desk has the keys and reads the chat. The upgrade is planned for Thursday."),
)  # fmt: skip


def add(reviewer: User) -> Application:
    """One in review, with what the portal saw at its hub, a question and an answer."""
    now = timezone.now()
    application = Application.objects.create(
        state=Application.State.REVIEW,
        reviewer=reviewer,
        organisation="Brackwater Marine Station",
        website="https://brackwater.example",
        summary="We count seabirds, and teach counting them with notebooks.",
        motivation="Our summer school ran on Binder for six years. In winter our cluster has little to do.",
        contact_name="Ines Tern",
        email="ines@brackwater.example",
        chat="Zulip: Ines Tern",
        mode="member",
        cpu_cores=96,
        memory_gib=384,
        concurrent_users=90,
        provider="Our own machine room, beside the slipway",
        regions=["Brackwater"],
        starts=(now + timedelta(days=20)).date(),
        hours_per_month=6,
        time_zone="Europe/Dublin",
        experience="Two of us have run a JupyterHub for the school since 2019.",
        hub_url="https://binder.brackwater.example",
        accepted=Responsibility.values,
        email_confirmed_at=now - timedelta(days=5),
        submitted_at=now - timedelta(days=5),
    )
    found = [{"name": name, "ok": ok, "said": said} for name, ok, said in FINDINGS]
    at = now - timedelta(days=4, hours=23)
    Evidence.objects.create(application=application, asked_at=at, claimed_at=at, finished_at=at, findings=found)
    for theirs, days, text in THREAD:
        ApplicationMessage.objects.create(
            application=application,
            at=now - timedelta(days=days),
            from_applicant=theirs,
            by=None if theirs else reviewer,
            text=text,
        )
    return application
