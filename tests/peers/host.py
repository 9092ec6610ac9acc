"""One simulated machine: its specification, data, faults, counts and listening sockets."""
from __future__ import annotations

import hashlib
import json
import re
import time
from collections import Counter, deque
from dataclasses import fields, replace
from email.utils import formatdate

import archive_api
import opensearch_api
import pscheduler_api
from answer import Answer, Request, html_answer, redirect
from certificates import Certificates
from data_model import HostData
from faults import Rule
from http_server import HttpServer

DATA_FIELDS = {each.name for each in fields(HostData)}
# Face -> the path below which it answers, and what answers.
FACES = {"esmond": (archive_api.ROOT, archive_api.ArchiveApi), "elmond": (archive_api.ROOT, archive_api.ArchiveApi),
         "pscheduler": (pscheduler_api.ROOT, pscheduler_api.PSchedulerApi), "opensearch": (opensearch_api.ROOT, opensearch_api.OpenSearchApi)}
ID = re.compile(r"/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(?=/|$)")
LISTENING = {"address", "https", "http", "tls", "key_generation", "client_ca", "dead", "blackhole"}
OTHER = {"http_mode", "latency", "bytes_per_second", "skew", "gzip", "faults", "mesh_scheme", "endpoint", "pin", "documents", "validator"}


class Counts:
    def __init__(self) -> None:
        self.connections = self.open = self.requests = self.bytes = 0
        self.paths: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self.log: deque[dict] = deque(maxlen=10000)

    def add(self, scheme: str, request: Request) -> None:
        self.requests += 1
        self.paths[ID.sub("/*", request.path)] += 1
        self.log.append({"time": time.time(), "scheme": scheme, "method": request.method, "target": request.target,
                         "agent": request.headers.get("user-agent", "")})

    def answered(self, status: int) -> None:
        self.statuses[status] += 1

    def document(self) -> dict:
        return {"connections": self.connections, "open": self.open, "requests": self.requests, "bytes": self.bytes,
                "paths": dict(self.paths), "statuses": dict(self.statuses)}


class Host:
    def __init__(self, spec: dict, certificates: Certificates, serve=None):
        unknown = spec.keys() - DATA_FIELDS - LISTENING - OTHER
        if unknown:
            raise ValueError(f"host {spec.get('name')}: unknown keys {sorted(unknown)}")
        self.spec = {"address": "127.0.0.1", "https": 0, "http": None, "tls": "self-signed", "key_generation": 1} | spec
        self.certificates = certificates
        self.counts = Counts()
        self.servers: list[HttpServer] = []
        self._serve = serve
        self.configure()

    def configure(self) -> None:
        self.configured_at = time.time()
        data = HostData(**{k: v for k, v in self.spec.items() if k in DATA_FIELDS})
        self.rules = [Rule(each) for each in self.spec.get("faults", [])]
        self.faces = {FACES[face][0]: FACES[face][1](data) for face in data.faces}

    @property
    def name(self) -> str:
        return self.spec["name"]

    def now(self) -> int:
        return int(time.time() + self.spec.get("skew", 0))

    def rule(self, target: str) -> dict | None:
        return next((rule.settings for rule in self.rules if rule.applies(target)), None)

    def answer(self, request: Request) -> Answer:
        if request.scheme == "http" and self.spec.get("http_mode", "serve") == "redirect":
            return redirect(f"https://{self.endpoint('https')}{request.target}")
        if request.scheme == "http" and self.spec.get("http_mode") == "as-https":
            request = replace(request, scheme="https")
        if self._serve:
            return self._serve(request)
        if request.path in self.spec.get("documents", {}):
            return self._document(request)
        face = next((face for root, face in self.faces.items() if (request.path + "/").startswith(root + "/")), None)
        return face.answer(request, self.now()) if face else html_answer(404, "The requested URL was not found on this server.")

    def _document(self, request: Request) -> Answer:
        """One of "documents", by path: JSON, or text that is served as it is. "validator": "etag" (the default), "last-modified", "none"."""
        document = self.spec["documents"][request.path]
        body = document.encode() if isinstance(document, str) else json.dumps(document).encode()
        validator = self.spec.get("validator", "etag")
        told = {"etag": f'"{hashlib.sha256(body).hexdigest()[:16]}"', "last-modified": formatdate(self.configured_at, usegmt=True), "none": ""}[validator]
        sent = request.headers.get({"etag": "if-none-match", "last-modified": "if-modified-since", "none": ""}[validator])
        headers = {"Content-Type": "application/json"} | ({"ETag" if validator == "etag" else "Last-Modified": told} if told else {})
        return Answer(304, b"", headers) if told and sent == told else Answer(200, body, headers)

    def endpoint(self, scheme: str) -> str:
        """host[:port] as a mesh names it."""
        port = self.spec[scheme]
        return self.name if port in (None, {"https": 443, "http": 80}[scheme]) else f"{self.name}:{port}"

    async def listen(self) -> None:
        await self.stop()
        for scheme in ("https", "http"):
            if self.spec[scheme] is None or (self.spec.get("dead") and self.spec[scheme]):
                continue
            server = HttpServer(self, scheme)
            tls = self._tls() if scheme == "https" else None
            self.spec[scheme] = await server.start(self.spec["address"], self.spec[scheme], tls)
            self.servers.append(server)
        if self.spec.get("dead"):
            await self.stop()
        scheme = "https" if self.spec["https"] else "http"
        self.spec |= {"endpoint": self.endpoint(scheme), "mesh_scheme": self.spec.get("mesh_scheme", scheme)}
        if scheme == "https":
            self.spec["pin"] = self.certificates.pin(self.name, self.spec["tls"], self.spec["key_generation"])

    def _tls(self):
        arguments = self.name, self.spec["tls"], self.spec["key_generation"]
        if self.spec.get("client_ca"):
            return self.certificates.client_context(*arguments, self.spec["client_ca"])
        return self.certificates.context(*arguments)

    async def stop(self) -> None:
        for server in self.servers:
            await server.stop()
        self.servers = []
