#!/usr/bin/python3
"""The switch from an old collector: every point once, whoever delivered it."""
import json
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import expect  # noqa: E402
from hand import DEFERRED, FAILURE, PARTIAL, SUCCESS, USAGE, Root  # noqa: E402
from legacy_collector import LOOK_BACK, PS_COLLECTOR, LegacyCollector  # noqa: E402
from simulator import Simulator  # noqa: E402

HOUR, DAY = 3600, 86400
INTERVAL = 300
FIRST, SECOND = "127.0.0.2", "127.0.0.3"


class Case(unittest.TestCase):
    def start(self, *hosts: dict, history: int = 3 * DAY, task: str = "", **old: object) -> None:
        specs = hosts or ({"name": FIRST, "address": FIRST}, {"name": SECOND, "address": SECOND, "flavour": "elmond"})
        self.peers = Simulator({"hosts": [{"late": 0.0, "entries": 12} | spec for spec in specs], "history": history, "meshes": []})
        self.addCleanup(self.peers.__exit__)
        self.root = Root(f"meshes: {{all: {{url: '{self.peers.mesh}', allow-private: true}}}}\ntasks: {{default: {{{task}}}}}\n")
        self.addCleanup(self.root.__exit__)
        directory = tempfile.TemporaryDirectory(prefix="old-collector-")
        self.addCleanup(directory.cleanup)
        self.old = LegacyCollector(directory.name, **old)
        self.names = [spec["name"] for spec in specs]
        self.peers.mesh_hosts("all", [self.endpoint(name) for name in self.names])
        self.since = 0

    def endpoint(self, name: str) -> str:
        return self.peers.hosts[name]["endpoint"]

    def cycle(self, ago: int) -> None:
        """One of the old collector, so many seconds ago by every clock."""
        self.peers.call("PATCH", "hosts/*", {"skew": -ago})
        self.since = self.since or int(time.time()) - ago - LOOK_BACK + 60
        for name in self.names:
            self.old.run(self.endpoint(name), time.time() - ago)
        self.peers.call("PATCH", "hosts/*", {"skew": 0})

    def take_over(self, *options: str, collector: str = "ps-collector", status: int = SUCCESS):
        run = self.root.run("meshprobectl", "import", collector, str(self.old.directory), "--no-config", *options)
        self.assertEqual(run.status, status, run)
        return run

    def collect(self, *statuses: int, runs: int = 2) -> None:
        self.assertEqual(self.root.refresh().status, SUCCESS)
        for _ in range(runs):
            for name in self.names:
                run = self.root.probe(self.endpoint(name))
                self.assertIn(run.status, (SUCCESS, *statuses), run)

    def found_old(self) -> list[expect.Found]:
        return [found for message in self.old.messages for found in expect.from_message(json.dumps(message))]

    def found_new(self) -> list[expect.Found]:
        return list(expect.from_spool(self.root.queue)) if self.root.queue.exists() else []

    def each_once(self, since: int | None = None) -> None:
        config = {spec["name"]: spec for spec in self.peers.config()["hosts"]}
        hosts = [(expect.data_of(config[name]), {name, self.endpoint(name)}) for name in self.names]
        until = int(time.time()) - 30
        verdict = expect.compare(self.found_old() + self.found_new(), hosts, since or self.since, until, until)
        self.assertGreater(verdict.must, 100)
        self.assertTrue(verdict.good(once=True), verdict.text())


class Switch(Case):
    def three_cycles(self) -> None:
        for number in (3, 2, 1):
            self.cycle(number * INTERVAL)
        self.assertGreater(len(self.found_old()), 100)

    def test_no_gap_and_no_repeat(self):
        self.start()
        self.three_cycles()
        self.take_over()
        self.collect()
        self.assertGreater(len(self.found_new()), 10)
        self.each_once()

    def test_nothing_older_than_what_the_old_collector_asked_for(self):
        self.start()
        self.three_cycles()
        self.take_over()
        self.collect()
        self.assertGreater(min(found.point.ts for found in self.found_new()), time.time() - INTERVAL - 2 * HOUR)

    def test_trees_of_rsv(self):
        self.start(metric="org.osg.general.perfsonar-activemq-simple", in_place=True)
        self.three_cycles()
        self.take_over(collector="rsv")
        self.collect()
        self.each_once()

    def test_a_tree_that_is_two_days_old(self):
        self.start()
        self.cycle(2 * DAY)
        self.take_over()
        self.collect(runs=3)
        self.each_once()

    def test_late_results_of_the_overlap_are_not_repeated(self):
        self.start({"name": FIRST, "address": FIRST, "late": 0.2, "late_max": 400})
        self.three_cycles()
        self.take_over()
        self.collect()
        points = [found.point for found in self.found_old() + self.found_new()]
        self.assertEqual(len(points), len(set(points)))

    def test_a_series_that_the_old_collector_never_met(self):
        self.start()
        self.old.event_types = ("packet-loss-rate", "throughput")
        self.three_cycles()
        self.take_over()
        self.collect()
        old, new = {found.point for found in self.found_old()}, {found.point for found in self.found_new()}
        self.assertFalse(old & new)
        self.assertIn("packet-trace", {point.event_type for point in new})


class Names(Case):
    """One archive with two names."""

    def start_twins(self, *asked: str) -> None:
        self.start(*({"name": name, "address": name, "seed": "one archive"} for name in (FIRST, SECOND)), task="first-run: 2h")
        self.names = list(asked)
        for number in (3, 2, 1):
            self.cycle(number * INTERVAL)
        self.names = [FIRST, SECOND]

    def once_each(self) -> None:
        points = [found.point for found in self.found_new()]
        self.assertGreater(len(points), 10)
        self.assertEqual(len(points), len(set(points)))

    def test_the_old_collector_asked_both(self):
        self.start_twins(FIRST, SECOND)
        self.assertIn("another name", self.take_over().stdout)
        self.collect(DEFERRED)
        self.once_each()
        self.assertFalse({found.point for found in self.found_old()} & {found.point for found in self.found_new()})

    def test_the_old_collector_asked_one(self):
        self.start_twins(SECOND)
        self.take_over()
        self.collect(DEFERRED)
        self.once_each()
        self.assertFalse({found.point for found in self.found_old()} & {found.point for found in self.found_new()})


class Trees(Case):
    def test_twice_is_harmless(self):
        self.start()
        self.cycle(INTERVAL)
        self.take_over()
        state = sorted((self.root.path / "var/lib/meshprobe/checkpoint").glob("*.snapshot"))
        before = [path.read_bytes() for path in state]
        self.assertEqual(len(before), 2)
        self.assertIn("unchanged", self.take_over().stdout)
        self.assertEqual([path.read_bytes() for path in state], before)
        self.collect()
        self.each_once()

    def test_a_newer_tree_takes_the_place_of_the_one_before(self):
        self.start()
        self.cycle(2 * INTERVAL)
        self.take_over()
        self.cycle(INTERVAL)
        self.assertIn("taken over", self.take_over().stdout)
        self.collect()
        self.each_once()

    def test_what_is_collected_already_is_refused(self):
        self.start()
        self.cycle(INTERVAL)
        self.collect(runs=1)
        run = self.take_over(status=FAILURE)
        self.assertIn("collects this host already", run.stderr)
        self.assertIn("--force", run.stderr)
        before = len(self.found_new())
        self.collect(runs=1)
        self.assertLess(len(self.found_new()) - before, before / 10)

    def test_forced_it_goes_on_where_the_old_collector_stopped(self):
        self.start(task="first-run: 2h")
        self.cycle(2 * INTERVAL)
        self.collect(runs=1)  # as an archive in shadow had it done
        for path in self.root.queue.iterdir():
            path.unlink()
        self.cycle(INTERVAL)
        self.assertIn("replaced", self.take_over("--force").stdout)
        self.collect()
        self.each_once()

    def test_a_dry_run_changes_nothing(self):
        self.start()
        self.cycle(INTERVAL)
        self.assertIn(self.endpoint(FIRST), self.take_over("--dry-run").stdout)
        self.assertFalse((self.root.path / "var/lib/meshprobe/checkpoint").exists())

    def test_bad_files_harm_only_themselves(self):
        self.start()
        self.cycle(INTERVAL)
        host = self.old.tree / self.endpoint(FIRST)
        (host / ("0" * 32)).write_text('{"throughput": 17')
        (host / ("1" * 32)).write_text('{"throughput": "soon", "packet-trace": 99999999999}')
        (host / "tmpabc123_x").write_text("")
        (host / ("2" * 32)).symlink_to("/etc/passwd")
        (self.old.tree / "not a host").mkdir()
        run = self.take_over(status=PARTIAL)
        for word in ("0" * 32, '"throughput": expected UNIX seconds', '"packet-trace"', "2" * 32, "not a host"):
            self.assertIn(word, run.stderr)
        self.assertNotIn("tmpabc", run.stderr)
        self.collect()
        self.each_once()

    def test_a_directory_without_checkpoints(self):
        self.start()
        run = self.take_over(status=USAGE)
        self.assertIn(PS_COLLECTOR, run.stderr)


if __name__ == "__main__":
    unittest.main()
