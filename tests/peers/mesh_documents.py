"""Mesh documents for the simulated hosts: an include list, pSConfig templates and legacy MeshConfigs.

    /pub/config                 include list of all meshes
    /pub/config/NAME            one mesh, in its own form; ?format=psconfig|meshconfig asks for another

A mesh is {"name": NAME, "form": "psconfig"|"meshconfig", "hosts": [HOST...]}; the optional switches are `list`
(false: not in the include list) and `etags` (false: no ETag, no Last-Modified). HOST is host[:port]; a host with
`"mesh_scheme": "http"` in its specification is named with http.
"""
from __future__ import annotations

import email.utils
import hashlib
import json
from typing import Callable

from answer import Answer, Request, html_answer, json_answer

ROOT = "/esmond/perfsonar/archive/"


def address_of(host: str) -> str:
    return host.rsplit(":", 1)[0].strip("[]") if not host.endswith("]") else host.strip("[]")


def psconfig(name: str, hosts: list[str], urls: list[str]) -> dict:
    """A template with one archive per host and one test over all of them."""
    names = [f"a{i}" for i in range(len(hosts))]
    return {
        "_meta": {"display-name": f"Simulated mesh {name}"},
        "archives": {f"archive-{key}": {"archiver": "esmond", "data": {"url": url, "measurement-agent": "{% scheduled_by_address %}"}}
                     for key, url in zip(names, urls)},
        "addresses": {key: {"address": address_of(host), "host": f"host-{key}"} for key, host in zip(names, hosts)},
        "hosts": {f"host-{key}": {"archives": [f"archive-{key}"]} for key in names},
        "groups": {"all": {"type": "mesh", "addresses": [{"name": key} for key in names]}},
        "tests": {"rtt": {"type": "rtt", "spec": {"source": "{% address[0] %}", "dest": "{% address[1] %}"}}},
        "schedules": {"often": {"repeat": "PT5M"}},
        "tasks": {"rtt-all": {"group": "all", "test": "rtt", "schedule": "often", "archives": []}},
    }


def meshconfig(name: str, hosts: list[str], urls: list[str]) -> dict:
    members = [{"description": f"host {host}", "addresses": [address_of(host)], "no_agent": "0",
                "measurement_archives": [{"type": kind, "read_url": url, "write_url": url} for kind in ("traceroute", "perfsonarbuoy/bwctl")]}
               for host, url in zip(hosts, urls)]
    return {"description": f"Simulated mesh {name}", "administrators": [{"name": "Nobody", "email": "nobody@example.org"}],
            "organizations": [{"description": "Example", "sites": [{"description": "Site", "hosts": members}]}],
            "tests": [{"description": "traces", "members": {"type": "mesh", "members": [address_of(host) for host in hosts]},
                       "parameters": {"type": "traceroute", "test_interval": "600"}}]}


FORMS = {"psconfig": psconfig, "meshconfig": meshconfig}


class MeshDocuments:
    def __init__(self, meshes: list[dict], url_of: Callable[[str], str], now: Callable[[], float]):
        self.meshes = {mesh["name"]: mesh for mesh in meshes}
        self.url_of = url_of
        self.now = now
        self._changed: dict[str, tuple[str, float]] = {}  # path -> ETag, when it came to be

    def answer(self, request: Request) -> Answer:
        parts = request.path.strip("/").split("/")
        if parts[:2] != ["pub", "config"] or len(parts) > 3:
            return html_answer(404, "The requested URL was not found on this server.")
        if len(parts) == 2:
            listed = [name for name, mesh in self.meshes.items() if mesh.get("list", True)]
            return self._conditional(request, [{"include": [f"{request.base}/pub/config/{name}"]} for name in listed], True)
        mesh = self.meshes.get(parts[2])
        if mesh is None:
            return json_answer({"error": "no such config"}, 404)
        form = FORMS.get(request.query.get("format", ""), FORMS[mesh.get("form", "psconfig")])
        hosts = mesh["hosts"]
        document = mesh.get("document") or form(mesh["name"], hosts, [self.url_of(host) for host in hosts])
        return self._conditional(request, document, mesh.get("etags", True))

    def _conditional(self, request: Request, document: object, validators: bool) -> Answer:
        answer = json_answer(json.dumps(document, indent=1).encode())
        if not validators:
            return answer
        tag = '"' + hashlib.sha1(answer.body).hexdigest() + '"'
        if self._changed.get(request.target, ("", 0))[0] != tag:
            self._changed[request.target] = tag, int(self.now())
        modified = self._changed[request.target][1]
        answer.headers |= {"ETag": tag, "Last-Modified": email.utils.formatdate(modified, usegmt=True)}
        given = request.headers.get("if-none-match")
        since = request.headers.get("if-modified-since")
        unchanged = tag in given if given else since is not None and _seconds(since) >= modified
        return Answer(304, headers=answer.headers) if unchanged else answer


def _seconds(date: str) -> float:
    try:
        return email.utils.parsedate_to_datetime(date).timestamp()
    except ValueError:
        return 0
