"""Logos: one uploads them, everybody sees them."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from foundation import pictures
from members.models import Logo, Member, Role
from members.row_forms import LogoForm
from members.services import logos
from members.views.own import for_member, who

# Its address holds its digest: what is there never changes.
FOR_EVER = "public, max-age=31536000, immutable"


@require_safe
def logo(request: HttpRequest, digest: str) -> HttpResponse:
    """The picture itself, from our own origin; a browser takes it for nothing but a picture."""
    row = get_object_or_404(Logo, digest=digest)
    headers = {"Cache-Control": FOR_EVER, "Content-Security-Policy": "default-src 'none'; sandbox"}
    return HttpResponse(bytes(row.image), content_type="image/webp", headers=headers)


@for_member(Role.EDITOR)
@require_POST
def upload(request: HttpRequest, member: Member) -> HttpResponse:
    """Use another picture, or none."""
    if request.POST.get("verb") == "remove":
        logos.remove(member, by=who(request))
        messages.success(request, "Your pages show no logo any more.")
        return redirect("my-record", member.slug)
    form = LogoForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, "Nothing was changed: choose a PNG, WebP or SVG of at most 2 MB.")
        return redirect("my-record", member.slug)
    picture = form.cleaned_data["picture"]
    try:
        # One byte more than allowed is enough to see that it is too large.
        logos.change(member, picture.read(pictures.MOST_BYTES + 1), by=who(request))
    except logos.LogosError as error:
        messages.error(request, f"Nothing was changed. {error}")
    else:
        messages.success(request, "This is your logo now, everywhere on these pages.")
    return redirect("my-record", member.slug)
