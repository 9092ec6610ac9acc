#!/usr/bin/python3
"""One host, read through each of its archives and through its scheduler: the same results, whichever way they come.

    MESHPROBE_BINARY_DIR=DIR sources_test.py [unittest arguments]
"""
from __future__ import annotations

import json
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from data_model import THIRTEEN  # noqa: E402
from hand import PARTIAL, UNREACHABLE, Root  # noqa: E402
from simulator import Simulator  # noqa: E402

HOST = {"name": "127.0.0.2", "address": "127.0.0.2", "interval": 120, "late": 0, "missing": 0.05, "failed": 0.1,
        "tests": ["latencybg", "throughput", "rtt", "trace"], "entries": 4}
DOCUMENTED = {"org_metadata_key", "rsv-timestamp", "source", "destination", "measurement_agent", "time_duration", "ip_transport_protocol"}


def normalised(value: object) -> object:
    """Numbers are equal however they are written."""
    if isinstance(value, dict):
        return {key: normalised(each) for key, each in value.items()}
    if isinstance(value, list):
        return [normalised(each) for each in value]
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


class Sources(unittest.TestCase):
    def simulate(self, **changes: object) -> Simulator:
        peers = Simulator({"hosts": [HOST | changes], "history": 3 * 3600})
        self.addCleanup(peers.__exit__)
        self.endpoint = peers.hosts["127.0.0.2"]["endpoint"]
        return peers

    def root(self, *sources: str, **more: object) -> Root:
        task = {"collect": list(sources), "first-run": "2h", "tls": {"trust": "any"}, "max-requests": 4} | more
        root = Root(json.dumps({"tasks": {"default": task}}))
        self.addCleanup(root.__exit__)
        return root

    def collect(self, root: Root, status: int = 0) -> None:
        run = root.probe(self.endpoint)
        self.assertEqual(run.status, status, run)

    def messages(self, root: Root) -> list[dict]:
        run = root.run("meshprobectl", "spool", "export", "local", "-")
        self.assertEqual(run.status, 0, run)
        return [json.loads(line)["body"] for line in run.stdout.splitlines()]

    def points(self, root: Root, until: int) -> dict[tuple, list]:
        """By what every source tells alike."""
        found: dict[tuple, list] = {}
        for message in self.messages(root):
            meta = message["meta"]
            common = {name: normalised(value) for name, value in meta.items() if name not in DOCUMENTED | {"ts_start"}}
            for ts, value in message["datapoints"].items():
                if int(ts) <= until:
                    found.setdefault((int(ts), json.dumps(common, sort_keys=True)), []).append(normalised(value))
        return found

    def assert_equal(self, ours: dict[tuple, list], theirs: dict[tuple, list]) -> None:
        self.assertTrue(theirs)
        self.assertEqual({len(values) for values in ours.values()}, {1}, "each result once")
        missing, more = theirs.keys() - ours.keys(), ours.keys() - theirs.keys()
        self.assertEqual([], sorted(missing)[:2], f"{len(missing)} of {len(theirs)} missing")
        self.assertEqual([], sorted(more)[:2], f"{len(more)} more than {len(theirs)}")
        differing = [(point, ours[point], theirs[point]) for point in theirs if ours[point] != theirs[point]]
        self.assertEqual([], differing[:1], f"{len(differing)} of {len(theirs)} differ")

    def assert_same_as(self, whole: Root, root: Root) -> None:
        """Of the time that a first run looks back."""
        until = int(time.time())
        expected = self.points(whole, until)
        begin = min(ts for ts, _ in expected) + 600
        choose = lambda points: {point: values for point, values in points.items() if point[0] >= begin}  # noqa: E731
        self.assert_equal(choose(self.points(root, until)), choose(expected))

    def test_every_source_gives_the_same(self) -> None:
        self.simulate(faces=["esmond", "pscheduler", "opensearch"])
        until = int(time.time()) - 300
        roots = {source: self.root(source) for source in ("esmond", "opensearch", "pscheduler")}
        for root in roots.values():
            self.collect(root)
        esmond = self.points(roots["esmond"], until)
        self.assertLessEqual({json.loads(meta)["event-type"] for _, meta in esmond}, set(THIRTEEN))
        for source in ("opensearch", "pscheduler"):
            with self.subTest(source):
                begin = min(ts for ts, _ in esmond) + 600  # what a first run begins with depends on when it is
                later = {source: {point: values for point, values in points.items() if point[0] >= begin}
                         for source, points in (("esmond", esmond), (source, self.points(roots[source], until)))}
                self.assert_equal(later[source], later["esmond"])

    def test_plain_http_where_it_is_allowed(self) -> None:
        self.simulate(faces=["esmond", "pscheduler", "opensearch"], https=None, http=0, http_mode="as-https")
        run = self.root("opensearch").probe(self.endpoint)
        self.assertEqual(run.status, UNREACHABLE, run)
        self.assertIn("http-fallback", run.stderr)
        for source in ("opensearch", "pscheduler"):
            with self.subTest(source):
                task = {"collect": [source], "first-run": "2h", "http-fallback": True}
                root = Root(json.dumps({"tasks": {"default": task}}))
                self.addCleanup(root.__exit__)
                self.collect(root)
                self.assertTrue(self.messages(root))

    def test_requests(self) -> None:
        """With nothing new: one; of a scheduler: the schedule and the tasks. Each new run is one more."""
        peers = self.simulate(faces=["esmond", "pscheduler", "opensearch"], until=int(time.time()) - 120)
        for source, idle in (("opensearch", 1), ("pscheduler", 2)):
            with self.subTest(source):
                root = self.root(source)
                self.collect(root)
                peers.reset_counts()
                self.collect(root)
                self.assertLessEqual(peers.counts("127.0.0.2")["requests"], idle)
                self.assertEqual(root.last_result(self.endpoint)["outcome"], "success")

    def test_another_source_goes_on(self) -> None:
        """Whatever comes and goes: each result once, none missing."""
        peers = self.simulate(faces=["esmond", "pscheduler", "opensearch"])
        root = self.root("esmond", "opensearch", "pscheduler")
        for faces in (["esmond"], ["opensearch"], ["pscheduler"], ["esmond", "opensearch"]):
            peers.change("127.0.0.2", faces=faces)
            self.collect(root)
        peers.change("127.0.0.2", faces=["esmond"])
        whole = self.root("esmond")
        self.collect(whole)
        until = int(time.time()) - 300
        expected = self.points(whole, until)
        begin = min(ts for ts, _ in expected) + 600
        choose = lambda points: {point: values for point, values in points.items() if point[0] >= begin}  # noqa: E731
        self.assert_equal(choose(self.points(root, until)), choose(expected))

    def test_a_source_that_dies_in_the_middle(self) -> None:
        peers = self.simulate(faces=["esmond", "pscheduler", "opensearch"])
        peers.change("127.0.0.2", faults=[{"match": "/esmond/.*/base", "skip": 4, "do": "reset"}])
        root = self.root("esmond", "opensearch")
        self.collect(root)
        whole = self.root("opensearch")
        self.collect(whole)
        until = int(time.time()) - 300
        expected = self.points(whole, until)
        begin = min(ts for ts, _ in expected) + 600
        choose = lambda points: {point: values for point, values in points.items() if point[0] >= begin}  # noqa: E731
        self.assert_equal(choose(self.points(root, until)), choose(expected))

    def test_a_source_that_lists_and_gives_nothing(self) -> None:
        """Or nothing any more at the end of its run; or that asks not to be asked."""
        until = int(time.time()) - 300
        for fault in ({"do": "error", "status": 500}, {"do": "page", "body": "<html>maintenance</html>", "type": "text/html"},
                      {"do": "reset", "skip": 10}, {"do": "error", "status": 503, "retry_after": 86400}):
            with self.subTest(fault):
                peers = self.simulate(faces=["esmond", "opensearch"])
                peers.change("127.0.0.2", faults=[{"match": "/esmond/.*/base"} | fault])
                root = self.root("esmond", "opensearch")
                self.collect(root)
                whole = self.root("opensearch")
                self.collect(whole)
                expected = self.points(whole, until)
                begin = min(ts for ts, _ in expected) + 600
                choose = lambda points: {point: values for point, values in points.items() if point[0] >= begin}  # noqa: E731, B023
                self.assert_equal(choose(self.points(root, until)), choose(expected))

    def test_a_foreign_answer_is_no_run(self) -> None:
        """Its result is not lost by that."""
        page = {"match": "/runs/", "do": "page", "body": '{"error":"backend busy, try again"}', "type": "application/json"}
        peers = self.simulate(faces=["pscheduler"], faults=[page], until=int(time.time()) - 120)
        root = self.root("pscheduler")
        run = root.probe(self.endpoint)
        self.assertEqual(run.status, PARTIAL, run)
        self.assertIn("backend busy", run.stderr)
        peers.change("127.0.0.2", faults=[])
        self.collect(root)
        whole = self.root("pscheduler")
        self.collect(whole)
        self.assert_same_as(whole, root)

    def test_one_bad_run_is_not_the_host(self) -> None:
        peers = self.simulate(faces=["pscheduler"], until=int(time.time()) - 120)
        self.collect(self.root("pscheduler"))
        bad = next(each["target"] for each in peers.requests("127.0.0.2") if "/runs/" in each["target"])
        peers.change("127.0.0.2", faults=[{"match": bad, "do": "error", "status": 500}])
        root = self.root("pscheduler")
        for _ in range(3):
            peers.reset_counts()
            self.collect(root, PARTIAL)
            self.assertIn("1 result could not be fetched", root.last_result(self.endpoint)["message"])
        self.assertEqual(peers.counts("127.0.0.2")["requests"], 3)
        peers.change("127.0.0.2", faults=[])
        self.collect(root)

    def test_an_answer_that_is_no_search(self) -> None:
        peers = self.simulate(faces=["pscheduler", "opensearch"])
        for body in ("{}", '{"message":"Welcome"}', '{"error":{"type":"security_exception"},"status":403}'):
            with self.subTest(body):
                peers.change("127.0.0.2", faults=[{"match": "/opensearch/", "do": "page", "body": body, "type": "application/json"}])
                root = self.root("opensearch", "pscheduler")
                self.collect(root)
                self.assertEqual(root.last_result(self.endpoint)["outcome"], "success")
                self.assertTrue(self.messages(root))

    def test_what_arrived_before_the_time_was_over_is_kept(self) -> None:
        self.simulate(faces=["pscheduler"], latency=0.25, until=int(time.time()) - 120)
        root = self.root("pscheduler", timeout="3s")
        for _ in range(100):
            run = root.probe(self.endpoint)
            if run.status == 0:
                break
            self.assertEqual(run.status, PARTIAL, run)
        self.assertEqual(run.status, 0, "it gets through, a part at a time")
        whole = self.root("pscheduler")
        self.collect(whole)
        self.assert_same_as(whole, root)

    def test_any_event_type_can_be_had_from_a_scheduler(self) -> None:
        """And nothing new is two requests, whatever they are."""
        peers = self.simulate(faces=["pscheduler"], until=int(time.time()) - 120)
        for event_type in ("time-error-estimates", "packet-rtt", "path-mtu", "pscheduler-run-href", "failures"):
            with self.subTest(event_type):
                root = self.root("pscheduler", **{"event-types": [event_type]})
                self.collect(root)
                self.assertEqual({message["meta"]["event-type"] for message in self.messages(root)}, {event_type})
                peers.reset_counts()
                self.collect(root)
                self.assertEqual(peers.counts("127.0.0.2")["requests"], 2)

    def test_nothing_answers(self) -> None:
        self.simulate(faces=["esmond"])
        root = self.root("opensearch", "pscheduler")
        run = root.probe(self.endpoint)
        self.assertEqual(run.status, UNREACHABLE, run)
        self.assertIn("/opensearch/", run.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
