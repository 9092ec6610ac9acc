#!/usr/bin/python3
"""Summaries of an esmond or elmond archive: each window once, when nothing changes it any more, and no request without need.

    MESHPROBE_BINARY_DIR=DIR summaries_test.py [unittest arguments]
"""
from __future__ import annotations

import json
import sqlite3
import ssl
import sys
import time
import unittest
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from hand import Root  # noqa: E402
from simulator import Simulator  # noqa: E402

NAME = "127.0.0.2"
HOST = {"name": NAME, "address": NAME, "tests": ["latencybg", "throughput"], "entries": 2, "late": 0, "missing": 0.05, "failed": 0.05}
LOSS = [f"packet-loss-rate/aggregation/{width}" for width in (300, 3600)]
SUMMARIES = [*LOSS, "histogram-owdelay/statistics/300", "histogram-owdelay/statistics/0", "throughput/average/86400"]
PLURAL = {"aggregation": "aggregations", "average": "averages", "statistics": "statistics"}


def settled(now: int, width: int) -> int:
    """The end of the last window that is over for as long as it is long, or for an hour (`overlap`)."""
    return (now - min(width, 3600)) // width * width if width else now


class Summaries(unittest.TestCase):
    def simulate(self, **changes: object) -> Simulator:
        peers = Simulator({"hosts": [HOST | changes], "history": 3 * 86400})
        self.addCleanup(peers.__exit__)
        self.endpoint = peers.hosts[NAME]["endpoint"]
        return peers

    def root(self, summaries: list[str] = SUMMARIES, **settings: object) -> Root:
        task = {"first-run": "6h", "tls": {"trust": "any"}, "summaries": summaries} | settings
        root = Root(json.dumps({"tasks": {"default": task}}))
        self.addCleanup(root.__exit__)
        return root

    def collect(self, root: Root) -> None:
        run = root.probe(self.endpoint)
        self.assertEqual(run.status, 0, run)

    def messages(self, root: Root) -> list[dict]:
        run = root.run("meshprobectl", "spool", "export", "local", "-")
        self.assertEqual(run.status, 0, run)
        return [json.loads(line)["body"] for line in run.stdout.splitlines()]

    def windows(self, root: Root) -> dict[str, dict[int, object]]:
        """What was sent, by "KEY NAME"; each once."""
        found: dict[str, dict[int, object]] = {}
        for body in self.messages(root):
            self.assertEqual(body["version"], 2)
            if not body["meta"]["summaries"]:
                self.assertNotIn("summaries", body)
                continue
            self.assertNotIn("datapoints", body)
            self.assertNotIn("ts_start", body["meta"])
            [summary] = body["summaries"]
            self.assertEqual(summary["event_type"], body["meta"]["event-type"])
            self.assertIsInstance(summary["summary_window"], str)
            name = f"{body['meta']['org_metadata_key']} {summary['event_type']}/{summary['summary_type']}/{summary['summary_window']}"
            for ts, value in summary["summary_data"]:
                self.assertNotIn(ts, found.setdefault(name, {}), f"{name}: {ts} again")
                found[name][ts] = value
        return found

    def ask(self, path: str) -> object:
        context = ssl._create_unverified_context()  # noqa: S323
        with urllib.request.urlopen(f"https://{self.endpoint}{path}", context=context) as answer:
            return json.load(answer)

    def archived(self, name: str, since: int, until: int) -> dict[int, object]:
        key, _, summary = name.partition(" ")
        event_type, kind, width = summary.split("/")
        path = f"/esmond/perfsonar/archive/{key}/{event_type}/{PLURAL[kind]}/{width}"
        return {point["ts"]: point["val"] for point in self.ask(f"{path}?time-start={since}&time-end={until}&limit=10000")}

    def requests(self, peers: Simulator) -> list[str]:
        return [request["target"] for request in peers.requests(NAME)]

    def summary_requests(self, peers: Simulator) -> list[str]:
        return [target for target in self.requests(peers) if any(f"/{plural}/" in target for plural in PLURAL.values())]

    def run_twice(self, flavour: str) -> None:
        peers = self.simulate(flavour=flavour, nulls=0)
        root = self.root()
        before = int(time.time())
        self.collect(root)
        self.check(root, before)
        peers.reset_counts()
        self.collect(root)
        again = self.summary_requests(peers)
        # Windows may have settled meanwhile; but for these only results of their own may be new.
        self.assertLessEqual(len([target for target in again if not target.split("?")[0].endswith("/statistics/0")]), 2, again)
        # three hours later by the host's clock
        peers.change(NAME, skew=3 * 3600)
        later = int(time.time()) + 3 * 3600
        self.collect(root)
        self.check(root, before, later)

    def check(self, root: Root, begun: int, now: int | None = None) -> None:
        now = now or int(time.time())
        windows = self.windows(root)
        for name in SUMMARIES:
            width = int(name.rpartition("/")[2])
            found = {each: points for each, points in windows.items() if each.endswith(" " + name)}
            self.assertTrue(found, name)
            # of days there is one at least, which began before what a first run looks back
            since = begun // 86400 * 86400 - 86400 if width == 86400 and begun % 86400 >= 3600 else begun - 5 * 3600
            for each, points in found.items():
                first, last = settled(now - 60, width) - width, settled(now + 60, width) - width
                expected = self.archived(each, since, first) if since <= first else {}
                self.assertTrue(expected or width == 86400, each)
                self.assertEqual({ts: value for ts, value in points.items() if since <= ts <= first}, expected, each)
                self.assertLessEqual(max(points), last, f"{each}: a window that is not over")

    def test_esmond(self) -> None:
        self.run_twice("esmond")

    def test_esmond1(self) -> None:
        self.run_twice("esmond1")

    def test_elmond(self) -> None:
        self.run_twice("elmond")

    def test_none_unless_asked_for(self) -> None:
        peers = self.simulate()
        root = self.root([])
        self.collect(root)
        self.assertEqual(self.summary_requests(peers), [])
        self.assertEqual(self.windows(root), {})

    def test_nothing_new_costs_one_request(self) -> None:
        for flavour in ("esmond", "elmond"):
            with self.subTest(flavour):
                peers = self.simulate(flavour=flavour, until=int(time.time()) - 4 * 3600)
                root = self.root(LOSS, **{"event-types": ["packet-trace"]})
                self.collect(root)
                peers.reset_counts()
                self.collect(root)
                self.assertLessEqual(len(self.requests(peers)), 1, self.requests(peers))

    def test_a_window_that_settles_when_its_test_is_silent(self) -> None:
        """The archive lists what was updated lately: an hour later it would not show this entry any more."""
        for flavour in ("esmond", "elmond"):
            with self.subTest(flavour):
                end = int(time.time()) - 60
                peers = self.simulate(flavour=flavour, until=end, entries=1, tests=["latencybg"], nulls=0)
                root = self.root(LOSS)
                self.collect(root)
                for ahead in range(0, 3 * 3600 + 1, 1200):
                    peers.change(NAME, skew=ahead)
                    self.collect(root)
                width, windows = 3600, self.windows(root)
                [hours] = [points for name, points in windows.items() if name.endswith(LOSS[1])]
                self.assertIn(end // width * width, hours)
                [parts] = [points for name, points in windows.items() if name.endswith(LOSS[0])]
                self.assertIn((end - 120) // 300 * 300, parts)

    def test_late_results_are_in_their_window(self) -> None:
        peers = self.simulate(late=0.5, late_max=240, entries=1, tests=["latencybg"])
        root = self.root([LOSS[0]])
        begun = int(time.time())
        for ahead in range(0, 3600, 300):
            peers.change(NAME, skew=ahead)
            self.collect(root)
        [(name, points)] = self.windows(root).items()
        last = settled(begun + 3200, 300) - 300
        self.assertEqual({ts: value for ts, value in points.items() if begun - 5 * 3600 <= ts <= last},
                         self.archived(name, begun - 5 * 3600, last))

    def test_kept_apart_in_the_local_archive(self) -> None:
        self.simulate(entries=1, tests=["latencybg"])
        root = self.root(LOSS)
        self.collect(root)
        sent = {name.partition(" ")[2]: len(points) for name, points in self.windows(root).items()}
        results = sum(len(body["datapoints"]) for body in self.messages(root) if body["meta"]["event-type"] == "packet-loss-rate"
                      and not body["meta"]["summaries"])
        self.assertEqual(root.drain().status, 0)
        with sqlite3.connect(root.database) as database:
            stored = dict(database.execute("SELECT event_type, count(*) FROM results WHERE event_type LIKE 'packet-loss-rate%' GROUP BY 1"))
        self.assertEqual(stored, sent | {"packet-loss-rate": results})

    def test_a_format_without_summaries_gets_none(self) -> None:
        self.simulate(entries=1, tests=["latencybg"])
        archive = {"archiver": "rabbitmq", "url": "amqp://127.0.0.1:1", "exchange": "x", "format": "esmond"}
        task = {"first-run": "2h", "tls": {"trust": "any"}, "summaries": LOSS, "archives": ["local", "other"]}
        root = Root(json.dumps({"archives": {"other": archive}, "tasks": {"default": task}}))
        self.addCleanup(root.__exit__)
        self.collect(root)
        self.assertEqual(len(self.windows(root)), 2)
        run = root.run("meshprobectl", "spool", "export", "other", "-")
        self.assertEqual(run.status, 0, run)
        types = {json.loads(line)["event-type"] for line in run.stdout.splitlines()}
        self.assertIn("packet-loss-rate", types)
        self.assertFalse([each for each in types if "/" in each])

    def test_backfill(self) -> None:
        """A back-fill brings the summaries of its range, each once, whatever the regular runs have sent."""
        self.simulate(entries=1, tests=["latencybg"])
        root = self.root([LOSS[0]], **{"first-run": "2h"})
        self.collect(root)
        begun = int(time.time())
        since = begun - 10 * 3600
        run = root.run("meshprobectl", "backfill", self.endpoint, "--since", f"@{since}", "--until", f"@{begun}")
        self.assertEqual(run.status, 0, run)
        [(name, points)] = self.windows(root).items()
        last = settled(begun - 60, 300) - 300
        self.assertEqual({ts: value for ts, value in points.items() if since + 300 <= ts <= last}, self.archived(name, since + 300, last))


if __name__ == "__main__":
    unittest.main(verbosity=2)
