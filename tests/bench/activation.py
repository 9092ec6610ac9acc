#!/usr/bin/python3
"""What each setting of the probe's sandbox costs at every run, and what it takes off the exposure.

    tests/bench/activation.py [--rounds N] [--template FILE]      as root; prints, never asserts

In a booted systemd in a container, CPU time of everything in it (service manager, journal, D-Bus, the child /bin/true) for
one activation of a oneshot: the bare unit, the bare unit with one setting more, the template, and the template with
one setting more or one less. Each batch starts many instances through a target; rounds are interleaved and the median
counts, so that a busy machine disturbs all alike; compare
with the bare unit, which takes 5 ms on a calm one. "... and" adds up from line to line, on top of the template. Exposure: systemd-analyze security, of 10.
"""
from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS / "system"))
from sandbox import TOOL, Sandbox  # noqa: E402

TEMPLATE = TESTS.parent / "templates/meshprobe@.service.in"
BATCH = 25

# What is not about the sandbox, or is what any variant has.
COMMON = ["Type=oneshot", "ExecStart=/bin/true", "User=nobody", "Slice=bench.slice", "LogLevelMax=notice", "SyslogLevel=warning", "LogExtraFields=A=%N",
          "SystemCallArchitectures=native"]
MOUNTS = ["ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes", "PrivateDevices=yes", "ProtectProc=invisible", "ProcSubset=pid",
          "ProtectControlGroups=yes", "ProtectKernelLogs=yes", "ProtectKernelModules=yes", "ProtectKernelTunables=yes", "ProtectHostname=yes"]
# The cheapest first: the first three or so bring the mount namespace, which is most of the price.
LADDER = ["ProtectSystem=strict", "PrivateTmp=yes", "ProtectKernelModules=yes", "ProtectKernelLogs=yes", "PrivateDevices=yes", "ProtectHome=yes",
          "ProtectControlGroups=yes", "ProtectProc=invisible", "ProtectKernelTunables=yes", "ProcSubset=pid"]
FURTHER = [*MOUNTS, "IPAddressDeny=any", "KeyringMode=private", "PrivateNetwork=yes"]


def settings_of(template: Path) -> list[str]:
    """The settings of the template that are about the sandbox; those of one name belong together."""
    lines = template.read_text().split("[Service]")[1].splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("NoNewPrivileges="))
    chosen: dict[str, str] = {}
    for line in lines[start:]:
        if line and not line.startswith(("#", "@", "[")) and not line.startswith("SystemCallArchitectures"):
            name = line.split("=")[0]
            chosen[name] = chosen.get(name, "") + line + "\n"
    # One filter: the error number has no meaning alone.
    if "SystemCallErrorNumber" in chosen:
        chosen["SystemCallFilter"] += chosen.pop("SystemCallErrorNumber")
    return [text.rstrip() for text in chosen.values()]


def variants(chosen: list[str]) -> dict[str, list[str]]:
    names = {text.split("\n")[0] for text in chosen}
    further = [text for text in FURTHER if text not in names]
    found: dict[str, list[str]] = {"bare": [], "template": chosen, "template and all mount settings": [*chosen, *[m for m in MOUNTS if m not in names]]}
    ladder = list(chosen)
    for text in LADDER:
        if text not in names:
            ladder = [*ladder, text]
            found["... and " + text] = ladder
    for text in [*chosen, *further]:
        found["bare + " + text.split("\n")[0]] = [text]
    for text in chosen:
        found["template - " + text.split("\n")[0]] = [each for each in chosen if each != text]
    for text in further:
        found["template + " + text] = [*chosen, text]
    return found


class Bench:
    def __init__(self, sandbox: Sandbox, found: dict[str, list[str]]):
        self.sandbox = sandbox
        self.usage = [path for path in Path("/sys/fs/cgroup").glob(f"*/systemd-sandbox/{sandbox.name}/cpuacct.usage")]
        self.units = {name: f"bench{i}" for i, name in enumerate(found)}
        files = {}
        for name, settings in found.items():
            unit = self.units[name]
            files[f"{unit}@.service"] = "[Unit]\nStartLimitIntervalSec=0\n[Service]\n" + "\n".join([*COMMON, *settings]) + "\n"
            files[f"{unit}.target"] = "[Unit]\nWants=" + " ".join(f"{unit}@{i}.service" for i in range(BATCH)) + "\n"
        writer = "import json,sys\nfor n,t in json.load(sys.stdin).items(): open('/etc/systemd/system/'+n,'w').write(t)"
        sandbox.run("python3", "-c", writer, stdin=json.dumps(files))
        sandbox.run("systemctl", "daemon-reload")

    def cpu(self) -> float:
        """ms, of everything in the sandbox"""
        if self.usage:
            return int(self.usage[0].read_text()) / 1e6
        text = self.sandbox.run("cat", "/sys/fs/cgroup/cpu.stat")
        return int(text.split("usage_usec ")[1].split()[0]) / 1e3

    def batch(self, name: str) -> float:
        unit = self.units[name]
        before = self.cpu()
        # A target does not wait for what it wants, unless that is ordered before it, as wanted services are.
        self.sandbox.run("systemctl", "start", f"{unit}.target")
        spent = self.cpu() - before
        self.sandbox.run("systemctl", "stop", f"{unit}.target")
        return spent / BATCH

    def exposure(self, name: str) -> float:
        text = self.sandbox.run("systemd-analyze", "security", "--no-pager", f"{self.units[name]}@0.service", check=False)
        return float(text.split("exposure level for")[1].split(":")[1].split()[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--template", type=Path, default=TEMPLATE)
    options = parser.parse_args()
    if subprocess.run([str(TOOL), "check"], check=False).returncode:
        sys.exit(77)
    sandbox = Sandbox(f"bench-{os.getpid()}")
    done = sandbox.tool("up", sandbox.name, "--owner", str(os.getpid()), capture_output=True)
    if done.returncode:
        sys.exit(f"the sandbox did not boot: {done.stderr}")
    try:
        found = variants(settings_of(options.template))
        bench = Bench(sandbox, found)
        spent: dict[str, list[float]] = {name: [] for name in found}
        for _ in range(options.rounds):
            for name in found:
                spent[name].append(bench.batch(name))
        mounts = sandbox.shell("grep -c . /proc/self/mountinfo").strip()
        print(f"ms of CPU for one activation, median of {options.rounds} x {BATCH}; load {os.getloadavg()[0]:.1f}, {mounts} mounts")
        for name in found:
            times = spent[name]
            print(f"{name:60}{statistics.median(times):8.1f}{min(times):8.1f}{bench.exposure(name):8.1f}", flush=True)
    finally:
        sandbox.down()


if __name__ == "__main__":
    main()
