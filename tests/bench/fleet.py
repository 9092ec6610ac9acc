#!/usr/bin/python3
"""A fleet, swept by its timers in a booted systemd: CPU, peak memory of all together, requests, points per second.

    MESHPROBE_STAGE=DIR tests/bench/fleet.py [--hosts 100 --hosts 200] [--interval 60] [--sweeps 3]

DIR is an installed build of type RelWithDebInfo ("ctest -R system.stage" makes build/release/tests/stage). Hosts have four
tests with results every 10 to 60 s, so that each sweep finds news everywhere. What the simulated hosts themselves
take is told apart. Prints, never asserts.
"""
import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))
from sandbox import STAGE, TOOL, Sandbox, simulated_hosts  # noqa: E402

CONFIGURATION = """\
meshes: {{fleet: {{url: "https://mesh.example.org/pub/config", tls: {{ca: /etc/meshprobe/mesh-ca.pem}}, refresh: 1d}}}}
tasks: {{default: {{interval: {interval}, first-run: 10min}}}}
"""
# CPU seconds by program, and the largest sum of the memory (PSS) of all programs of meshprobe, sampled for a while.
WATCH = """
import json, os, sys, time
tick = os.sysconf("SC_CLK_TCK")
def processes():
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            text = open(f"/proc/{pid}/stat").read()
            yield pid, text[text.index("(") + 1:text.rindex(")")], text.rsplit(")", 1)[1].split()
        except OSError:
            pass
def pss(pid):
    try:
        return next(int(line.split()[1]) for line in open(f"/proc/{pid}/smaps_rollup") if line.startswith("Pss:"))
    except (OSError, StopIteration):
        return 0
end, peak, most = time.monotonic() + float(sys.argv[1]), 0, 0
while time.monotonic() < end:
    mine = [pid for pid, name, _ in processes() if name.startswith("meshprobe-")]
    peak, most = max(peak, sum(map(pss, mine))), max(most, len(mine))
    time.sleep(0.1)
print(json.dumps([peak, most]))
"""


class Fleet:
    def __init__(self, count: int, interval: str):
        self.sandbox = Sandbox(f"fleet-{os.getpid()}-{count}")
        self.sandbox.up(STAGE)
        hosts = simulated_hosts(count, entries=4, tests=["latencybg", "throughput", "rtt", "trace"])
        self.sandbox.install(hosts, [{"name": "campus", "hosts": [host["name"] for host in hosts]}])
        self.sandbox.write("/etc/meshprobe/meshprobe.yaml", CONFIGURATION.format(interval=interval))
        self.usage = next(iter(Path("/sys/fs/cgroup").glob(f"*/systemd-sandbox/{self.sandbox.name}/cpuacct.usage")), None)

    def all_cpu(self) -> float:
        if self.usage:
            return int(self.usage.read_text()) / 1e9
        return int(self.sandbox.run("cat", "/sys/fs/cgroup/cpu.stat").split("usage_usec ")[1].split()[0]) / 1e6

    def cpu_of(self, pid: str) -> float:
        fields = self.sandbox.run("cat", f"/proc/{pid}/stat").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def simulator(self) -> str:
        return self.sandbox.run("systemctl", "show", "--value", "-p", "MainPID", "peers.service").strip()

    def runs(self, since: float) -> list[dict]:
        """Lines of runs that brought news."""
        lines = self.sandbox.run("journalctl", "-o", "json", "--no-pager", f"--since=@{since:.0f}", "-u", "meshprobe@*.service")
        return [entry for entry in map(json.loads, lines.splitlines()) if "MESHPROBE_REQUESTS" in entry]

    def hosts_delivered(self) -> int:
        status = json.loads(self.sandbox.tool("exec", self.sandbox.name, "--", "meshprobectl", "status", "--json", capture_output=True).stdout)
        return sum(1 for host in status["hosts"] if host["last-success"])


def measure(count: int, interval: int, sweeps: int) -> None:
    fleet = Fleet(count, f"{interval}s")
    try:
        fleet.sandbox.run("systemctl", "enable", "--now", "--quiet", "meshprobe.target")
        while fleet.hosts_delivered() < count:
            time.sleep(2)
        time.sleep(interval)  # what the first runs left is past
        simulator = fleet.simulator()
        began, all_cpu, hosts_cpu, manager = time.time(), fleet.all_cpu(), fleet.cpu_of(simulator), fleet.cpu_of("1")
        peak, most = json.loads(fleet.sandbox.run("python3", "-c", WATCH, str(sweeps * interval)))
        seconds = time.time() - began
        all_cpu, hosts_cpu, manager = fleet.all_cpu() - all_cpu, fleet.cpu_of(simulator) - hosts_cpu, fleet.cpu_of("1") - manager
        runs = fleet.runs(began)
        points, requests = (sum(int(run.get(field, 0)) for run in runs) for field in ("MESHPROBE_POINTS", "MESHPROBE_REQUESTS"))
        print(f"{count} hosts every {interval} s, watched for {seconds:.0f} s: {len(runs)} runs with news", flush=True)
        print(f"  CPU without the simulated hosts   {all_cpu - hosts_cpu:8.1f} s   {(all_cpu - hosts_cpu) / max(1, len(runs)) * 1000:.1f} ms a run; "
              f"of it PID 1 {manager:.1f} s (the watching itself is in it)")
        print(f"  peak memory of all together (PSS) {peak / 1024:8.1f} MiB  at most {most} programs at a time")
        print(f"  requests                          {requests:8}     {requests / max(1, len(runs)):.1f} a run")
        print(f"  points                            {points:8}     {points / seconds:.0f} a second", flush=True)
    finally:
        fleet.sandbox.down()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, action="append")
    parser.add_argument("--interval", type=int, default=60, metavar="SECONDS")
    parser.add_argument("--sweeps", type=int, default=3)
    options = parser.parse_args()
    if subprocess.run([str(TOOL), "check"], check=False).returncode:
        sys.exit(77)
    if not STAGE.is_dir() or STAGE == Path("."):
        sys.exit("MESHPROBE_STAGE: the directory of an installed build")
    for count in options.hosts or [100, 200]:
        measure(count, options.interval, options.sweeps)


if __name__ == "__main__":
    main()
