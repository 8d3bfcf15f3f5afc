"""A small mail server on loopback, as good or bad as a test wants it, and a webhook beside it."""

from __future__ import annotations

import email
import json
import socketserver
import threading
import time
from contextlib import contextmanager, suppress
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Letterbox(socketserver.ThreadingTCPServer):
    """Takes letters. `refuses` answers some addresses with a code; `slow` waits before each answer.

    After a letter was taken `drops` hangs up before that is said, and `confirms_after` waits with saying it.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Talk)
        self.letters: list[Message] = []
        self.talks = 0
        self.refuses: dict[str, int] = {}
        self.slow = 0.0
        self.drops = 0
        self.confirms_after = 0.0
        self.over = threading.Event()

    def server_close(self) -> None:
        self.over.set()
        super().server_close()

    @property
    def port(self) -> int:
        return self.server_address[1]

    @property
    def recipients(self) -> list[str]:
        return sorted(str(letter["To"]) for letter in self.letters)


class Talk(socketserver.StreamRequestHandler):
    server: Letterbox

    def handle(self) -> None:
        self.server.talks += 1
        self._say("220 here")
        for line in self.rfile:
            verb = line[:4].upper().strip()
            if verb == b"QUIT":
                return self._say("221 bye")
            if verb == b"DATA":
                if not self._take():
                    return None
            elif verb == b"RCPT":
                self._say(f"{self._code(line.decode())} so be it")
            else:
                self._say("250 fine")
        return None

    def _code(self, line: str) -> int:
        return next((code for address, code in self.server.refuses.items() if address in line), 250)

    def _take(self) -> bool:
        self._say("354 go on")
        lines = iter(self.rfile.readline, b".\r\n")
        self.server.letters.append(email.message_from_bytes(b"".join(lines)))
        if self.server.drops:
            self.server.drops -= 1
            return False
        self.server.over.wait(self.server.confirms_after)
        self._say("250 taken")
        return True

    def _say(self, text: str) -> None:
        time.sleep(self.server.slow)
        with suppress(OSError):  # Whoever was killed hears nothing.
            self.wfile.write(f"{text}\r\n".encode())


class Webhook(ThreadingHTTPServer):
    """Takes messages as JSON, and answers with `status`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Hook)
        self.messages: list[dict] = []
        self.status = 200
        self.location = ""

    @property
    def address(self) -> str:
        return f"json://127.0.0.1:{self.server_address[1]}/hook-of-secrets?-token=s3cr3t-token"


class Hook(BaseHTTPRequestHandler):
    server: Webhook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.messages.append(json.loads(body))
        self.send_response(self.server.status)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        pass


@contextmanager
def serving(server):
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
