"""HTTP/1.1 over asyncio, kept alive, with or without TLS, and every way of sending badly that a rule asks for."""
from __future__ import annotations

import asyncio
import email.utils
import gzip
import socket
import struct
from urllib.parse import parse_qsl, unquote, urlsplit

from answer import Answer, Request, reason
from faults import faulty_answer

MAX_HEAD = 64 << 10


class Gone(Exception):
    """The connection is over."""


class HttpServer:
    """One listening socket. `host` decides (see measurement_host.Host): rule(), answer(), latency, counts."""

    def __init__(self, host, scheme: str):
        self.host = host
        self.scheme = scheme
        self.server: asyncio.Server | None = None
        self.writers: set[asyncio.StreamWriter] = set()

    async def start(self, address: str, port: int, tls) -> int:
        """tls: an SSLContext, or None; returns the port."""
        blackholed = self.host.spec.get("blackhole", False)
        self.server = await asyncio.start_server(self._swallow if blackholed else self._serve, address, port, limit=MAX_HEAD,
                                                 ssl=None if blackholed else tls, backlog=512)
        return self.server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self.server:
            self.server.close()
            for writer in list(self.writers):
                writer.transport.abort()
            self.server = None

    async def _swallow(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A black hole: takes the connection and never says a word."""
        self.writers.add(writer)
        self.host.counts.connections += 1
        try:
            while await reader.read(65536):
                pass
        except OSError:
            pass
        finally:
            self.writers.discard(writer)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.add(writer)
        self.host.counts.connections += 1
        self.host.counts.open += 1
        try:
            while await self._one_request(reader, writer):
                pass
        except (OSError, Gone, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            self.host.counts.open -= 1
            self.writers.discard(writer)
            writer.close()

    async def _one_request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        lines = head.split("\r\n")
        method, target, version = lines[0].split(" ", 2)
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
        length = int(headers.get("content-length", 0))
        body = await reader.readexactly(min(length, 1 << 20)) if length else b""
        url = urlsplit(target)
        request = Request(self.scheme, method, unquote(url.path), dict(parse_qsl(url.query, keep_blank_values=True)), target, headers, body)
        self.host.counts.add(self.scheme, request)
        await asyncio.sleep(self.host.spec.get("latency", 0))
        rule = self.host.rule(target) or {"do": "nothing"}
        match rule["do"]:
            case "hang":
                await reader.read()
                raise Gone
            case "delay":
                await asyncio.sleep(rule["seconds"])
        answer = faulty_answer(rule, request) or self.host.answer(request)
        self.host.counts.answered(answer.status)
        await self._send(writer, request, answer, rule)
        return headers.get("connection", "").lower() != "close" and version == "HTTP/1.1" and not answer.close

    async def _send(self, writer: asyncio.StreamWriter, request: Request, answer: Answer, rule: dict) -> None:
        if answer.status == 0:  # bytes as they are, then the end
            await self._send_all(writer, answer.parts or (), rule)
            raise Gone
        body, headers = answer.body, dict(answer.headers)
        if self.host.spec.get("gzip") and answer.parts is None and "gzip" in request.headers.get("accept-encoding", "") and len(body) > 200:
            body, headers["Content-Encoding"] = gzip.compress(body, 1), "gzip"
        headers |= {"Date": email.utils.formatdate(self.host.now(), usegmt=True), "Server": "Apache"}
        if answer.parts is not None:
            headers["Transfer-Encoding"] = "chunked"
        elif answer.status not in (204, 304):
            headers["Content-Length"] = str(len(body))
        head = f"HTTP/1.1 {answer.status} {reason(answer.status)}\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items()) + "\r\n"
        if request.method == "HEAD" or answer.status in (204, 304):
            body = b""
        if rule["do"] in ("truncate", "reset"):
            await self._break_off(writer, head.encode(), body, rule)
        writer.write(head.encode())
        if answer.parts is None:
            await self._send_all(writer, [body], rule)
        else:
            await self._send_all(writer, (b"%x\r\n%s\r\n" % (len(part), part) for part in answer.parts if part), rule)
            await self._send_all(writer, [b"0\r\n\r\n"], rule)

    async def _break_off(self, writer: asyncio.StreamWriter, head: bytes, body: bytes, rule: dict) -> None:
        writer.write(head + body[:rule.get("after", len(body) // 2)])
        await writer.drain()
        if rule["do"] == "reset":
            await asyncio.sleep(0.05)  # let what was written get away, a reset discards it
            if (connection := writer.get_extra_info("socket")) is not None:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        raise Gone

    async def _send_all(self, writer: asyncio.StreamWriter, parts, rule: dict) -> None:
        speed = rule.get("bytes_per_second") if rule["do"] == "slow" else self.host.spec.get("bytes_per_second")
        for part in parts:
            for start in range(0, len(part), max(1, speed // 10)) if speed else [0]:
                piece = part[start:start + max(1, speed // 10)] if speed else part
                writer.write(piece)
                self.host.counts.bytes += len(piece)
                await writer.drain()
                await asyncio.sleep(len(piece) / speed if speed else 0)  # also lets an end of the connection be noticed
                if writer.is_closing():
                    raise Gone
