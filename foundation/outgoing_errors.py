"""Why an outgoing request failed, in a word for programs (`kind`) and a few for people (`reason`)."""

from __future__ import annotations

import errno
import ssl
from typing import ClassVar, Final

import aiohttp

CERTIFICATE_EXPIRED: Final = 10
NAME_MISMATCH: Final = (62, 64)  # of the host name, of the IP address


class OutgoingError(Exception):
    """No usable answer; the subject of the sentence in `reason` is the one who was asked."""

    kind: ClassVar[str] = "failed"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BadUrl(OutgoingError):
    """What was typed is no web address."""

    kind = "bad_url"


class AddressRefused(OutgoingError):
    """The address is private, or not https."""

    kind = "address_refused"


class RedirectRefused(OutgoingError):
    """The answer was a redirect to where this client does not go."""

    kind = "redirect_refused"


class RedirectLoop(OutgoingError):
    """Redirects came back to where they began, or never ended."""

    kind = "redirect_loop"


class NameNotFound(OutgoingError):
    """DNS has no address for the name."""

    kind = "dns"


class ConnectionRefused(OutgoingError):
    """Nothing listens there."""

    kind = "connection_refused"


class Unreachable(OutgoingError):
    """No way there."""

    kind = "unreachable"


class ConnectionReset(OutgoingError):
    """The connection broke before the answer was complete."""

    kind = "connection_reset"


class TimedOut(OutgoingError):
    """The answer did not come, or not all of it, in time."""

    kind = "timeout"


class TlsError(OutgoingError):
    """No secure connection: the certificate is not trusted, or TLS does not work at all."""

    kind = "tls"


class CertificateExpired(TlsError):
    """The certificate is too old."""

    kind = "certificate_expired"


class CertificateMismatch(TlsError):
    """The certificate is for other names."""

    kind = "certificate_mismatch"


class TooLarge(OutgoingError):
    """The answer is larger than anyone needs."""

    kind = "too_large"


class BadAnswer(OutgoingError):
    """What came is not HTTP."""

    kind = "bad_answer"


def explain(error: Exception) -> OutgoingError:
    """What the HTTP client's error means."""
    if isinstance(error, aiohttp.ClientSSLError):
        return _explain_tls(error)
    if isinstance(error, aiohttp.ClientConnectorError):
        return _explain_connecting(error.os_error)
    if isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientPayloadError | OSError):
        return ConnectionReset("broke off before its answer was complete")
    if isinstance(error, aiohttp.InvalidURL | ValueError):
        return BadUrl("sent or has an address that is not a web address")
    if isinstance(error, aiohttp.ClientResponseError) and "Got more than" in error.message:
        return TooLarge("sent headers that are too large")
    return BadAnswer("sent an answer that is not HTTP")


def _explain_connecting(error: OSError) -> OutgoingError:
    if isinstance(error, PermissionError):
        return AddressRefused("has a private address")
    if error.errno == errno.ECONNREFUSED:
        return ConnectionRefused("refuses connections")
    if isinstance(error, ConnectionResetError):
        return ConnectionReset("broke the connection off")
    return Unreachable("can't be reached")


def _explain_tls(error: aiohttp.ClientSSLError) -> OutgoingError:
    cause = error.os_error
    if not isinstance(cause, ssl.SSLCertVerificationError):
        return TlsError("does not speak TLS as it should")
    if cause.verify_code == CERTIFICATE_EXPIRED:
        return CertificateExpired("has a TLS certificate that has expired")
    if cause.verify_code in NAME_MISMATCH:
        return CertificateMismatch("has a TLS certificate for another name")
    return TlsError(f"has a TLS certificate that is not trusted: {cause.verify_message}")
