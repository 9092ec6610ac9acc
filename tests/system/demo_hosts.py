#!/usr/bin/python3
"""The simulated campus that ./demo shows: demo_hosts.py SANDBOX setup|await"""
import json
import subprocess
import sys
import time

from sandbox import LOCAL_ARCHIVE, TOOL, Sandbox

NAMES = ["ps-bandwidth.example.net", "ps-latency.example.net", "perfsonar.physics.example.edu", "ps1.grid.example.org",
         "ps2.grid.example.org", "ps-dmz.example.edu"]
CONFIGURATION = """\
meshes:
  campus:
    url: https://mesh.example.org/pub/config
    tls: {ca: /etc/meshprobe/mesh-ca.pem}
tasks:
  default: {interval: 15s, first-run: 2h}
"""


RUN_NEWS = "MESSAGE_ID=3ceaaf308142c8ea91d93080f9b439fc"


def setup(sandbox: Sandbox) -> None:
    hosts = [{"name": name, "address": f"192.0.2.{i + 1}", "https": 443, "http": 80, "flavour": "elmond" if i >= 4 else "esmond",
              "entries": 4, "interval": 30, "duration": 10} for i, name in enumerate(NAMES)]
    sandbox.install(hosts, [{"name": "campus", "hosts": NAMES}])
    sandbox.write("/etc/meshprobe/meshprobe.yaml", CONFIGURATION)


def await_delivery(sandbox: Sandbox) -> bool:
    """Until the journal has news of every host, and the local archive results of every host."""
    command = [str(TOOL), "exec", sandbox.name, "--", "timeout", "90", "journalctl", "-f", "-n", "all", "-o", "json", RUN_NEWS]
    missing = set(NAMES)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as journal:
        for line in journal.stdout:
            missing.discard(json.loads(line).get("MESHPROBE_HOST"))
            if not missing:
                journal.terminate()
    deadline = time.monotonic() + 30
    while not missing and time.monotonic() < deadline:
        delivered = sandbox.run("sqlite3", "-readonly", LOCAL_ARCHIVE, "SELECT DISTINCT host FROM results", check=False)
        if set(delivered.split()) == set(NAMES):
            return True
        time.sleep(0.1)
    return False


def main() -> int:
    sandbox = Sandbox(sys.argv[1])
    if sys.argv[2:] == ["await"]:
        return 0 if await_delivery(sandbox) else 1
    setup(sandbox)
    return 0


if __name__ == "__main__":
    sys.exit(main())
