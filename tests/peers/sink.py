"""An HTTP server that takes what is sent to it, and can misbehave; one thread a connection.

    with Sink(answer) as sink: sink.port, sink.requests, sink.connections
    sink.stop(); sink.start()          # the same port, connections broken off

`answer(request)` returns (status, body) or (status, body, header fields); None: the connection ends without an answer.
What is put into `sink.faults`, a list of functions like it, comes first, each once: HANG, GONE (stores, and says nothing),
or status(503, **{"Retry-After": "1"}).
"""
from __future__ import annotations

import socket
import socketserver
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Callable


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


Answer = Callable[[Request], "tuple | None"]


def status(code: int, body: str = "", **fields: str) -> Answer:
    return lambda request: (code, body.encode(), fields)


class Sink:
    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.faults: list[Answer] = []
        self.requests: list[Request] = []
        self.connections = 0
        self.port = 0
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._over = threading.Event()
        self.start()

    def __enter__(self) -> "Sink":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # -- faults --

    def hang(self, _: Request) -> None:
        self._over.wait(60)

    def gone(self, request: Request) -> None:
        """It is stored, and nobody is told."""
        self.answer(request)

    # -- the server --

    def start(self) -> None:
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                with sink._lock:
                    sink.connections += 1
                    sink._open.add(self.request)

            def finish(self) -> None:
                with sink._lock:
                    sink._open.discard(self.request)
                try:
                    super().finish()
                except OSError:
                    pass

            def handle(self) -> None:
                try:
                    super().handle()
                except OSError:
                    pass

            def take(self) -> None:
                request = Request(self.command, self.path, {name.lower(): value for name, value in self.headers.items()},
                                  self.rfile.read(int(self.headers.get("Content-Length", 0))))
                with sink._lock:
                    sink.requests.append(request)
                    answer = sink.faults.pop(0) if sink.faults else sink.answer
                    said = None if answer == sink.hang else answer(request)
                if answer == sink.hang:
                    sink.hang(request)
                if said is None:
                    self.close_connection = True
                    return
                code, body, fields = (*said, {})[:3]
                self.send_response(code)
                for name, value in ({"Content-Type": "application/json"} | fields).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = take

            def log_message(self, *_: object) -> None:
                pass

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True
            request_queue_size = 64

            def handle_error(self, *_: object) -> None:
                pass

        self._over.clear()
        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        with self._lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
