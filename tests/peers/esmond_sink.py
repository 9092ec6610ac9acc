"""The writing side of an esmond archive: POST of metadata, PUT of points under the key, with its quirks.

Registering what is known answers with the same document; a PUT is worked through in order and stops at the first point
that is wrong (400) or, of integers, floats and ratios, there already (409), after what came before was stored.
"""
from __future__ import annotations

import hashlib
import json

from sink import Request

ROOT = "/esmond/perfsonar/archive/"
RATIOS = ("packet-loss-rate", "packet-loss-rate-bidir")
OVERWRITTEN = ("histogram-", "packet-trace", "failures", "pscheduler-", "throughput-subintervals")
REQUIRED = ("subject-type", "source", "destination", "measurement-agent", "input-source", "input-destination", "tool-name", "event-types")


def detail(status: int, text: str) -> tuple:
    return status, json.dumps({"detail": text}).encode()


class EsmondSink:
    def __init__(self, token: str = "") -> None:
        self.token = token
        self.metadata: dict[str, dict] = {}
        self.points: dict[tuple[str, str, int], object] = {}
        self.repeated = 0
        self.read_only = False

    def answer(self, request: Request) -> tuple:
        path = request.path.partition("?")[0]
        if not path.startswith(ROOT):
            return 404, b"<h1>Not Found</h1>", {"Content-Type": "text/html"}
        if request.method == "GET":
            return 200, json.dumps(list(self.metadata.values())).encode()
        if self.read_only:
            return 405, b"<h1>Method Not Allowed</h1>", {"Content-Type": "text/html"}
        if not path.endswith("/"):
            return 301, b"", {"Location": request.path + "/"}
        if self.token and request.headers.get("authorization") != f"Token {self.token}":
            return detail(401, "Authentication credentials were not provided.")
        if request.headers.get("content-type") != "application/json":
            return detail(415, "Unsupported media type")
        try:
            body = json.loads(request.body)
        except ValueError:
            return detail(400, "JSON parse error")
        key = path[len(ROOT):].rstrip("/")
        if request.method == "POST" and not key:
            return self._register(body)
        if request.method == "PUT" and key:
            return self._store(key, body)
        return detail(405, "Method not allowed")

    def _register(self, body: dict) -> tuple:
        missing = [name for name in REQUIRED if name not in body]
        if missing or "metadata-key" in body:
            return detail(400, f"missing: {missing}")
        key = hashlib.md5(json.dumps(body, sort_keys=True).lower().encode()).hexdigest()
        known = key in self.metadata
        self.metadata[key] = body | {"metadata-key": key, "uri": f"{ROOT}{key}/"}
        return 200 if known else 201, json.dumps(self.metadata[key]).encode()

    def _store(self, key: str, body: dict) -> tuple:
        if key not in self.metadata:
            return detail(404, "Not found.")
        for entry in body["data"]:
            for point in entry["val"]:
                if stopped := self._point(key, entry["ts"], point["event-type"], point["val"]):
                    return stopped
        return 201, b"[]"

    def _point(self, key: str, ts: int, event_type: str, value: object) -> tuple | None:
        if event_type not in [each["event-type"] for each in self.metadata[key]["event-types"]]:
            return None  # taken, and lost
        if event_type in RATIOS and not (isinstance(value, dict) and value.get("denominator", 0) > 0 and value.get("numerator", -1) >= 0):
            return detail(400, f"Malformed percentage {value}")
        if (key, event_type, ts) in self.points:
            self.repeated += 1
            if not event_type.startswith(OVERWRITTEN):
                return detail(409, "Record with the same timestamp exists")
        self.points[key, event_type, ts] = value
        return None
