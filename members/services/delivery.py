"""How a message may fail to go out. The texts are kept and shown: they never hold an address with a secret in it."""

from __future__ import annotations


class Undelivered(Exception):
    """It did not go out this time; the text says why. To be tried again."""


class Refused(Undelivered):
    """It never will: the other side said so for good."""


class Away(Undelivered):
    """Not the message's fault: nobody is there to carry it. Trying costs it nothing, and others may wait as well."""


class Pointless(Undelivered):
    """It is not wanted any more, or there is no way to send it: to be dropped."""
