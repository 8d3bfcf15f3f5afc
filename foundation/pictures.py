"""Pictures that strangers uploaded, made anew: whatever else was in the file is gone.

An SVG is a program that draws. It is drawn in a process of its own with little time and memory, and only the
points that come out are kept. Run as a program this module is that process: an SVG in, a PNG out.
"""

from __future__ import annotations

import io
import resource
import subprocess
import sys
import warnings
from dataclasses import dataclass
from typing import Final

from PIL import Image

MOST_BYTES: Final = 2 * 1024 * 1024
MOST_POINTS: Final = 25_000_000
# The box it must fit into: twice what pages show, for fine screens.
WIDTH, HEIGHT = 400, 200
SECONDS: Final = 5
MEMORY_BYTES: Final = 1024 * 1024 * 1024
FORMATS: Final = ("PNG", "WEBP")


class BadPicture(ValueError):
    """This can't be used; the text says why."""


@dataclass(frozen=True)
class Picture:
    """A small WebP."""

    data: bytes
    width: int
    height: int


def remake(data: bytes) -> Picture:
    """The picture in an upload, small, as a WebP; its own bytes decide what it is, not its name. Else BadPicture."""
    if len(data) > MOST_BYTES:
        raise BadPicture("It is larger than 2 MB.")
    if not data:
        raise BadPicture("The file is empty.")
    return _encoded(_opened(_drawn(data) if _looks_like_svg(data) else data))


def _looks_like_svg(data: bytes) -> bool:
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    return head.startswith(b"<") and b"<svg" in data


def _drawn(svg: bytes) -> bytes:
    try:
        done = subprocess.run(
            [sys.executable, "-I", __file__], input=svg, capture_output=True, timeout=2 * SECONDS, check=False, env={}
        )
    except subprocess.TimeoutExpired:
        raise BadPicture("It takes too long to draw this SVG. Save it as a PNG.") from None
    if done.returncode or not done.stdout:
        raise BadPicture("This SVG can't be drawn. Save it as a PNG.")
    return done.stdout


def _opened(data: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data), formats=FORMATS)
            # Known from the first bytes, before anything is unpacked.
            if picture.width * picture.height > MOST_POINTS:
                raise BadPicture(f"It has too many points: {picture.width:,} × {picture.height:,}.")
            picture.load()
            return picture.convert("RGBA")
    except BadPicture:
        raise
    except Image.DecompressionBombError:
        raise BadPicture("It has too many points.") from None
    except (OSError, SyntaxError, ValueError):
        raise BadPicture("This is no PNG, WebP or SVG that can be read.") from None


def _encoded(picture: Image.Image) -> Picture:
    picture.thumbnail((WIDTH, HEIGHT))
    if _is_blank(picture):
        raise BadPicture(
            "Nothing is to be seen of it on white. Pictures that an SVG takes from elsewhere are left out."
        )
    out = io.BytesIO()
    # Without what else an image may carry: where a photo was taken, whose camera it was.
    picture.save(out, "WEBP", quality=88, method=4, exif=b"", icc_profile=None)
    return Picture(out.getvalue(), picture.width, picture.height)


def _is_blank(picture: Image.Image) -> bool:
    """Whether it is all white where it is shown: on white."""
    shown = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("L")
    return shown.getextrema() == (255, 255)


def main() -> None:
    """Draw the SVG on standard input."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    # It may write nothing, and open no file that is not open yet: an SVG can name pictures and fonts elsewhere.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    import resvg_py

    svg = sys.stdin.buffer.read(MOST_BYTES + 1).decode()
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
    sys.stdout.buffer.write(resvg_py.svg_to_bytes(svg_string=svg, width=WIDTH, skip_system_fonts=True))


if __name__ == "__main__":
    main()
