#!/usr/bin/env python3
"""Prints how long the generator takes for 1 000 and for 10 000 hosts, against the budget of 300 ms for 10 000.

Run it with a build of type RelWithDebInfo: tests/bench/generator.py BUILD/bin/meshprobe-generator
The variants: links alone; a second task; a drop-in for every tenth host; 2 000 sections of hosts in the configuration.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 7
MESH = 'meshes: {wlcg: {url: "https://psconfig.example.org/"}}\n'
VARIANTS = {
    "links": MESH,
    "two tasks": MESH + "tasks: {histograms: {interval: 1min}}\n",
    "drop-ins for a tenth": MESH + 'hosts: {"*7.example.org": {interval: 1min}}\n',
    "2 000 host sections": MESH + "hosts:\n" + "".join(f"  ps{i:05}.example.org: {{country: NO}}\n" for i in range(2000)),
}


def measure(generator: str, root: Path) -> tuple[float, float, int]:
    times, files = [], 0
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory(dir="/dev/shm") as output:  # systemd's directory is a tmpfs as well
            begin = time.monotonic()
            subprocess.run([generator, "--root", root, output], check=True, timeout=60)
            times.append(time.monotonic() - begin)
            files = sum(len(names) for _, _, names in os.walk(output))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / RUNS
    return statistics.median(times), cpu, files


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(f"{'variant':24}{'hosts':>8}{'files':>8}{'elapsed':>10}{'CPU':>10}{'per host':>10}")
    for name, configuration in VARIANTS.items():
        for count in (1000, 10000):
            with tempfile.TemporaryDirectory() as directory:
                root = Path(directory)
                (root / "etc/meshprobe").mkdir(parents=True)
                (root / "etc/meshprobe/meshprobe.yaml").write_text(configuration)
                (root / "var/lib/meshprobe/mesh").mkdir(parents=True)
                hosts = "".join(f"ps{i:05}.example.org\n" for i in range(count))
                (root / "var/lib/meshprobe/mesh/hosts").write_text(hosts)
                # As on a running system: what converge keeps is there, and spares the reading of YAML.
                control = Path(sys.argv[1]).with_name("meshprobectl")
                subprocess.run([control, "apply", "--root", root], check=True, timeout=60)
                elapsed, cpu, files = measure(sys.argv[1], root)
            print(f"{name:24}{count:8}{files:8}{elapsed * 1000:7.1f} ms{cpu * 1000:7.1f} ms{elapsed / count * 1e6:7.1f} us")


if __name__ == "__main__":
    main()
