"""Why something was changed: every change of a published fact has a reason that people can read later."""

from __future__ import annotations

from typing import Final

from foundation import texts

MAX_LENGTH: Final = 500


class NoReason(ValueError):
    """A change without a reason, or with one too long to keep."""


def checked(reason: str) -> str:
    """The reason without the blanks around it; NoReason if nothing is left or it is too long."""
    reason = texts.line(reason)
    if not reason:
        raise NoReason("Say why: a change without a reason can't be understood later.")
    if len(reason) > MAX_LENGTH:
        raise NoReason(f"Make the reason shorter: {len(reason)} characters, at most {MAX_LENGTH}.")
    return reason
