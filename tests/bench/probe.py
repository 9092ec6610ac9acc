#!/usr/bin/python3
"""What one run of the probe costs, against the simulator: with nothing new, with ten new points in each of 300 series, with news
in 5 % of 3 000 series of a host that is far away, and with 1, 10 and 100 MB of new histogram data. The simulator speaks HTTP/1.1.

    MESHPROBE_BINARY_DIR=BUILD tests/bench/probe.py        a build of type RelWithDebInfo; prints, never asserts
"""
import json
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
from data_model import ALWAYS, RESULTS  # noqa: E402
from hand import Root  # noqa: E402
from simulator import Simulator  # noqa: E402

HOST = {"name": "127.0.0.2", "address": "127.0.0.2", "late": 0.0, "failed": 0.0, "missing": 0.0}
ROUNDS = 7
LINE = "{:48}{:>10}{:>10}{:>12}{:>10}  {}"


def line(what: str, run, requests: int, remark: str) -> None:
    print(LINE.format(what, f"{run.seconds * 1000:.0f} ms", f"{run.cpu * 1000:.1f} ms", f"{run.peak_kib / 1024:.1f} MiB", requests, remark), flush=True)


def nothing_new() -> None:
    """2 000 hosts configured; this one has 100 metadata entries and nothing new."""
    sections = "".join(f"  ps{i:04}.example.org: {{country: NO}}\n" for i in range(2000))
    with Simulator({"hosts": [HOST | {"entries": 100, "interval": 600, "until": int(time.time()) - 900}]}) as peers, \
            Root(f"tasks: {{default: {{first-run: 1h}}}}\nhosts:\n{sections}") as root:
        host = peers.hosts["127.0.0.2"]["endpoint"]
        root.once()  # keeps the configuration, compiled
        root.probe(host)
        root.probe(host)
        runs = []
        for _ in range(ROUNDS):
            peers.reset_counts()
            runs.append(root.probe(host))
        run = sorted(runs, key=lambda each: each.cpu)[ROUNDS // 2]
        run.peak_kib = statistics.median(each.peak_kib for each in runs)
        line("nothing new, 2 000 hosts configured", run, peers.counts("127.0.0.2")["requests"], "budget: 25 ms CPU, 16 MiB")


COUNTS = ["packet-loss-rate", "packet-count-sent", "packet-count-lost", "packet-duplicates", "packet-reorders"]


def new_points(max_requests: int) -> None:
    """60 metadata entries with five event types each, after ten minutes with a result a minute."""
    now = int(time.time()) // 60 * 60
    host = HOST | {"entries": 60, "tests": ["latencybg"], "interval": 60, "duration": 0, "until": now - 660}
    task = {"first-run": "1h", "event-types": COUNTS, "max-requests": max_requests}
    with Simulator({"hosts": [host]}) as peers, Root(json.dumps({"tasks": {"default": task}})) as root:
        endpoint = peers.hosts["127.0.0.2"]["endpoint"]
        root.probe(endpoint)
        peers.change("127.0.0.2", until=now - 60)
        peers.reset_counts()
        run = root.probe(endpoint)
        result = root.last_result(endpoint)
        series = len({each["target"].partition("?")[0] for each in peers.requests("127.0.0.2") if "/base" in each["target"]})
        per_point = run.cpu / max(1, result["points"]) * 1e6
        line(f"10 new points x {series} series, {max_requests} in flight", run, peers.counts("127.0.0.2")["requests"],
             f"{result['points']} points in {result['messages']} messages, {result['bytes'] / 1e3:.0f} kB, {per_point:.0f} us CPU a point; "
             f"budget: {series} + 1 requests, 32 MiB")


def far_away() -> None:
    """300 metadata entries with ten event types each, of which 15 have news; each answer takes 100 ms."""
    latency, max_requests, stopped = 0.1, 8, int(time.time()) - 7200
    pairs = [{"test": "latencybg", "destination": f"ps{i}.example.org", "interval": 600, "until": 0 if i < 15 else stopped} for i in range(300)]
    task = {"first-run": "3h", "event-types": [*RESULTS["latencybg"], *ALWAYS], "max-requests": max_requests}
    with Simulator({"hosts": [HOST | {"pairs": pairs}]}) as peers, Root(json.dumps({"tasks": {"default": task}})) as root:
        endpoint = peers.hosts["127.0.0.2"]["endpoint"]
        root.probe(endpoint)
        peers.change("127.0.0.2", skew=3600, latency=latency)
        peers.reset_counts()
        run = root.probe(endpoint)
        requests = peers.counts("127.0.0.2")["requests"]
        least = requests * latency / max_requests
        line(f"5 % of 3 000 series, 100 ms away, {max_requests} in flight", run, requests,
             f"{run.seconds / least:.2f} of requests x latency / {max_requests} (budget: 3)")


def new_data(megabytes: int) -> None:
    points = 14 * (86400 // (6000 // megabytes)) if megabytes < 100 else 14 * 1440
    buckets = megabytes * 1000000 // points // 13
    interval = 86400 * 14 // points
    host = HOST | {"entries": 14, "tests": ["latencybg"], "interval": interval, "duration": 0, "buckets": buckets}
    with Simulator({"hosts": [host]}) as peers, \
            Root("tasks: {default: {first-run: 1d, event-types: [histogram-owdelay]}}\n") as root:
        endpoint = peers.hosts["127.0.0.2"]["endpoint"]
        run = root.probe(endpoint, timeout=600)
        result = root.last_result(endpoint)
        line(f"{megabytes} MB of new histograms, TLS", run, result["requests"],
             f"{result['bytes'] / 1e6:.1f} MB, {result['points']} points, {result['bytes'] / 1e6 / run.cpu:.0f} MB per CPU second; budget: 32 MiB")


def main() -> None:
    print(LINE.format("probe", "elapsed", "CPU", "peak", "requests", ""))
    nothing_new()
    for max_requests in (1, 4, 16):
        new_points(max_requests)
    far_away()
    for megabytes in (1, 10, 100):
        new_data(megabytes)


if __name__ == "__main__":
    main()
