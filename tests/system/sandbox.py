"""A booted systemd with meshprobe installed as a package would do it, and simulated measurement hosts around it.

    class Something(SystemTest):
        hosts = 5
        def test_something(self):
            self.start()
            self.eventually("all hosts delivered", lambda: len(self.delivered_hosts()) == 5)

Hosts are ps1.example.org ... at 192.0.2.1 ..., the mesh is https://mesh.example.org/pub/config (198.51.100.1, its
certificate verifies against /etc/meshprobe/mesh-ca.pem). Everything is inside the sandbox: it has no other network.
"""
from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
PEERS = HERE.parent / "peers"
TOOL = HERE / "systemd-sandbox"
STAGE = Path(os.environ.get("MESHPROBE_STAGE", ""))
LOCAL_ARCHIVE = "/var/lib/meshprobe/archive/local.db"
CONTROL = "http://127.0.0.1:9999/control"
SKIPPED = 77

sys.path.insert(0, str(PEERS))
import expect  # noqa: E402

PEERS_SERVICE = """\
[Unit]
Description=Simulated measurement hosts
Before=meshprobe.target meshprobe-refresh.service
DefaultDependencies=no
After=sysinit.target

[Service]
Type=notify
LimitNOFILE=65536
ExecStartPre=ip -force -batch /opt/peers/addresses
ExecStart=/usr/bin/python3 /opt/peers/measurement_host.py --config /opt/peers/config.json
StandardOutput=null

[Install]
WantedBy=sysinit.target
"""


class Failed(AssertionError):
    pass


class Sandbox:
    def __init__(self, name: str):
        self.name = name

    def tool(self, *arguments: str, **options) -> subprocess.CompletedProcess:
        return subprocess.run([str(TOOL), *arguments], text=True, check=False, **options)

    def up(self, stage: Path) -> None:
        done = self.tool("up", self.name, "--owner", str(os.getpid()), "--copy", f"{stage}:/", "--copy", f"{PEERS}:/opt/peers", capture_output=True)
        if done.returncode:
            raise Failed(f"the sandbox did not boot: {done.stderr}")

    def down(self) -> None:
        self.tool("down", self.name)

    def run(self, *command: str, check: bool = True, stdin: str | None = None) -> str:
        done = self.tool("exec", self.name, "--", *command, input=stdin, capture_output=True)
        if check and done.returncode:
            raise Failed(f"{' '.join(command)}: status {done.returncode}\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
        return done.stdout

    def status_of(self, *command: str) -> int:
        return self.tool("exec", self.name, "--", *command, capture_output=True).returncode

    def shell(self, script: str, check: bool = True) -> str:
        return self.run("/bin/bash", "-c", script, check=check)

    def write(self, path: str, text: str) -> None:
        self.run("/bin/sh", "-c", 'mkdir -p "${1%/*}" && cat >"$1"', "sh", path, stdin=text)

    def reboot(self, hard: bool = False) -> None:
        done = self.tool("reboot", self.name, *(["--hard"] if hard else []), capture_output=True)
        if done.returncode:
            raise Failed(f"reboot: {done.stderr}")

    def install(self, hosts: list[dict], meshes: list[dict], **more: object) -> None:
        """Simulated hosts, their names, and what a package's postinst does."""
        mesh_server = {"name": "mesh.example.org", "address": "198.51.100.1", "https": 443, "http": 80, "tls": "ca"}
        config = {"control": {"port": 9999}, "keep": True, "certificates": "/opt/peers/certificates", "mesh_server": mesh_server,
                  "hosts": hosts, "meshes": meshes} | more
        self.write("/opt/peers/config.json", json.dumps(config))
        places = {host["address"]: host["name"] for host in [mesh_server, *hosts]}
        self.write("/opt/peers/addresses", "".join(f"addr add {address}/32 dev lo\n" for address in places))
        self.shell("cat >>/etc/hosts <<'END'\n" + "".join(f"{address} {name}\n" for address, name in places.items()) + "END")
        self.write("/etc/systemd/system/peers.service", PEERS_SERVICE)
        self.shell("systemd-sysusers && systemd-tmpfiles --create --prefix=/var/lib/meshprobe --prefix=/run/meshprobe --prefix=/etc/meshprobe"
                   " && journalctl --quiet --update-catalog && systemctl daemon-reload && systemctl --quiet enable --now peers.service"
                   " && install -D -m 644 /opt/peers/certificates/ca.pem /etc/meshprobe/mesh-ca.pem")


def simulated_hosts(count: int, first: int = 1, **settings: object) -> list[dict]:
    """ps1.example.org at 192.0.2.1 ...; every third an elmond; a result every 10 s, without the usual slow tests."""
    usual = {"https": 443, "http": 80, "interval": 10, "duration": 2, "entries": 2, "late": 0.0, "buckets": 8}
    return [usual | {"name": f"ps{i}.example.org", "address": f"192.0.2.{i}", "flavour": "elmond" if i % 3 == 0 else "esmond"} | settings
            for i in range(first, first + count)]


def skip_without_sandbox() -> None:
    check = subprocess.run([str(TOOL), "check"], capture_output=True, text=True, check=False)
    if check.returncode == SKIPPED:
        print(check.stderr.strip(), "- skipped")
        sys.stdout.flush()
        os._exit(SKIPPED)


class SystemTest(unittest.TestCase):
    hosts = 3                     # simulated and in the mesh
    unlisted = 1                  # simulated, not in the mesh
    settings: dict = {}           # of the simulated hosts
    configuration = """\
meshes:
  campus: {url: "https://mesh.example.org/pub/config", tls: {ca: /etc/meshprobe/mesh-ca.pem}, refresh: 1h}
tasks:
  default: {interval: 10s, first-run: 10min}
"""

    def setUp(self) -> None:
        skip_without_sandbox()
        self.sandbox = Sandbox(f"mp-{os.getpid()}")
        self.addCleanup(self.sandbox.down)
        self.sandbox.up(STAGE)
        self.specs = simulated_hosts(self.hosts + self.unlisted, **self.settings)
        names = [spec["name"] for spec in self.specs]
        self.sandbox.install(self.specs, [{"name": "campus", "hosts": names[:self.hosts]}])
        self.configure(self.configuration)

    def tearDown(self) -> None:
        result = self._outcome.result
        if any(test is self for test, _ in result.failures + result.errors):
            print(self.sandbox.run("journalctl", "-b", "--no-pager", "-o", "short-iso", "-n", "150", "-p", "notice", check=False))
            print(self.sandbox.run("meshprobectl", "status", check=False))

    # -- doing --------------------------------------------------------------------------------------------

    def configure(self, text: str, name: str = "") -> None:
        """/etc/meshprobe/meshprobe.yaml, or the drop-in NAME."""
        self.sandbox.write(f"/etc/meshprobe/meshprobe.yaml.d/{name}.yaml" if name else "/etc/meshprobe/meshprobe.yaml", text)

    def start(self) -> None:
        self.systemctl("enable", "--now", "--quiet", "meshprobe.target")

    def systemctl(self, *arguments: str, check: bool = True) -> str:
        return self.sandbox.run("systemctl", *arguments, check=check)

    def refresh(self) -> None:
        """One refresh, and converge done with what it brought."""
        self.converged()
        before = self.show("meshprobe-converge.service", "InvocationID")
        self.systemctl("start", "meshprobe-refresh.service")
        self.eventually("converge ran after the refresh", lambda: self.show("meshprobe-converge.service", "InvocationID") != before)
        self.converged()

    def converged(self) -> None:
        self.eventually("converge ended", lambda: self.show("meshprobe-converge.service", "ActiveState") in ("inactive", "failed"))

    def mesh(self, names: list[str], **switches: object) -> None:
        self.peers("PUT", "meshes/campus", {"hosts": names} | switches)

    def peers(self, method: str, path: str, body: object = None):
        return json.loads(self.sandbox.run("curl", "-sS", "--fail-with-body", "-X", method, "-d", json.dumps(body), f"{CONTROL}/{path}"))

    # -- looking ------------------------------------------------------------------------------------------

    def show(self, unit: str, property_name: str) -> str:
        return self.systemctl("show", "--value", "-p", property_name, unit).strip()

    def show_manager(self, property_name: str) -> str:
        return self.systemctl("show", "--value", "-p", property_name).strip()

    def active(self, unit: str) -> bool:
        return self.show(unit, "ActiveState") in ("active", "activating")

    def journal(self, *matches: str) -> list[dict]:
        text = self.sandbox.run("journalctl", "-o", "json", "--all", "--no-pager", *matches, check=False)
        return [json.loads(line) for line in text.splitlines()]

    def query(self, sql: str) -> list:
        """Of the local archive; [] as long as there is none."""
        done = self.sandbox.run("python3", "-c", QUERY, LOCAL_ARCHIVE, sql)
        return json.loads(done)

    def delivered_hosts(self) -> set[str]:
        return {row[0] for row in self.query("SELECT DISTINCT host FROM results")}

    def status(self) -> dict:
        return json.loads(self.sandbox.run("meshprobectl", "status", "--json", check=False))

    def server_now(self) -> int:
        return int(time.time())

    def verdict(self, since: int, until: int, renamed: dict[str, set[str]] | None = None, only: set[str] | None = None) -> expect.Verdict:
        """What the local archive holds, against what the hosts have measured in [since, until] and archived by `until`."""
        local = f"/tmp/{self.sandbox.name}.db"
        try:
            self.sandbox.run("python3", "-c", BACKUP, LOCAL_ARCHIVE, "/tmp/copy.db")
            with open(local, "wb") as copy:
                subprocess.run([str(TOOL), "exec", self.sandbox.name, "--", "cat", "/tmp/copy.db"], stdout=copy, check=True)
            specs = [spec for spec in self.peers("GET", "hosts") if only is None or spec["name"] in only]
            hosts = [(expect.data_of(spec), {spec["name"], *(renamed or {}).get(spec["name"], set())}) for spec in specs]
            return expect.compare(expect.from_sqlite(local), hosts, since, until, until)
        finally:
            Path(local).unlink(missing_ok=True)

    def eventually(self, what: str, condition, timeout: float = 60):
        """Until `condition` is true, which is returned; it is asked often, so that the time it took means something."""
        started = time.monotonic()
        while not (value := condition()):
            if time.monotonic() - started > timeout:
                raise Failed(f"not within {timeout:.0f} s: {what}")
            time.sleep(0.1)
        print(f"  {time.monotonic() - started:6.1f} s  {what}", flush=True)
        return value


QUERY = """
import json, os, sqlite3, sys
rows = []
if os.path.exists(sys.argv[1]):
    database = sqlite3.connect("file:%s?mode=ro" % sys.argv[1], uri=True, timeout=10)
    try:
        rows = database.execute(sys.argv[2]).fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise
print(json.dumps(rows))
"""
BACKUP = """
import sqlite3, sys
source = sqlite3.connect("file:%s?mode=ro" % sys.argv[1], uri=True, timeout=10)
target = sqlite3.connect(sys.argv[2])
source.backup(target)
target.execute("PRAGMA journal_mode=DELETE")
"""


def main() -> None:
    unittest.main(verbosity=2)
