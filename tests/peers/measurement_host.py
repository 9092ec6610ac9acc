#!/usr/bin/python3
"""Simulates perfSONAR measurement hosts, any number in one process, and the mesh documents that name them.

A host shows the same runs through each of its faces: its archive API (archive_api.py), pScheduler's REST API
(pscheduler_api.py) and OpenSearch (opensearch_api.py); pushed.py writes what its pScheduler would push.

    measurement_host.py --hosts 3                      three hosts on loopback, ports chosen by the kernel
    measurement_host.py --config FILE [--ready FILE]   as FILE says

When everything listens, one line of JSON on standard output (and in --ready FILE) tells where:
    {"control": URL, "mesh": URL, "ca": FILE, "hosts": {NAME: {"endpoint": "host[:port]", "https": PORT, "http": PORT, "pin": ...}}}
It ends on SIGTERM, SIGINT, or with --until-eof when its standard input ends.

FILE: {"control": {"address": "127.0.0.1", "port": 0}, "certificates": DIR, "history": SECONDS, "hosts": [HOST...],
       "mesh_server": HOST without data, "meshes": [MESH...], "keep": true}           MESH: see mesh_documents.py
       keep: what the control server changes is written back to FILE, for the next start
HOST: the fields of data_model.HostData (`faces` says what it serves, and may be changed while it runs), and
  address (127.0.0.1), https (0: any port, null: off), http (the same; default null)   where it listens
  http_mode       "serve", "redirect" to https, or "as-https": what is there over https only answers, too
  tls             "self-signed", "ca", "expired", "other-name"; key_generation: another number is another key
  client_ca       clients must show a certificate of this CA
  latency         seconds before each answer       bytes_per_second   for everything it sends
  skew            its clock minus ours, seconds    gzip               compresses answers when asked to
  dead            refuses connections              blackhole          accepts them and never answers
  faults          list of rules, see faults.py
  documents       by path: JSON, or text as it is; validator: "etag" (the default), "last-modified" or "none"
A measurement starts at `since` (default: now - history) and goes on until `until`, if given.

The control server answers JSON:
  GET    /control/hosts, /control/hosts/NAME      specifications with ports filled in
  PATCH  /control/hosts/NAME                      merges the body in; takes effect at once ("*": all hosts)
  POST   /control/hosts                           one more host          DELETE /control/hosts/NAME
  PUT    /control/meshes/NAME                     replaces a mesh        DELETE /control/meshes/NAME
  GET    /control/counts[?host=NAME]              connections, requests, by path (ids of tasks and runs are *), by status, bytes
  GET    /control/requests?host=NAME              the last 10 000 request targets
  POST   /control/counts/reset                    GET /control/config: all, as a FILE that expect.py reads
"""
from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path

import control
from certificates import Certificates
from host import Host
from mesh_documents import ROOT, MeshDocuments

class Simulator:
    def __init__(self, config: dict):
        self.certificates = Certificates(config.get("certificates") or tempfile.mkdtemp(prefix="peers-certificates-"))
        self.settings = {name: value for name, value in config.items() if name in ("control", "history", "keep")}
        self.since = int(time.time()) - config.get("history", 2 * 86400)
        self.hosts: dict[str, Host] = {}
        self.documents = MeshDocuments(config.get("meshes", []), self.archive_url, time.time)
        mesh_server = config.get("mesh_server", {"name": "127.0.0.1", "https": None, "http": 0})
        self.mesh_host = Host({"tls": "ca"} | mesh_server, self.certificates, self.documents.answer)
        for spec in config.get("hosts", []):
            self.make(spec)

    def make(self, spec: dict) -> Host:
        host = Host({"since": self.since} | spec, self.certificates)
        self.hosts[host.name if host.name not in self.hosts else f"{host.name}#{len(self.hosts)}"] = host
        return host

    def archive_url(self, name: str) -> str:
        """Of a host by name or endpoint; a name that is not simulated is taken as it is."""
        host = self.hosts.get(name) or next((each for each in self.hosts.values() if each.spec.get("endpoint") == name), None)
        return f"{host.spec['mesh_scheme']}://{host.spec['endpoint']}{ROOT}" if host else f"https://{name}{ROOT}"

    async def start(self) -> None:
        await self.mesh_host.listen()
        for host in self.hosts.values():
            await host.listen()

    def config(self) -> dict:
        return self.settings | {"hosts": [host.spec for host in self.hosts.values()], "mesh_server": self.mesh_host.spec,
                                "meshes": list(self.documents.meshes.values()), "certificates": str(self.certificates.directory)}

    def keep(self, path: str | None) -> None:
        if path and self.settings.get("keep"):
            partial = Path(path + ".new")
            partial.write_text(json.dumps(self.config()))
            partial.rename(path)

    def ready(self, control_port: int, control_address: str) -> dict:
        keep = ("endpoint", "address", "https", "http", "pin", "flavour")
        scheme = "https" if self.mesh_host.spec["https"] else "http"
        return {"control": f"http://{control_address}:{control_port}",
                "mesh": f"{scheme}://{self.mesh_host.endpoint(scheme)}/pub/config", "ca": str(self.certificates.ca),
                "hosts": {name: {k: host.spec[k] for k in keep if k in host.spec} for name, host in self.hosts.items()}}


def loopback_config(number: int) -> dict:
    """--hosts N: every third an elmond, all named by address, and one mesh `all` of them."""
    hosts = [{"name": f"127.0.0.{i + 2}", "address": f"127.0.0.{i + 2}", "flavour": "elmond" if i % 3 == 2 else "esmond"}
             for i in range(number)]
    return {"hosts": hosts, "meshes": [{"name": "all", "hosts": [host["name"] for host in hosts]}]}


def notify_systemd() -> None:
    if path := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.sendto(b"READY=1", path.replace("@", "\0", 1))


async def run(arguments: argparse.Namespace) -> None:
    config = json.loads(Path(arguments.config).read_text()) if arguments.config else loopback_config(arguments.hosts)
    simulator = Simulator(config)
    await simulator.start()
    address = config.get("control", {}).get("address", "127.0.0.1")
    port = await control.start(simulator, address, config.get("control", {}).get("port", 0), arguments.config)
    line = json.dumps(simulator.ready(port, address))
    if arguments.ready:
        partial = Path(arguments.ready + ".new")
        partial.write_text(line + "\n")
        partial.rename(arguments.ready)
    print(line, flush=True)
    notify_systemd()
    end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end.set)
    if arguments.until_eof:
        loop.run_in_executor(None, lambda: (sys.stdin.read(), loop.call_soon_threadsafe(end.set)))
    await end.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", metavar="FILE")
    parser.add_argument("--hosts", type=int, default=3, metavar="N")
    parser.add_argument("--ready", metavar="FILE")
    parser.add_argument("--until-eof", action="store_true", help="end when standard input ends")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
