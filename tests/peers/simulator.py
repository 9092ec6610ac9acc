"""The simulator as tests use it: started in its own process, changed while it runs, ended with the test."""
from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

PROGRAM = Path(__file__).parent / "measurement_host.py"


class Simulator:
    """with Simulator(config) as peers: peers.hosts, peers.mesh, peers.ca; config as in measurement_host.py."""

    def __init__(self, config: dict):
        self.directory = tempfile.TemporaryDirectory(prefix="peers-")
        path = Path(self.directory.name)
        (path / "config.json").write_text(json.dumps({"certificates": str(path / "certificates")} | config))
        self.process = subprocess.Popen([sys.executable, str(PROGRAM), "--config", str(path / "config.json"), "--until-eof"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the simulator did not start, status {self.process.wait()}")
        ready = json.loads(line)
        self.control, self.mesh, self.ca, self.hosts = ready["control"], ready["mesh"], ready["ca"], ready["hosts"]

    def __enter__(self) -> "Simulator":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.directory.cleanup()

    def call(self, method: str, path: str, body: object = None):
        return call(self.control, method, path, body)

    def change(self, host: str, **patch: object) -> dict:
        return self.call("PATCH", f"hosts/{host}", patch)

    def counts(self, host: str) -> dict:
        return self.call("GET", f"counts?host={host}")

    def requests(self, host: str) -> list[dict]:
        return self.call("GET", f"requests?host={host}")

    def reset_counts(self) -> None:
        self.call("POST", "counts/reset")

    def mesh_hosts(self, mesh: str, hosts: list[str], **switches: object) -> None:
        self.call("PUT", f"meshes/{mesh}", {"hosts": hosts} | switches)

    def config(self) -> dict:
        return self.call("GET", "config")


def call(control: str, method: str, path: str, body: object = None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{control}/control/{path}", data=data, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)
