#!/usr/bin/python3
"""How fast meshprobe-archive delivers: into RabbitMQ, against a bare C publisher on the same broker in the same run, over
HTTP, against a bare libcurl client on the same nginx, and into SQLite, a file and a socket.

    MESHPROBE_BINARY_DIR=BUILD tests/bench/archiver.py [--rounds N] [--messages N] [--points N] [--buckets N]

Prints, never asserts: design budget is "within 20 % of a bare C publisher".
"""
import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
import nginx  # noqa: E402
import rabbitmq  # noqa: E402
from archiver_case import bodies_of  # noqa: E402
from hand import BUILD, Root  # noqa: E402
from sinks import TcpSink  # noqa: E402

FILL = BUILD / "tests/bin/fill-spool"


def fill(root: Root, archive: str, messages: int, options: argparse.Namespace) -> tuple[int, int, int]:
    per_segment = 100
    done = subprocess.run([FILL, str(root.path), archive, "--segments", str(messages // per_segment), "--messages", str(per_segment), "--hosts", "20",
                           "--points", str(options.points), "--buckets", str(options.buckets), "--event-types", "throughput"],
                          check=True, capture_output=True, text=True)
    return tuple(map(int, done.stdout.split()))


def bare(port: int, messages: int, size: int) -> tuple[float, float]:
    with tempfile.NamedTemporaryFile("r") as report:
        subprocess.run([BUILD / "tests/bin/measure", report.name, BUILD / "tests/bin/bare-publisher", str(port), str(messages), str(size), "1000"], check=True)
        numbers = json.load(report)
    return numbers["seconds"], numbers["cpu"]


def into_rabbitmq(options: argparse.Namespace) -> None:
    configuration = json.dumps({"archives": {"mq": {"archiver": "rabbitmq", "url": "amqp://127.0.0.1:PORT/"}}})
    with rabbitmq.Broker() as broker:
        broker.tool("declare-exchange", "osg.ps.raw", ",", "declare-queue", "q", ",", "bind", "q", "osg.ps.raw", "#")
        rates: dict[str, list[float]] = {"bare": [], "archiver": []}
        for number in range(options.rounds + 1):
            with Root(configuration.replace("PORT", str(broker.port))) as root:
                messages, points, size = fill(root, "mq", options.messages, options)
                # who goes first alternates: a broker warms up and its queue files grow
                for who in ("bare", "archiver") if number % 2 else ("archiver", "bare"):
                    broker.tool("delete-queue", "q", ",", "declare-queue", "q", ",", "bind", "q", "osg.ps.raw", "#")
                    if who == "bare":
                        seconds, cpu = bare(broker.port, messages, size // messages)
                        peak = 0
                    else:
                        run = root.drain("mq")
                        if run.status != 0:
                            raise SystemExit(str(run))
                        seconds, cpu, peak = run.seconds, run.cpu, run.peak_kib
                    if number == 0:
                        continue  # warming up
                    rates[who].append(messages / seconds)
                    print(f"  {who:9} {messages} messages of {size // messages} bytes: {seconds:.2f} s, {messages / seconds:,.0f}/s, "
                          f"{cpu * 1e6 / messages:.1f} us CPU each" + (f", peak {peak / 1024:.0f} MiB" if peak else ""), flush=True)
        medians = {who: statistics.median(values) for who, values in rates.items()}
        print(f"RabbitMQ: archiver {medians['archiver']:,.0f}/s, bare C publisher {medians['bare']:,.0f}/s: {medians['archiver'] / medians['bare']:.2f} (budget: at least 0.80)")


def over_http(options: argparse.Namespace) -> None:
    with nginx.Nginx() as sink:
        for body, batch in (("message", 1), ("ndjson", 100)):
            rates: dict[str, list[float]] = {"bare": [], "archiver": []}
            for number in range(options.rounds + 1):
                configuration = {"archiver": "http", "url": sink.url("/take"), "body": body, "batch": batch}
                with Root(json.dumps({"archives": {"far": configuration}})) as root:
                    messages, points, size = fill(root, "far", options.messages // 4, options)
                    for who in ("bare", "archiver") if number % 2 else ("archiver", "bare"):
                        if who == "bare":
                            with tempfile.NamedTemporaryFile("r") as report:
                                subprocess.run([BUILD / "tests/bin/measure", report.name, BUILD / "tests/bin/bare-poster", sink.url("/take"),
                                                str(messages // batch), str(size // messages * batch)], check=True)
                                numbers = json.load(report)
                            seconds, cpu = numbers["seconds"], numbers["cpu"]
                        else:
                            run = root.drain("far")
                            if run.status != 0:
                                raise SystemExit(str(run))
                            seconds, cpu = run.seconds, run.cpu
                        if number == 0:
                            continue  # warming up
                        rates[who].append(messages / seconds)
                        print(f"  {who:9} {messages} messages of {size // messages} bytes, {batch} a request: {seconds:.2f} s, {messages / seconds:,.0f}/s, "
                              f"{cpu * 1e6 / messages:.1f} us CPU each", flush=True)
            medians = {who: statistics.median(values) for who, values in rates.items()}
            print(f"HTTP, {batch} a request: archiver {medians['archiver']:,.0f}/s, bare libcurl client {medians['bare']:,.0f}/s: {medians['archiver'] / medians['bare']:.2f}")


def into_sqlite(options: argparse.Namespace) -> None:
    for name, points, buckets in (("histograms", 200, 30), ("numbers", 200, 0)):
        options.points, options.buckets = points, buckets
        with Root("archives: {local: {archiver: sqlite}}") as root:
            messages, points, size = fill(root, "local", 3000, options)
            for again in ("new", "again"):
                run = root.drain()
                if run.status != 0:
                    raise SystemExit(str(run))
                print(f"SQLite, {name}, {again}: {points:,} points, {size / 1e6:.0f} MB: {run.seconds:.2f} s, {points / run.seconds:,.0f} points/s, "
                      f"{run.cpu:.2f} s CPU, peak {run.peak_kib / 1024:.0f} MiB, file {root.database.stat().st_size / 1e6:.0f} MB", flush=True)
                fill(root, "local", 3000, options)


def write_barely(path: Path, bodies: list[bytes]) -> float:
    """Lines, a window at a time, each synced: all that a file asks for."""
    started = time.perf_counter()
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for first in range(0, len(bodies), 1000):
        os.write(file, b"".join(body + b"\n" for body in bodies[first:first + 1000]))
        os.fdatasync(file)
    os.close(file)
    return time.perf_counter() - started


def send_barely(port: int, bodies: list[bytes]) -> float:
    started = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for first in range(0, len(bodies), 1000):
            connection.sendall(b"".join(body + b"\n" for body in bodies[first:first + 1000]))
    return time.perf_counter() - started


def into_file_and_socket(options: argparse.Namespace) -> None:
    options.points, options.buckets = 20, 0
    for kind in ("file", "tcp"):
        with Root() as root, TcpSink() as sink:
            archive = {"file": {"archiver": "file", "path": f"{root.path}/all.json"}, "tcp": {"archiver": "tcp", "url": f"tcp://127.0.0.1:{sink.port}"}}[kind]
            root.configure(json.dumps({"archives": {"out": archive}}))
            for number in range(options.rounds):
                messages, _, size = fill(root, "out", options.messages, options)
                bodies = [body for segment in sorted((root.path / "var/lib/meshprobe/spool/out/q").iterdir()) for body in bodies_of(segment)]
                seconds = write_barely(root.path / "bare.json", bodies) if kind == "file" else send_barely(sink.port, bodies)
                run = root.drain("out")
                if run.status != 0:
                    raise SystemExit(str(run))
                print(f"{kind}: {messages} messages, {size / 1e6:.0f} MB: archiver {run.seconds:.2f} s, {messages / run.seconds:,.0f}/s, "
                      f"{run.cpu * 1e6 / messages:.1f} us CPU each, peak {run.peak_kib / 1024:.0f} MiB; bare writer of the same bytes {seconds:.2f} s", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--messages", type=int, default=40000)
    parser.add_argument("--points", type=int, default=20)
    parser.add_argument("--buckets", type=int, default=0)
    arguments = parser.parse_args()
    if reason := rabbitmq.missing():
        print(f"RabbitMQ: skipped, {reason}")
    else:
        into_rabbitmq(arguments)
    if nginx.PROGRAM:
        over_http(arguments)
    else:
        print("HTTP: skipped, there is no nginx here (package nginx)")
    into_sqlite(arguments)
    into_file_and_socket(arguments)
