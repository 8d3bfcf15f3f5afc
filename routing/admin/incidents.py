"""Incidents in the office: drafts to decide on, what is open, what was; everything that was said, as a thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from members.admin.records import HistoryAdmin
from routing.admin import pages
from routing.downtime_forms import AcceptForm, IncidentForm, ReopenForm, UpdateForm
from routing.models import Hub, Incident
from routing.services import factors, incidents

SHAPES: Final = {"draft": "◐", "open": "▲", "resolved": "●", "discarded": "✕"}


class StandingFilter(admin.SimpleListFilter):
    """Where they are in their life."""

    title = "state"
    parameter_name = "is"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ANN401
        """Draft, open, resolved, discarded."""
        return [(name, name) for name in SHAPES]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:  # noqa: ANN401
        """Those of the chosen one."""
        over = {"draft": True, "open": True, "resolved": False, "discarded": False}.get(self.value() or "")
        if over is None:
            return queryset
        return queryset.filter(draft=self.value() in {"draft", "discarded"}, resolved_at__isnull=over)


@admin.register(Incident)
class IncidentAdmin(HistoryAdmin):
    """Incidents are opened, told and resolved here, and drafts decided on; nothing is deleted, nothing unsaid."""

    list_display = ("shown_title", "shown_standing", "shown_hubs", "shown_opened", "shown_end")
    list_display_links = ("shown_title",)
    list_filter = (StandingFilter, "hubs")
    list_filter_submit = True
    list_per_page = 50
    search_fields = ("title", "updates__text")
    actions = None

    def get_urls(self) -> list[URLPattern]:
        """Django's addresses, and one for each thing that is sent from the page of one."""
        verbs = {
            "update": self.update_view,
            "reopen": self.reopen_view,
            "accept": self.accept_view,
            "discard": self.discard_view,
        }
        own = [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(view), name=f"routing_incident_{name}")
            for name, view in verbs.items()
        ]
        return [*own, *super().get_urls()]

    def has_delete_permission(self, request: HttpRequest, obj: Incident | None = None) -> bool:
        """Nobody: it was told."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Incident]:
        """Incidents with their hubs."""
        hubs = Prefetch("hubs", Hub.objects.select_related("health").order_by("name"))
        return super().get_queryset(request).select_related("by").prefetch_related(hubs)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Tell everybody that something is wrong."""
        pages.require(request, "routing.add_incident")
        form = IncidentForm(request.POST or None)
        ask = pages.Confirmation(
            title="Open an incident",
            form=form,
            yes="Publish it",
            back=pages.changelist("incident"),
            sentences=("Everybody sees it at once: on the status page, in the feed, in the API.",),
        )
        if not form.is_valid():
            return ask.ask(self, request)
        values = form.cleaned_data
        try:
            incident = incidents.open_incident(
                values["title"], values["hubs"], values["text"], phase=values["phase"], by=pages.who(request)
            )
        except incidents.IncidentsError as error:
            form.add_error(None, str(error))
            return ask.ask(self, request)
        self.log_addition(request, incident, "Opened")
        messages.success(request, "Everybody can read it now.")
        return redirect(_page(incident))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """One incident: how its hubs are now, everything that was said, and what can be done."""
        pages.require(request, "routing.view_incident")
        return self._page(request, self._found(request, pages.number(object_id)))

    def update_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Say what is new."""

        def verb(incident: Incident, values: dict[str, Any]) -> str:
            incidents.update(incident, values["phase"], values["text"], by=pages.who(request))
            return "It is resolved." if values["phase"] == "resolved" else "Everybody can read it now."

        return self._sent(request, pk, UpdateForm, verb)

    def reopen_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Say that it is not over."""

        def verb(incident: Incident, values: dict[str, Any]) -> str:
            incidents.reopen(incident, values["text"], by=pages.who(request))
            return "It is open again."

        return self._sent(request, pk, ReopenForm, verb)

    def accept_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Publish a draft."""

        def verb(incident: Incident, values: dict[str, Any]) -> str:
            incidents.accept(incident, title=values["title"], by=pages.who(request))
            return "It is published: everybody can read it now."

        return self._sent(request, pk, AcceptForm, verb)

    def discard_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Leave a draft unpublished."""

        def verb(incident: Incident, values: dict[str, Any]) -> str:
            incidents.discard(incident, by=pages.who(request))
            return "The draft is discarded. This outage is not drafted again."

        return self._sent(request, pk, forms.Form, verb)

    def _sent(
        self,
        request: HttpRequest,
        pk: int,
        kind: type[forms.Form],
        verb: Callable[[Incident, dict[str, Any]], str],
    ) -> HttpResponse:
        pages.require(request, "routing.change_incident")
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        incident, form = self._found(request, pk), kind(request.POST)
        if not form.is_valid():
            return self._page(request, incident, form)
        try:
            done = verb(incident, form.cleaned_data)
        except incidents.Settled as error:
            messages.error(request, f"Nothing was changed. {error}")
        except incidents.IncidentsError as error:
            form.add_error(None, str(error))
            return self._page(request, incident, form)
        else:
            self.log_change(request, incident, done)
            messages.success(request, done)
        return redirect(_page(incident))

    def _found(self, request: HttpRequest, pk: int) -> Incident:
        return get_object_or_404(self.get_queryset(request).prefetch_related("updates__by"), pk=pk)

    def _page(self, request: HttpRequest, incident: Incident, sent: forms.Form | None = None) -> HttpResponse:
        updates = list(incident.updates.all())
        context = {
            "incident": incident,
            "standing": incident.standing,
            "shape": SHAPES[incident.standing],
            "hubs": [(hub, factors.health_of(hub)) for hub in incident.hubs.all()],
            "updates": updates,
            "sent": sent,
            "may_change": self.has_change_permission(request, incident),
            "update_form": _form(UpdateForm, sent, phase=updates[0].phase if updates else "investigating"),
            "reopen_form": _form(ReopenForm, sent),
            "accept_form": _form(AcceptForm, sent, title=incident.title),
        }
        return pages.page(self, request, "admin/routing/incident.html", incident.title, context)

    @display(description="Incident", ordering="title")
    def shown_title(self, incident: Incident) -> str:
        """What visitors notice."""
        return incident.title

    @display(description="State")
    def shown_standing(self, incident: Incident) -> SafeString:
        """A shape and a word."""
        return format_html(
            '<span class="office-state office-{0}"><span aria-hidden="true">{1}</span> {0}</span>',
            incident.standing,
            SHAPES[incident.standing],
        )

    @display(description="Hubs")
    def shown_hubs(self, incident: Incident) -> str:
        """Their names."""
        return ", ".join(hub.name for hub in incident.hubs.all()) or "none"

    @display(description="Began", ordering="opened_at")
    def shown_opened(self, incident: Incident) -> SafeString:
        """When."""
        return pages.moment(incident.opened_at)

    @display(description="Ended", ordering="resolved_at")
    def shown_end(self, incident: Incident) -> SafeString | str:
        """When it was resolved; a draft that was discarded has no end to tell."""
        return pages.moment(incident.resolved_at) if incident.resolved_at and not incident.draft else "–"


def _form(kind: type[forms.Form], sent: forms.Form | None, **initial: object) -> forms.Form:
    """The form as it was sent, or a fresh one."""
    return sent if type(sent) is kind else kind(initial=initial)


def _page(incident: Incident) -> str:
    return reverse("admin:routing_incident_change", args=[incident.pk])
