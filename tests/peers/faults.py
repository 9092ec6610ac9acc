"""What a simulated host does wrong, on purpose.

A host has a list of rules; the first that matches a request decides:

    {"match": "REGEX of the request target", "rate": 0.06, "times": 3, "skip": 1, "do": "error", "status": 503, ...}

`match` (default: everything), `rate` (share of the matching requests, decided by their number, so repeatable),
`skip` (not the first n matches) and `times` (only so many) are optional. What `do` may be:

    error     status, body ("json", "html", "empty" or the text itself), retry_after (seconds or a date)
    delay     seconds, then the normal answer        hang      never answers
    reset     after: bytes of the body, then RST     truncate  after: bytes, then closes (Content-Length promised more)
    slow      bytes_per_second
    hostile   kind: one of HOSTILE below
    page      body: text, type: content type; status 200 (a login page, `{}`, anything)
"""
from __future__ import annotations

import functools
import gzip
import re
from itertools import count, repeat
from typing import Iterable

from answer import Answer, Request, html_answer, json_answer, redirect
from measured import mix


class Rule:
    def __init__(self, settings: dict):
        self.settings = settings
        self.match = re.compile(settings.get("match", ""))
        self.seen = 0
        self.used = 0

    def applies(self, target: str) -> bool:
        if not self.match.search(target):
            return False
        self.seen += 1
        if self.seen <= self.settings.get("skip", 0) or self.used >= self.settings.get("times", 1 << 60):
            return False
        if mix(0xFA017, self.seen) % 10000 >= self.settings.get("rate", 1.0) * 10000:
            return False
        self.used += 1
        return True


def error_answer(settings: dict) -> Answer:
    status = settings.get("status", 500)
    match settings.get("body", "html"):
        case "json":
            answer = json_answer({"detail": "the simulator was told to fail"}, status)
        case "html":
            answer = html_answer(status, "The server is temporarily unable to service your request.")
        case "empty":
            answer = Answer(status)
        case text:
            answer = Answer(status, text.encode(), {"Content-Type": "text/plain"})
    if "retry_after" in settings:
        answer.headers["Retry-After"] = str(settings["retry_after"])
    return answer


def _points(value: str, number: Iterable[int]) -> Iterable[bytes]:
    """An array of points that never ends, or ends with `number`; in pieces of about 64 KiB."""
    yield b"["
    piece, separator = [], ""
    for ts in number:
        piece.append(f'{separator}{{"ts": {1600000000 + ts}, "val": {value}}}')
        separator = ", "
        if len(piece) * (len(value) + 30) > 65536:
            yield "".join(piece).encode()
            piece = []
    yield "".join(piece).encode() + b"]"


def _huge_element(size: int) -> Iterable[bytes]:
    yield b'[{"ts": 1600000000, "val": "'
    yield from repeat(b"x" * 65536, size // 65536)
    yield b'"}, {"ts": 1600000060, "val": 1.0}]'


WRONG_TYPES = (b'[17, null, "text", [], {}, {"ts": "soon", "val": 1}, {"ts": {}, "val": 1}, {"val": 2}, {"ts": 1600000000},'
               b' {"ts": -5, "val": 1}, {"ts": 1e300, "val": 1}, {"ts": 99999999999999999999, "val": 1}, {"ts": true, "val": 1},'
               b' {"metadata-key": 5, "event-types": 7}, {"metadata-key": "../../etc/passwd", "event-types": [{"event-type": "throughput",'
               b' "base-uri": "http://198.51.100.99/elsewhere", "time-updated": "yesterday"}]}, {"metadata-key": null, "event-types": [null,'
               b' 3, {"event-type": 4}, {"event-type": "throughput"}, {"event-type": "throughput", "base-uri": {}}]}]')


def _parts(parts: Iterable[bytes]) -> Answer:
    return Answer(200, headers={"Content-Type": "application/json"}, parts=parts)


def _page(body: bytes) -> Answer:
    return Answer(200, body, {"Content-Type": "application/json"})


@functools.cache
def _bomb() -> bytes:
    return gzip.compress(b"[{\"ts\": 1, \"val\": \"" + b" " * (256 << 20), 9)


def _gzip_bomb() -> Answer:
    return Answer(200, _bomb(), {"Content-Type": "application/json", "Content-Encoding": "gzip"})


PAGES = count()


def _paging(request: Request, page: int) -> Answer:
    """One entry, and the word that 10^12 are to follow."""
    return _page(b'[{"metadata-key": "%032x", "metadata-count-total": 1000000000000, "metadata-next-page": "' % page
                 + (request.base + request.target).encode() + b'", "event-types": []}]')


# kind -> what is sent. `raw` bytes go to the socket as they are.
HOSTILE = {
    "endless-body": lambda r: _parts(_points("1.0", count())),
    "endless-blanks": lambda r: _parts(repeat(b" " * 65536)),
    "endless-headers": lambda r: repeat_header(),
    "endless-status": lambda r: raw(repeat(b"HTTP/1.1 100 Continue\r\n\r\n")),
    "huge-header": lambda r: raw([b"HTTP/1.1 200 OK\r\nX-Long: ", b"a" * (8 << 20), b"\r\nContent-Length: 2\r\n\r\n[]"]),
    "deep-json": lambda r: _page(b'[{"ts": 1600000000, "val": ' + b"[" * 100 + b"]" * 100 + b"}]"),
    "deeper-json": lambda r: _page(b"[" * 1_000_000 + b"]" * 1_000_000),
    "wrong-types": lambda r: _page(WRONG_TYPES),
    "not-an-array": lambda r: _page(b'{"surprise": true}'),
    "not-json": lambda r: _page(b"<html>fine weather today</html>"),
    "bad-utf8": lambda r: _page(b'[{"ts": 1600000000, "val": "\xff\xfe\xc3\x28"}, {"ts": 1600000060, "val": "\x00"}]'),
    "empty": lambda r: _page(b""),
    "huge-page": lambda r: _parts(_points('{"12.34": 5, "12.35": 17, "12.36": 2}', range((1 << 30) // 64))),
    "huge-element": lambda r: _parts(_huge_element(300 << 20)),
    "gzip-bomb": lambda r: _gzip_bomb(),
    "bad-chunk": lambda r: raw([b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n["]),
    "bad-length": lambda r: raw([b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: -5\r\n\r\n[]"]),
    "garbage": lambda r: raw([bytes(range(256)) * 64]),
    "redirect-loop": lambda r: redirect(r.base + r.target, 302),
    "redirect-away": lambda r: redirect("http://198.51.100.99" + r.target, 302),
    "redirect-file": lambda r: redirect("file:///etc/passwd", 302),
    "endless-paging": lambda r: _paging(r, next(PAGES)),
    "stuck-paging": lambda r: _paging(r, 0),
}


def raw(parts: Iterable[bytes]) -> Answer:
    return Answer(0, parts=parts)


def repeat_header() -> Answer:
    def lines() -> Iterable[bytes]:
        yield b"HTTP/1.1 200 OK\r\n"
        for number in count():
            yield b"".join(b"X-Header-%d: %s\r\n" % (number * 64 + i, b"a" * 100) for i in range(64))
    return raw(lines())


def faulty_answer(settings: dict, request: Request) -> Answer | None:
    """The answer that replaces the normal one, None if the rule changes only how it is sent."""
    match settings["do"]:
        case "error":
            return error_answer(settings)
        case "hostile":
            return HOSTILE[settings["kind"]](request)
        case "page":
            return Answer(settings.get("status", 200), settings.get("body", "").encode(),
                          {"Content-Type": settings.get("type", "text/html")})
    return None
