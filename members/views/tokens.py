"""A person's tokens for the API, and those of the members they manage."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from members.models import Token
from members.services import tokens
from members.token_forms import TokenForm
from members.views.own import who

USES = 50


@login_required
@never_cache
def listing(request: HttpRequest) -> HttpResponse:
    """All of them, and the form for a new one, whose secret is shown here once."""
    by, new = who(request), None
    form = TokenForm(request.POST or None, user=by)
    if request.method == "POST" and form.is_valid():
        new = form.issue(by)
        if new is not None:
            form = TokenForm(user=by)
    now = timezone.now()
    rows = [(each, each.standing(now)) for each in tokens.of(by)]
    return render(request, "tokens/tokens.html", {"rows": rows, "form": form, "new": new})


@login_required
@never_cache
@require_safe
def token(request: HttpRequest, pk: int) -> HttpResponse:
    """One of them, and what was written with it."""
    row = _find(request, pk)
    context = {"token": row, "standing": row.standing(timezone.now()), "uses": row.uses.all()[:USES]}
    return render(request, "tokens/token.html", context)


@login_required
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """End one at once."""
    row = _find(request, pk)
    try:
        tokens.revoke(row, by=who(request))
    except tokens.TokensError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{row.name} is revoked: it opens nothing any more.")
    return redirect("tokens")


def _find(request: HttpRequest, pk: int) -> Token:
    return get_object_or_404(tokens.of(who(request)), pk=pk)
