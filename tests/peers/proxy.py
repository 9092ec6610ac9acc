"""A small proxy: HTTP (CONNECT and absolute URLs), HTTPS, SOCKS 4, 4a, 5. It notes down what it is asked for.

    with Proxy(user="u", password="p") as proxy:
        proxy.port, proxy.asked        # [("socks5h", "ps.example.org", 443), ...]: h and a, where a name came

One port speaks all of them but HTTPS (`tls`: certificate and key). Names are looked up in `names`, then as they are.
"""
from __future__ import annotations

import base64
import socket
import socketserver
import ssl
import struct
import threading
from urllib.parse import urlsplit


class Refused(Exception):
    pass


class Proxy:
    def __init__(self, user: str = "", password: str = "", names: dict[str, str] | None = None, tls: tuple[str, str] | None = None):
        self.user, self.password, self.names = user, password, names or {}
        self.asked: list[tuple[str, str, int]] = []
        self.refused = 0
        context = None
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
        proxy = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                try:
                    client = context.wrap_socket(self.request, server_side=True) if context else self.request
                    with client:
                        proxy.serve(client)
                except (OSError, Refused, struct.error, ValueError):
                    pass

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]

    def __enter__(self) -> "Proxy":
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def connect(self, protocol: str, host: str, port: int) -> socket.socket:
        self.asked.append((protocol, host, port))
        return socket.create_connection((self.names.get(host, host), port), 10)

    def may(self, user: str, password: str) -> bool:
        good = not self.user or (user, password) == (self.user, self.password)
        self.refused += not good
        return good

    def serve(self, client: socket.socket) -> None:
        first = exactly(client, 1)
        if first == b"\x05":
            self.socks5(client)
        elif first == b"\x04":
            self.socks4(client)
        else:
            self.http(client, first)

    def socks4(self, client: socket.socket) -> None:
        _, port, address = struct.unpack("!BH4s", exactly(client, 7))
        user = until_zero(client)
        named = address[:3] == b"\0\0\0" and address[3] != 0
        host = until_zero(client) if named else socket.inet_ntoa(address)
        if self.user and user != self.user:
            self.refused += 1
            client.sendall(b"\0\x5d" + bytes(6))
            return
        server = self.connect("socks4a" if named else "socks4", host, port)
        client.sendall(b"\0\x5a" + bytes(6))
        carry(client, server)

    def socks5(self, client: socket.socket) -> None:
        methods = exactly(client, exactly(client, 1)[0])
        wanted = 2 if self.user else 0
        if wanted not in methods:
            self.refused += 1
            client.sendall(b"\x05\xff")
            return
        client.sendall(bytes((5, wanted)))
        if wanted:
            exactly(client, 1)
            user = exactly(client, exactly(client, 1)[0]).decode()
            password = exactly(client, exactly(client, 1)[0]).decode()
            good = self.may(user, password)
            client.sendall(b"\x01\x00" if good else b"\x01\x01")
            if not good:
                return
        kind = exactly(client, 4)[3]
        if kind == 3:
            host = exactly(client, exactly(client, 1)[0]).decode()
        else:
            host = socket.inet_ntop(*((socket.AF_INET, exactly(client, 4)) if kind == 1 else (socket.AF_INET6, exactly(client, 16))))
        server = self.connect("socks5h" if kind == 3 else "socks5", host, struct.unpack("!H", exactly(client, 2))[0])
        client.sendall(b"\x05\x00\x00\x01" + bytes(6))
        carry(client, server)

    def http(self, client: socket.socket, head: bytes) -> None:
        while not head.endswith(b"\r\n\r\n"):
            head += exactly(client, 1)
        lines = head.decode("latin-1").split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        scheme, _, token = fields.get("proxy-authorization", "").partition(" ")
        user, _, password = base64.b64decode(token).decode().partition(":") if scheme.lower() == "basic" else ("", "", "")
        if not self.may(user, password):
            client.sendall(b'HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\nETag: "of-the-proxy"\r\n\r\n')
            return
        method, target, _ = lines[0].split(" ")
        if method == "CONNECT":
            host, _, port = target.rpartition(":")
            server = self.connect("connect", host.strip("[]"), int(port))
            client.sendall(b"HTTP/1.1 200 Yes\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n")
            carry(client, server)
            return
        url = urlsplit(target)
        server = self.connect("http", url.hostname, url.port or 80)
        path = url.path + ("?" + url.query if url.query else "")
        kept = [line for line in lines[1:] if not line.lower().startswith("proxy-")]
        server.sendall("\r\n".join([f"{method} {path} HTTP/1.1", *kept]).encode("latin-1"))
        carry(client, server)


def exactly(client: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = client.recv(size - len(data))
        if not more:
            raise Refused
        data += more
    return data


def until_zero(client: socket.socket) -> str:
    data = b""
    while not data.endswith(b"\0"):
        data += exactly(client, 1)
    return data[:-1].decode()


def carry(client: socket.socket, server: socket.socket) -> None:
    def copy(source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    back = threading.Thread(target=copy, args=(server, client), daemon=True)
    back.start()
    copy(client, server)
    back.join()
    server.close()
