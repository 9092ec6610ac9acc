"""What listens where meshprobe-archive sends: plain sockets that keep what they get.

    with TcpSink() as sink: sink.port; sink.data(); sink.pause(); sink.hang_up()
    with DatagramSink(path) as sink: sink.datagrams
"""
from __future__ import annotations

import selectors
import socket
import ssl
import threading


class TcpSink:
    """Keeps the bytes of each connection. `limit`: hangs up rudely after so many bytes. `small`: its buffer, when it does not read."""

    def __init__(self, port: int = 0, context: ssl.SSLContext | None = None, limit: int | None = None, small: bool = False):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if small:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.listener.bind(("127.0.0.1", port))
        self.listener.listen()
        self.port = self.listener.getsockname()[1]
        self.context = context
        self.limit = limit
        self.connections: list[bytearray] = []
        self.open: set[socket.socket] = set()
        self.reading = threading.Event()
        self.reading.set()
        self.threads = [threading.Thread(target=self._accept, daemon=True)]
        self.threads[0].start()

    def __enter__(self) -> "TcpSink":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """The listener goes first: nobody may come back before all is over."""
        self.reading.set()
        if self.listener.fileno() >= 0:
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
        self.hang_up()
        for thread in self.threads:
            thread.join(30)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            self.open.add(connection)
            data = bytearray()
            self.connections.append(data)
            while self.limit is None or len(data) < self.limit:
                self.reading.wait()
                piece = connection.recv(65536 if self.limit is None else min(65536, self.limit - len(data)))
                if not piece:
                    break
                data += piece
        except OSError:
            pass
        finally:
            self.open.discard(connection)
            connection.close()

    def data(self) -> bytes:
        return b"".join(bytes(each) for each in self.connections)

    def lines(self) -> list[bytes]:
        """Whole ones; half a line at the end of a connection is nobody's."""
        return [line for each in self.connections for line in bytes(each).split(b"\n")[:-1]]

    def hang_up(self) -> None:
        """As a server that ends in peace: it says so, and reads what is still on its way until the other side ends, too."""
        for connection in list(self.open):
            try:
                socket.socket.shutdown(connection, socket.SHUT_WR)  # not that of TLS, which would end the reading
            except OSError:
                pass


class DatagramSink:
    """At a port of 127.0.0.1, or at the path of a local socket."""

    def __init__(self, path: str | None = None, port: int = 0):
        self.socket = socket.socket(socket.AF_UNIX if path else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self.socket.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE, as root: nothing is lost on the way
        except PermissionError:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 20)
        self.socket.bind(path or ("127.0.0.1", port))
        self.port = 0 if path else self.socket.getsockname()[1]
        self.datagrams: list[bytes] = []
        self._end, self._wake = socket.socketpair()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def __enter__(self) -> "DatagramSink":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._wake.send(b"x")
        self.thread.join(30)
        for each in (self.socket, self._end, self._wake):
            each.close()

    def _read(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self.socket, selectors.EVENT_READ)
            selector.register(self._end, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in selector.select()}
                if self.socket in ready:
                    self.datagrams.append(self.socket.recv(1 << 20))
                elif self._end in ready:
                    return
