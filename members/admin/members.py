"""Members in the office: who takes part, how far they are, whether they can be reached."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin
from django.db.models import Count, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from members.admin.contacts import say_asked
from members.admin.records import RecordForm, TableAdmin
from members.admin.tables import MemberResource
from members.admin.writing import day, moment
from members.models import ComputeOffer, Contact, Member
from members.services import contacts, records, reminders

SHAPES: Final = {
    Member.State.APPLICANT: "◐",
    Member.State.ONBOARDING: "◐",
    Member.State.ACTIVE: "●",
    Member.State.PAUSED: "○",
    Member.State.PAST: "✕",
}


@admin.register(Member)
class MemberAdmin(TableAdmin):
    """The organisations. Their state has its own steps, each with a reason; here it is only shown."""

    form = RecordForm
    actions = ["check_in"]
    resource_classes = [MemberResource]
    list_display = ("name", "shown_state", "mode", "shown_hubs", "shown_contacts", "shown_offers", "since")
    list_filter = ("state", "mode")
    search_fields = ("name", "slug", "summary", "funded_by", "run_by", "contacts__name", "contacts__email")
    ordering = ("name",)
    readonly_fields = ("shown_state", "shown_own", "shown_changes")
    fieldsets = (
        (None, {"fields": ("name", "slug", "mode", "website", "summary", "story")}),
        ("Who pays, who runs it", {"fields": (("funded_by", "funded_by_url"), ("run_by", "run_by_url"))}),
        ("Time", {"fields": ("time_zone", ("since", "until"), "thanks")}),
        ("How far it is", {"fields": ("shown_state", "shown_own", "shown_changes")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Member]:
        """Members with what the list says of each."""
        checked = Contact.objects.filter(member=OuterRef("pk")).order_by().values("member")
        ends = ComputeOffer.objects.filter(member=OuterRef("pk"), state="active").order_by("ends").values("ends")
        return (
            super()
            .get_queryset(request)
            .annotate(
                number_of_hubs=Count("hubs", distinct=True),
                checked=Subquery(checked.annotate(last=Max(Coalesce("checked_at", "created_at"))).values("last")),
                first_end=Subquery(ends[:1]),
            )
        )

    def get_prepopulated_fields(self, request: HttpRequest, obj: Member | None = None) -> Any:  # noqa: ANN401
        """A new one's slug follows its name."""
        return {} if obj else {"slug": ("name",)}

    def get_readonly_fields(self, request: HttpRequest, obj: Member | None = None) -> Any:  # noqa: ANN401
        """The slug is in addresses that others keep."""
        return (*self.readonly_fields, "slug") if obj else self.readonly_fields

    def save_model(self, request: HttpRequest, obj: Member, form: Any, change: bool) -> None:  # noqa: ANN401
        """By the same service as the member's own pages."""
        if change:
            records.edit(obj, form.record(), by=request.user, seen=form.cleaned_data["seen"] or None)  # type: ignore[arg-type]
        else:
            records.add(obj, by=request.user)  # type: ignore[arg-type]

    @action(description="Ask their contacts now whether they are still right", permissions=["change"])
    def check_in(self, request: HttpRequest, chosen: QuerySet[Member]) -> None:
        """All contacts of these members."""
        asked = Contact.objects.filter(member__in=chosen.values("pk")).select_related("member")
        say_asked(request, reminders.check_in_now(asked, by=request.user))  # type: ignore[arg-type]

    def view_on_site(self, obj: Member) -> str:
        """Its public page."""
        return reverse("member", args=[obj.slug])

    @display(description="State", ordering="state")
    def shown_state(self, member: Member) -> SafeString:
        """A shape and a word."""
        return format_html(
            '<span class="office-state office-{}"><span aria-hidden="true">{}</span> {}</span>',
            member.state,
            SHAPES[Member.State(member.state)],
            member.get_state_display(),
        )

    @display(description="Hubs", ordering="number_of_hubs")
    def shown_hubs(self, member: Member) -> int:
        """How many hubs it gives."""
        return member.number_of_hubs  # type: ignore[attr-defined]

    @display(description="Contacts checked", ordering="checked")
    def shown_contacts(self, member: Member) -> SafeString | str:
        """When somebody last said that they are right."""
        checked = member.checked  # type: ignore[attr-defined]
        if checked is None:
            return "no contact"
        stale = timezone.now() - checked >= contacts.FRESH
        return format_html(
            "{}{}", format_html('<span aria-hidden="true">{}</span> ', "◐") if stale else "", day(checked)
        )

    @display(description="Offer ends", ordering="first_end")
    def shown_offers(self, member: Member) -> SafeString | str:
        """The next of its running offers to end."""
        end = member.first_end  # type: ignore[attr-defined]
        return day(end) if end else "–"

    @display(description="To change it")
    def shown_own(self, member: Member) -> SafeString:
        """The way to the member's own pages, which maintainers may use as its people do."""
        link = reverse("my-member", args=[member.slug]) if member.pk else ""
        html = '<a class="office-link" href="{}">Its own pages: state, people, hubs, logo</a>'
        return format_html(html, link) if link else SafeString("once it is saved")

    @display(description="Steps")
    def shown_changes(self, member: Member) -> SafeString:
        """Every step so far, the newest first."""
        return format_html_join(
            "",
            "<p>{} {}: {}{}</p>",
            (
                (moment(each.at), each.get_to_state_display(), each.reason, f" ({each.by})" if each.by else "")
                for each in member.changes.select_related("by")
            ),
        )
