"""Tables of what is not public: each as far as whoever asks for it may see it. For whom the portal knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.db.models import Model

from members.models import Report
from members.services import visibility
from members.services.visibility import Viewer
from routing.services.exports.tables import table

CONTACTS: Final = (
    *("member", "name", "roles", "email", "chat", "phone", "time_zone"),
    *("position", "checked_at", "visibility", "email_confirmed_at"),
)
OFFERS: Final = (
    *("member", "title", "state", "grantor", "provider", "cpu_cores", "memory_gib", "concurrent_users", "regions"),
    *("starts", "ends", "amount", "currency", "billing_account", "restrictions"),
)
REPORTS: Final = ("member", "month", "state", "due_on", "submitted_at", *Report.RECORD)


@dataclass(frozen=True)
class PrivateTable:
    """One table: what it is for, and how it is written for somebody."""

    name: str
    title: str
    purpose: str
    write: Callable[[Viewer], str]


def contacts(who: Viewer) -> str:
    """Every contact that they see, with the fields that they see of it."""
    rows = visibility.contacts(who).select_related("member").order_by("member__slug", "position", "id")
    return _seen(who, CONTACTS, rows)


def offers(who: Viewer) -> str:
    """Every offer that they see."""
    return _seen(who, OFFERS, visibility.offers(who).select_related("member").order_by("member__slug", "id"))


def reports(who: Viewer) -> str:
    """The monthly reports of their members; of all, for maintainers."""
    rows = Report.objects.select_related("member").order_by("month", "member__slug")
    rows = rows if who.maintainer else rows.filter(member__in=who.roles)
    told = ({name: getattr(row, name) for name in REPORTS if name != "month"} | {"month": row.period} for row in rows)
    return table(REPORTS, ([_cell(each[name]) for name in REPORTS] for each in told))


PRIVATE: Final = {
    each.name: each
    for each in (
        PrivateTable("contacts", "Contacts", "Whom to call, as far as you may see them.", contacts),
        PrivateTable("offers", "Offers of compute", "What members give, as far as you may see it.", offers),
        PrivateTable("reports", "Members' reports", "The monthly reports of your members.", reports),
    )
}


def _seen(who: Viewer, names: Sequence[str], rows: Iterable[Model]) -> str:
    shown = (visibility.shown(who, row) for row in rows)
    return table(names, ([_cell(each.get(name)) for name in names] for each in shown))


def _cell(value: Any) -> str:  # noqa: ANN401
    if value is None:
        return ""
    if isinstance(value, list):
        return " ".join(map(str, value))
    return value.isoformat() if isinstance(value, (date, datetime)) else str(getattr(value, "slug", value))
