"""What the portal knows of the person who is logged in: to take along, or to be forgotten."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from members.models import User
from members.services import people
from members.views.own import who


@never_cache
@login_required
@require_safe
def data(request: HttpRequest) -> HttpResponse:
    """What can be done."""
    return render(request, "my/data.html", {"found": people.export(who(request))})


@never_cache
@login_required
@require_safe
def export(request: HttpRequest) -> HttpResponse:
    """All of it, as a file."""
    headers = {"Content-Disposition": 'attachment; filename="my-data.json"'}
    return JsonResponse(people.export(who(request)), headers=headers, json_dumps_params={"indent": 2})


@never_cache
@login_required
@require_POST
def erase(request: HttpRequest) -> HttpResponse:
    """Forget the person, who typed the own e-mail address to show that it is meant."""
    user = User.objects.get(pk=who(request).pk)
    if request.POST.get("email", "").strip().lower() != (user.email or user.username).lower():
        messages.error(request, "Nothing was erased: type your own e-mail address to show that you mean it.")
        return redirect("my-data")
    try:
        people.erase(user)
    except people.PeopleError as error:
        messages.error(request, f"Nothing was erased. {error}")
        return redirect("my-data")
    logout(request)
    messages.success(request, "You were erased. Thank you for all that you did here, whoever you were.")
    return redirect("home")
