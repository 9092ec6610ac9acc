#!/usr/bin/python3
"""Compares what was collected with what the simulated hosts have measured.

    expect.py (--config FILE | --control URL) --since TS --until TS [--visible-at TS] [--host NAME[=ENDPOINT[,ENDPOINT]]]...
              (--sqlite FILE | --spool DIR | --messages FILE) [--event-types A,B,...] [--faces A,B,...] [--once]

Everything with ts in [since, until] that had reached its archive by --visible-at (server time; default: until) must
be there with its value. More may be there, as long as the host has measured it. Points that arrived repeatedly are
counted, and with --once they are an error. ENDPOINTs are the names the host was collected under (a renamed host has two).

--faces: through which faces of the host it was collected (default: those that it has). Of several, what all of them show
must be there, and what one of them shows may be. Behind `pscheduler` and `opensearch` are the results of the runs: the
points are what pScheduler's esmond archiver makes of them, but numbers may be written in any way, and of the URL of a run
only the path counts. The key of a series is that of the archive, the test checksum of OpenSearch, or the task's id.

  --sqlite    the local archive                   --spool     directory with segments (spool/ARCHIVE/q)
  --messages  JSON Lines, a raw message each, or {"id": MESSAGE ID, "host": HOST, "body": TEXT of the message}

--since and --until are UNIX seconds, or relative to now: -3600. Exit status: 0 as it must be, 1 not, 2 wrong use.
"""
from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import time
import urllib.request
from collections import Counter
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import Iterable, Iterator, NamedTuple

sys.path.insert(0, str(Path(__file__).parent))
from data_model import THIRTEEN, Entry, HostData  # noqa: E402

DATA_FIELDS = {each.name for each in fields(HostData)}


class Point(NamedTuple):
    key: str
    event_type: str
    ts: int


class Found(NamedTuple):
    host: str  # empty: the source does not say
    point: Point
    value: object


# -- what was collected ---------------------------------------------------------------------------------------


def from_sqlite(path: str | Path) -> Iterator[Found]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        database.execute("PRAGMA busy_timeout = 10000")
        for host, key, event_type, ts, value in database.execute("SELECT host, metadata_key, event_type, ts, value FROM results"):
            yield Found(host, Point(key, event_type, ts), json.loads(value) if isinstance(value, str) else value)


def from_message(body: str | bytes, host: str = "") -> Iterator[Found]:
    message = json.loads(body)
    meta = message["meta"]
    for ts, value in message["datapoints"].items():
        yield Found(host, Point(meta["org_metadata_key"], meta["event-type"], int(float(ts))), value)


def from_segment(data: bytes) -> Iterator[Found]:
    line, _, rest = data.partition(b"\n")
    host = json.loads(line)["host"]
    while True:
        line, _, rest = rest.partition(b"\n")
        head = json.loads(line)
        if "crc32c" in head:
            return
        yield from from_message(rest[:head["size"]], host)
        rest = rest[head["size"] + 1:]


def from_spool(directory: str | Path) -> Iterator[Found]:
    for path in sorted(Path(directory).iterdir()):
        if not path.name.startswith("."):
            yield from from_segment(path.read_bytes())


def from_messages(path: str | Path) -> Iterator[Found]:
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            if "body" in record:
                yield from from_message(record["body"], record.get("host", ""))
            elif "datapoints" in record:
                yield from from_message(line)


# -- what must be there ---------------------------------------------------------------------------------------


ARCHIVES = ("esmond", "elmond")


def view(data: HostData, face: str, entry: Entry) -> tuple[HostData, Entry]:
    """The archive whose points the face shows."""
    shown = data if face in ARCHIVES else data.mapped
    return shown, shown.documents[entry.index]


def shown(data: HostData, face: str, entry: Entry, since: int, until: int, visible_at: int, event_types: set[str]) -> dict[Point, str]:
    source, twin = view(data, face, entry)
    if face == "pscheduler":  # forgets
        since = max(since, visible_at - data.keep_runs_tasks)
    return {Point(entry.key, event_type, ts): value for event_type in event_types.intersection(source.event_types(twin))
            for ts, value in source.points(twin, event_type, since, until, visible_at).items()}


def expected(data: HostData, since: int, until: int, visible_at: int, event_types: Iterable[str] = THIRTEEN,
             faces: Iterable[str] | None = None) -> dict[Point, str]:
    """Value texts of all points in [since, until] that had arrived by visible_at and that all faces show."""
    wanted, must = set(event_types), {}
    for entry in data.documents:
        views = [shown(data, face, entry, since, until, visible_at, wanted) for face in (data.faces if faces is None else faces)]
        must |= {point: value for point, value in views[0].items() if all(point in each for each in views)} if views else {}
    return must


def exists(data: HostData, point: Point, face: str) -> str | None:
    """The value of a point whatever its time, None if the face never shows it."""
    source, entry = view(data, face, data.by_key[point.key])
    if point.event_type not in source.event_types(entry):
        return None
    return source.points(entry, point.event_type, point.ts, point.ts, 1 << 40).get(point.ts)


def canonical(value: object) -> object:
    """Without what differs between faces by nature."""
    if isinstance(value, dict):
        return canonical(value["href"]) if value.keys() == {"href"} else {canonical(name): canonical(each) for name, each in value.items()}
    if isinstance(value, list):
        return [canonical(each) for each in value]
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value[value.find("/pscheduler/tasks/"):] if value.startswith("https://") else value
    return value


class Verdict:
    def __init__(self) -> None:
        self.arrived = self.must = self.repeats = 0
        self.missing: list[tuple[str, Point]] = []
        self.unexpected: list[tuple[str, Point, str]] = []

    def good(self, once: bool = False) -> bool:
        return not self.missing and not self.unexpected and not (once and self.repeats)

    def text(self) -> str:
        lines = [f"{self.arrived} points arrived, {self.must} had to: {len(self.missing)} missing, {self.repeats} repeated, "
                 f"{len(self.unexpected)} unexpected"]
        lines += [f"  missing     {host} {point.key} {point.event_type} {point.ts}" for host, point in self.missing[:20]]
        lines += [f"  unexpected  {host} {point.key} {point.event_type} {point.ts}: {why}" for host, point, why in self.unexpected[:20]]
        return "\n".join(lines)


def compare(found: Iterable[Found], hosts: list[tuple[HostData, set[str]]], since: int, until: int, visible_at: dict[str, int] | int,
            event_types: Iterable[str] = THIRTEEN, faces: Iterable[str] | None = None) -> Verdict:
    """`hosts`: the data of each host and the endpoints it may have been collected under."""
    verdict = Verdict()
    by_key = {key: (data, endpoints, entry) for data, endpoints in hosts for entry in data.documents
              for key in (entry.key, entry.checksum, entry.task)}
    arrived: Counter[Point] = Counter()
    for host, point, value in found:
        if point.key not in by_key:
            continue  # of a host that was not asked about
        data, endpoints, entry = by_key[point.key]
        point = point._replace(key=entry.key)
        texts = {face: text for face in (data.faces if faces is None else faces) if (text := exists(data, point, face)) is not None}
        if not texts:
            verdict.unexpected.append((host or data.name, point, "never measured"))
        elif host and host not in endpoints:
            verdict.unexpected.append((host, point, f"belongs to {data.name}"))
        elif not any(value == json.loads(text) if face in ARCHIVES else canonical(value) == canonical(json.loads(text)) for face, text in texts.items()):
            text = next(iter(texts.values()))
            verdict.unexpected.append((host or data.name, point, f"has the value {json.dumps(value)[:80]}, must have {text[:80]}"))
        arrived[point] += 1
    verdict.arrived = len(arrived)
    verdict.repeats = arrived.total() - len(arrived)
    for data, _ in hosts:
        at = visible_at if isinstance(visible_at, int) else visible_at[data.name]
        must = expected(data, since, until, at, event_types, faces)
        verdict.must += len(must)
        verdict.missing += [(data.name, point) for point in sorted(must.keys() - arrived.keys())]
    return verdict


def data_of(spec: dict) -> HostData:
    return HostData(**{name: value for name, value in spec.items() if name in DATA_FIELDS})


def chosen_hosts(config: dict, choices: list[str]) -> list[tuple[HostData, set[str]]]:
    specs = {spec["name"]: spec for spec in config["hosts"]}
    if not choices:
        return [(data_of(spec), {spec["name"], spec.get("endpoint", spec["name"])}) for spec in specs.values()]
    chosen = []
    for choice in choices:
        name, _, endpoints = choice.partition("=")
        spec = specs[name]
        chosen.append((data_of(spec), set(endpoints.split(",")) if endpoints else {name, spec.get("endpoint", name)}))
    return chosen


def moment(text: str) -> int:
    return int(time.time()) + int(text) if text.startswith("-") else int(text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--config", metavar="FILE")
    where.add_argument("--control", metavar="URL")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--sqlite", metavar="FILE")
    source.add_argument("--spool", metavar="DIR")
    source.add_argument("--messages", metavar="FILE")
    parser.add_argument("--host", action="append", default=[], metavar="NAME[=ENDPOINT]")
    parser.add_argument("--since", type=moment, required=True)
    parser.add_argument("--until", type=moment, required=True)
    parser.add_argument("--visible-at", type=moment)
    parser.add_argument("--event-types", default=",".join(THIRTEEN))
    parser.add_argument("--faces", type=lambda text: text.split(","))
    parser.add_argument("--once", action="store_true")
    arguments = parser.parse_args()
    if arguments.config:
        config = json.loads(Path(arguments.config).read_text())
    else:
        with urllib.request.urlopen(arguments.control + "/control/config", timeout=30) as answer:
            config = json.load(answer)
    try:
        hosts = chosen_hosts(config, arguments.host)
    except KeyError as error:
        parser.error(f"no host {error} is simulated")
    found = from_sqlite(arguments.sqlite) if arguments.sqlite else \
        from_spool(arguments.spool) if arguments.spool else from_messages(arguments.messages)
    verdict = compare(found, hosts, arguments.since, arguments.until, arguments.visible_at or arguments.until,
                      arguments.event_types.split(","), arguments.faces)
    print(verdict.text())
    return 0 if verdict.good(arguments.once) else 1


if __name__ == "__main__":
    sys.exit(main())
