"""Logos: whatever is uploaded comes out as a small WebP of our own making, or not at all."""

import io
import zlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from federation.uploads import MOST_BYTES
from foundation import pictures
from members.models import Logo, Member, Role
from members.services import logos
from members.services.access import NotAllowed
from tests.factories import make_member, make_person

SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40"><rect width="80" height="40" fill="red"/>%s</svg>'
)


def picture(kind: str = "PNG", size: tuple[int, int] = (800, 300), **values) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, kind, **values)
    return out.getvalue()


def bomb() -> bytes:
    """A PNG of a few bytes that says it is 50,000 points wide and high."""
    data = bytearray(picture(size=(1, 1)))
    data[16:24] = (50_000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    return bytes(data)


def opened(made: pictures.Picture) -> Image.Image:
    return Image.open(io.BytesIO(made.data), formats=["WEBP"])


@pytest.mark.parametrize("data", [picture("PNG"), picture("WEBP")], ids=["png", "webp"])
def test_a_picture_is_made_small_and_anew(data):
    made = pictures.remake(data)
    assert (made.width, made.height) == (400, 150) == opened(made).size
    assert len(made.data) < 20_000


def test_what_else_is_in_a_picture_is_gone():
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    made = pictures.remake(picture("PNG", exif=exif) + b"<?php secret place ?>")
    assert b"secret" not in made.data
    assert not opened(made).getexif()


def test_an_svg_is_drawn():
    made = pictures.remake(b"\xef\xbb\xbf<?xml version='1.0'?>" + SVG % b"<script>alert(1)</script>")
    assert made.width == 2 * made.height == 400
    assert opened(made).convert("RGB").getpixel((9, 9))[0] > 240


def test_an_svg_opens_no_file_of_ours(tmp_path):
    inside = tmp_path / "secret.png"
    inside.write_bytes(picture(size=(40, 40)))
    made = pictures.remake(SVG % f'<image href="{inside}" width="80" height="40"/>'.encode())
    red, green, _ = opened(made).convert("RGB").getpixel((200, 100))
    assert (red > 240, green < 16) == (True, True)


ELSEWHERE = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40"><image href="https://x.example/a.png"/></svg>'
)
ENTITIES = b"<!DOCTYPE svg [<!ENTITY a '%s'>%s]>" % (
    b"x" * 1000,
    b"".join(b"<!ENTITY %c '%s'>" % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)),
)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"x" * (pictures.MOST_BYTES + 1), "larger than 2 MB"),
        (b"GIF89a" + b"\0" * 100, "no PNG, WebP or SVG"),
        (picture("JPEG"), "no PNG, WebP or SVG"),
        (picture()[:200], "no PNG, WebP or SVG"),
        (b"<html><script>alert(1)</script></html>", "no PNG, WebP or SVG"),
        (bomb(), "too many points"),
        (b"<svg", "can't be drawn"),
        (ENTITIES + SVG % b"<text>&j;</text>", "can't be drawn"),
        (ELSEWHERE, "Nothing is to be seen"),
    ],
    ids=["nothing", "large", "gif", "jpeg", "cut off", "html", "bomb", "half an svg", "entities", "elsewhere"],
)
def test_what_is_no_picture_is_refused(data, said):
    with pytest.raises(pictures.BadPicture, match=said):
        pictures.remake(data)


@pytest.mark.django_db
class TestOnThePages:
    @pytest.fixture
    def member(self, client):
        member = make_member("heron")
        client.force_login(make_person(member, Role.EDITOR))
        return member

    def upload(self, client, data: bytes, name: str = "logo.png", kind: str = "image/png"):
        file = SimpleUploadedFile(name, data, kind)
        return client.post("/my/heron/logo/", {"picture": file}, follow=True).content.decode()

    def test_it_is_served_for_ever_as_nothing_but_a_picture(self, client, member):
        assert "This is your logo now" in self.upload(client, picture(), "logo.exe", "text/html")
        member.refresh_from_db()
        answer = client.get(member.logo_url)
        assert answer["Content-Type"] == "image/webp"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "immutable" in answer["Cache-Control"]
        assert "sandbox" in answer["Content-Security-Policy"]
        assert member.history.first().logo == member.logo

    def test_what_is_refused_changes_nothing_and_says_why(self, client, member):
        assert "no PNG, WebP or SVG" in self.upload(client, b"MZ\x90", "logo.png")
        assert "Nothing was changed" in self.upload(client, b"x" * (MOST_BYTES + 100_000))
        assert Member.objects.get().logo == ""
        assert not Logo.objects.exists()

    def test_it_can_be_taken_away(self, client, member):
        self.upload(client, picture())
        client.post("/my/heron/logo/", {"verb": "remove"})
        assert Member.objects.get().logo == ""

    def test_only_editors_may(self, member):
        with pytest.raises(NotAllowed):
            logos.change(member, picture(), by=make_person(member, Role.VIEWER))
        with pytest.raises(NotAllowed):
            logos.remove(member, by=make_person(make_member()))
