#!/usr/bin/python3
"""Runs inside the sandbox: keeps all probes busy and kills probes and archivers at random moments.

    killer.py PROBES ARCHIVERS SEED SERVICE...      until so many of each were killed; prints how many
"""
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

NAMES = {"meshprobe-probe": "probe", "meshprobe-archi": "archiver"}  # the kernel keeps 15 characters


def victims():
    for path in Path("/proc").glob("[0-9]*/comm"):
        try:
            kind = NAMES.get(path.read_text().strip())
        except OSError:
            continue
        if kind:
            yield kind, int(path.parent.name)


def main() -> None:
    wanted = {"probe": int(sys.argv[1]), "archiver": int(sys.argv[2])}
    chance = random.Random(int(sys.argv[3]))
    services = sys.argv[4:]
    killed = {"probe": 0, "archiver": 0}
    started = 0.0
    while any(killed[kind] < wanted[kind] for kind in wanted):
        if time.monotonic() - started > 0.5:
            subprocess.run(["systemctl", "start", "--no-block", *services], check=False)
            started = time.monotonic()
        time.sleep(chance.uniform(0, 0.12))
        running = [each for each in victims() if killed[each[0]] < wanted[each[0]]]
        if not running:
            continue
        kind, pid = chance.choice(running)
        time.sleep(chance.uniform(0, 0.03))
        try:
            os.kill(pid, signal.SIGKILL)
            killed[kind] += 1
        except ProcessLookupError:
            pass
    print(f"{killed['probe']} probes and {killed['archiver']} archivers killed")


if __name__ == "__main__":
    main()
