#!/usr/bin/python3
"""The simulated campus that ./demo shows: demo_hosts.py SANDBOX setup|await"""
import json
import subprocess
import sys

from sandbox import TOOL, Sandbox

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
DELIVERED = "MESSAGE_ID=ac3e0b5bc29177094c1e26038dabf68e"


def setup(sandbox: Sandbox) -> None:
    hosts = [{"name": name, "address": f"192.0.2.{i + 1}", "https": 443, "http": 80, "flavour": "elmond" if i >= 4 else "esmond",
              "entries": 4, "interval": 30, "duration": 10} for i, name in enumerate(NAMES)]
    sandbox.install(hosts, [{"name": "campus", "hosts": NAMES}])
    sandbox.write("/etc/meshprobe/meshprobe.yaml", CONFIGURATION)


def await_delivery(sandbox: Sandbox) -> bool:
    """Until every host brought news and something was delivered after the last of them."""
    command = [str(TOOL), "exec", sandbox.name, "--", "timeout", "90", "journalctl", "-f", "-n", "all", "-o", "json", RUN_NEWS, "+", DELIVERED]
    missing = set(NAMES)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as journal:
        for line in journal.stdout:
            entry = json.loads(line)
            if f"MESSAGE_ID={entry['MESSAGE_ID']}" == DELIVERED and not missing:
                journal.terminate()
                return True
            missing.discard(entry.get("MESHPROBE_HOST"))
    return False


def main() -> int:
    sandbox = Sandbox(sys.argv[1])
    if sys.argv[2:] == ["await"]:
        return 0 if await_delivery(sandbox) else 1
    setup(sandbox)
    return 0


if __name__ == "__main__":
    sys.exit(main())
