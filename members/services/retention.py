"""What is not needed any more is forgotten: letters after a while, and who a removed contact was."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from members.models import Contact, Notice
from members.services import guest_data, people


def forget(now: datetime | None = None) -> None:
    """Forget what is past its time. Run it any day, any number of times."""
    now = now or timezone.now()
    settled = Notice.objects.exclude(state__in=[Notice.State.WAITING, Notice.State.SENDING])
    settled.filter(created_at__lt=now - timedelta(days=settings.KEEP_LETTERS_DAYS)).delete()
    guest_data.forget_old(now - timedelta(days=settings.KEEP_LETTERS_DAYS))
    before = now - timedelta(days=settings.KEEP_REMOVED_CONTACTS_DAYS)
    removed = Contact.history.filter(history_type="-", history_date__lt=before).exclude(name=people.ERASED)
    people.forget_contacts(list(removed.values_list("id", flat=True)))
