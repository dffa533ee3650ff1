#!/usr/bin/env python3
"""A receiver of webhooks, as small as one can be that checks what it takes.

    receiver.py SECRET_FILE [PORT]

Verifies each request by Standard Webhooks 1.0 (id, timestamp and body under
the secret), takes each delivery id once, and says a line about it.  Prints the
address that it listens at first.  Example code: no TLS, loopback only.
"""
import base64
import hashlib
import hmac
import http.server
import sys
import time

TOLERANCE = 300  # seconds that a request may be old

with open(sys.argv[1], encoding="ascii") as file:
    KEY = base64.b64decode(file.read().strip().removeprefix("whsec_"))
SEEN = set()


def genuine(headers, body):
    """True if whoever knows the secret signed this, just now."""
    ident = headers.get("webhook-id", "")
    stamp = headers.get("webhook-timestamp", "")
    if not stamp.isdigit() or abs(time.time() - int(stamp)) > TOLERANCE:
        return False
    digest = hmac.digest(KEY, f"{ident}.{stamp}.".encode() + body,
                         hashlib.sha256)
    expected = "v1," + base64.b64encode(digest).decode()
    return any(hmac.compare_digest(expected, given)
               for given in headers.get("webhook-signature", "").split())


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        ident = self.headers.get("webhook-id", "?")
        status = 200 if genuine(self.headers, body) else 401
        again = " (again)" if ident in SEEN else ""
        if status == 200:
            SEEN.add(ident)
        print(f"{ident}: {status}{again} {body.decode()}", flush=True)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


PORT = int(sys.argv[2]) if len(sys.argv) > 2 else 0
server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Receiver)
print(f"http://127.0.0.1:{server.server_port}/", flush=True)
server.serve_forever()
