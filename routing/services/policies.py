"""The policy: how redirectors choose a hub and check hubs. One row, changed with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.db import transaction

from foundation import reasons
from members.services import edits, history
from routing.models import Policy
from routing.services import publishing

if TYPE_CHECKING:
    from members.models import User


class Stale(edits.EditError):
    """It is another policy than the editor saw."""


@transaction.atomic
def edit(changes: Mapping[str, Any], *, reason: str, by: User | None, seen: str | None = None) -> Policy:
    """Change settings of the policy (by field name); they are published with the hubs.

    `seen` is the fingerprint the editor saw: Stale if it is another by now.
    """
    reason = reasons.checked(reason)
    Policy.objects.get_or_create(pk=1)
    policy = Policy.objects.select_for_update().get(pk=1)
    if seen is not None and policy.fingerprint != seen:
        raise Stale("Somebody changed the policy since you opened it. Nothing was saved.")
    for name, value in changes.items():
        setattr(policy, name, value)
    policy.full_clean(validate_unique=False)
    history.save(policy, by=by, reason=reason, fields=changes)
    publishing.publish_on_commit(reason, by)
    return policy
