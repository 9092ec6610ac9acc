#!/usr/bin/python3
"""Any document of JSON as a source: a jq program picks results, each is sent once, and nothing in the document breaks a run.

    MESHPROBE_BINARY_DIR=DIR http_source_test.py [unittest arguments]
"""
from __future__ import annotations

import json
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from hand import PARTIAL, UNREACHABLE, UNTRUSTED, Root, memory_bound  # noqa: E402
from simulator import Simulator  # noqa: E402

NAME = "127.0.0.2"
CONFIGURATION = 78
HOST = {"name": NAME, "address": NAME, "faces": []}
PROGRAM = '.stations[] | . as $s | .readings[] | {"event-type": "room-temperature", ts: .at, val: .celsius, source: $s.name}'


def reading(at: int, celsius: float = 20.5) -> dict:
    return {"at": at, "celsius": celsius}


def document(*stations: tuple[str, list]) -> dict:
    return {"stations": [{"name": name, "readings": readings} for name, readings in stations]}


class Documents(unittest.TestCase):
    def setUp(self) -> None:
        self.now = int(time.time()) - 300

    def simulate(self, served: object = None, **changes: object) -> Simulator:
        peers = Simulator({"hosts": [HOST | {"documents": {"/r.json": served} if served is not None else {}} | changes], "history": 7200})
        self.addCleanup(peers.__exit__)
        self.endpoint = peers.hosts[NAME]["endpoint"]
        return peers

    def serve(self, peers: Simulator, served: object) -> None:
        peers.change(NAME, documents={"/r.json": served})

    def configuration(self, *sources: str, script: object = PROGRAM, **settings: object) -> str:
        http = {"url": "https://{host}/r.json"} | ({"script": script} if script else {})
        task = {"collect": list(sources) or ["http"], "first-run": "2h", "tls": {"trust": "any"}, "http": http | settings.pop("http", {})}
        return json.dumps({"tasks": {"default": task | settings}})

    def root(self, *sources: str, **settings: object) -> Root:
        root = Root(self.configuration(*sources, **settings))
        self.addCleanup(root.__exit__)
        return root

    def collect(self, root: Root, status: int = 0):
        run = root.probe(self.endpoint)
        self.assertEqual(run.status, status, run)
        return run

    def messages(self, root: Root) -> list[dict]:
        run = root.run("meshprobectl", "spool", "export", "local", "-")
        self.assertEqual(run.status, 0, run)
        return [json.loads(line)["body"] for line in run.stdout.splitlines()]

    def results(self, root: Root) -> list[tuple]:
        return sorted((body["meta"]["source"], int(ts), value) for body in self.messages(root) for ts, value in body["datapoints"].items())

    def test_check_compiles_the_program(self) -> None:
        root = Root(self.configuration(script=".stations[] | {"))
        self.addCleanup(root.__exit__)
        checked = root.run("meshprobectl", "check")
        self.assertEqual(checked.status, 1, checked)
        self.assertRegex(checked.stdout + checked.stderr, r"meshprobe\.yaml:1:\d+: .*syntax error")
        self.assertIn("task default collects nothing by http", checked.stdout + checked.stderr)
        root.configure(self.configuration(script="", http={"file": str(root.path / "pick.jq")}))
        (root.path / "pick.jq").write_text("nosuch(")
        self.assertIn("pick.jq", root.run("meshprobectl", "check").stdout)
        (root.path / "pick.jq").write_text(PROGRAM)
        self.assertEqual(root.run("meshprobectl", "check").status, 0)

    def test_each_record_once(self) -> None:
        old = [reading(self.now - 600), reading(self.now - 300, 21.0)]
        peers = self.simulate(document(("a", old), ("b", [reading(self.now)])))
        root = self.root()
        self.collect(root)
        expected = [("a", self.now - 600, 20.5), ("a", self.now - 300, 21.0), ("b", self.now, 20.5)]
        self.assertEqual(self.results(root), expected)
        meta = self.messages(root)[0]["meta"]
        self.assertEqual((meta["subject_type"], meta["event-type"], meta["measurement_agent"]), ("network-element", "room-temperature", NAME))
        # what it holds still is not sent again, what is new is, also where it is older than the newest
        self.serve(peers, document(("a", [*old, reading(self.now - 450, 1), reading(self.now, 2)]), ("b", [])))
        self.collect(root)
        expected += [("a", self.now - 450, 1), ("a", self.now, 2)]
        self.assertEqual(self.results(root), sorted(expected))
        for _ in range(2):
            self.collect(root)
        self.assertEqual(self.results(root), sorted(expected))
        self.assertEqual(root.last_result(self.endpoint)["outcome"], "success")

    def test_what_is_the_same_is_not_sent_by_the_server(self) -> None:
        for validator, statuses in (("etag", {"304": 2}), ("last-modified", {"304": 2}), ("none", {"200": 2})):
            with self.subTest(validator):
                peers = self.simulate(document(("a", [reading(self.now)])), validator=validator)
                root = self.root()
                self.collect(root)
                peers.reset_counts()
                for _ in range(2):
                    self.collect(root)
                self.assertEqual(peers.counts(NAME)["statuses"], statuses)
                self.assertEqual(len(self.results(root)), 1)

    def test_another_program_reads_it_again(self) -> None:
        self.simulate(document(("a", [reading(self.now)])))
        root = self.root()
        self.collect(root)
        root.configure(self.configuration(script=PROGRAM.replace("room-", "hall-")))
        self.collect(root)
        self.assertEqual({body["meta"]["event-type"] for body in self.messages(root)}, {"room-temperature", "hall-temperature"})

    def test_a_first_run_looks_back_as_far_as_it_should(self) -> None:
        self.simulate(document(("a", [reading(self.now - 86400), reading(self.now)])))
        root = self.root()
        self.collect(root)
        self.assertEqual(self.results(root), [("a", self.now, 20.5)])

    def test_wrong_records_are_counted_and_named(self) -> None:
        peers = self.simulate(document(("a", [{"celsius": 1}, reading(self.now), {"at": self.now}])))
        root = self.root()
        run = self.collect(root, PARTIAL)
        self.assertIn("2 results were left out, first record 1: it has no ts", run.stderr)
        self.assertEqual(self.results(root), [("a", self.now, 20.5)])
        self.serve(peers, document(("a", [reading(self.now)])))
        root.forget_results()
        self.collect(root)

    def test_lists_of_records_and_what_the_program_knows(self) -> None:
        self.simulate({"n": 5})
        program = [f'[{{"event-type": "load", ts: {self.now}, val: .n,',
                   ' source: $host, destination: "d.example.org", "metadata-key": "k-1"}]']
        root = self.root(script=program)
        self.collect(root)
        [body] = self.messages(root)
        self.assertEqual((body["meta"]["source"], body["meta"]["destination"], body["meta"]["org_metadata_key"], body["datapoints"]),
                         (NAME, "d.example.org", "k-1", {str(self.now): 5}))

    def test_a_program_in_a_file(self) -> None:
        self.simulate(document(("a", [reading(self.now)])))
        root = self.root(script=None, http={"file": "/nonexistent/program.jq"})
        self.assertIn("/nonexistent/program.jq", self.collect(root, CONFIGURATION).stderr)
        program = root.path / "program.jq"
        program.write_text("# what we want\n" + PROGRAM + "\n")
        root.configure(self.configuration(script=None, http={"file": str(program)}))
        self.collect(root)
        self.assertEqual(len(self.results(root)), 1)

    def test_limits_apply(self) -> None:
        self.simulate(document(("a", [reading(self.now - 3600), reading(self.now)])))
        root = Root(json.dumps({"limits": {"young": {"type": "age", "max": "30min"}}} | json.loads(self.configuration(limits=["young"]))))
        self.addCleanup(root.__exit__)
        self.collect(root)
        self.assertEqual(self.results(root), [("a", self.now, 20.5)])

    def test_in_the_place_of_another_source(self) -> None:
        peers = self.simulate(document(("a", [reading(self.now)])), faces=["esmond"], tests=["latencybg"], entries=1)
        root = self.root("esmond", "http")
        self.collect(root)
        self.assertEqual([target for each in peers.requests(NAME) if "r.json" in (target := each["target"])], [])
        peers.change(NAME, faces=[])
        self.collect(root)
        types = {body["meta"]["event-type"] for body in self.messages(root)}
        self.assertIn("room-temperature", types)
        self.assertIn("packet-loss-rate", types)
        peers.reset_counts()
        self.collect(root)  # it is remembered what works
        self.assertEqual(len(peers.requests(NAME)), 1)
        peers.change(NAME, faces=["esmond"], documents={})
        self.collect(root)

    def test_hostile_documents(self) -> None:
        peers = self.simulate("")
        root = self.root()
        cases = {"nothing": ("", "no JSON document: nothing"),
                 "a page": ("<html><head><title>Log in</title></head></html>", 'an HTML page titled "Log in"'),
                 "half": ('{"stations": [', "the JSON document ends early, after 14 bytes"),
                 "null": ("null", "the jq program fails: Cannot iterate over null"),
                 "two": ("{}{}", "something stands behind the JSON document"),
                 "another shape": ({"stations": 5}, "the jq program fails"),
                 "deep": ("[" * 100000, "nested more than 64 deep"),
                 "large": ('{"stations":[],"a":"' + "a" * (9 << 20) + '"}', "r.json")}
        for name, (served, message) in cases.items():
            with self.subTest(name):
                self.serve(peers, served)
                root.forget_results()
                run = self.collect(root, UNREACHABLE)
                self.assertIn(message, run.stderr)
                self.assertLess(run.peak_kib, memory_bound(32 << 10))
        peers.change(NAME, documents={})
        root.forget_results()
        self.assertIn("404", self.collect(root, UNREACHABLE).stderr)
        self.serve(peers, document(("a", [reading(self.now)])))
        root.forget_results()
        self.collect(root)
        self.assertEqual(len(self.results(root)), 1)

    def test_a_large_document_in_little_memory(self) -> None:
        many = [reading(self.now - n, n) for n in range(6000)]
        self.simulate(document(*((name, many) for name in "abcdefgh")))
        root = self.root()
        run = self.collect(root)
        self.assertEqual(len(self.results(root)), 8 * 6000)
        self.assertLess(run.peak_kib, memory_bound(32 << 10))

    def test_programs_that_are_none(self) -> None:
        self.simulate(document(("a", [reading(self.now)])))
        for program, status, message in ((".stations[", CONFIGURATION, "the jq program"),
                                         ("def f: f; f", UNREACHABLE, "the jq program fails"),
                                         ("empty", 0, "")):
            with self.subTest(program):
                root = self.root(script=program)
                self.assertIn(message, self.collect(root, status).stderr)
                self.assertEqual(self.messages(root), [])

    def test_a_server_of_its_own_must_show_a_certificate(self) -> None:
        """The key that is remembered is the host's: another server is not asked to have the same."""
        peers = self.simulate(document(("a", [reading(self.now)])), faces=["esmond"], tests=["latencybg"], entries=1)
        port = self.endpoint.rpartition(":")[2]
        root = self.root(http={"url": f"https://other.example.org:{port}/r.json"}, tls={"trust": "first-use"},
                         **{"connect-to": NAME})
        self.assertIn("tls.trust: ca", self.collect(root, UNTRUSTED).stderr)
        self.assertEqual(peers.requests(NAME), [])

    def test_there_is_no_past_to_back_fill(self) -> None:
        self.simulate(document(("a", [reading(self.now)])))
        root = self.root()
        self.collect(root)
        run = root.run("meshprobectl", "backfill", self.endpoint, "--since", "yesterday")
        self.assertNotEqual(run.status, 0)
        self.assertIn("no source that keeps a past", run.stdout + run.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
