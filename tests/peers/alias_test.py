#!/usr/bin/python3
"""One measurement archive behind several names: every point once, whoever is asked, whenever a name comes or goes."""
import json
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import expect  # noqa: E402
from hand import DEFERRED, SUCCESS, UNREACHABLE, Root  # noqa: E402
from simulator import Simulator  # noqa: E402

HOUR, DAY = 3600, 86400
FIRST, SECOND, THIRD = "127.0.0.2", "127.0.0.3", "127.0.0.4"


def names_of_one(*addresses: str, **settings) -> list[dict]:
    return [{"name": address, "address": address, "seed": "one archive", "late": 0.0, "entries": 6} | settings for address in addresses]


class Aliases(unittest.TestCase):
    def start(self, hosts: list[dict], listed: list[str] | None = None, task: str = "first-run: 2h") -> None:
        self.peers = Simulator({"hosts": hosts, "history": 3 * DAY, "meshes": []})
        self.addCleanup(self.peers.__exit__)
        self.root = Root(f"meshes: {{all: {{url: '{self.peers.mesh}', allow-private: true}}}}\ntasks: {{default: {{{task}}}}}\n")
        self.addCleanup(self.root.__exit__)
        self.skew = 0
        self.since = int(time.time()) - 2 * HOUR + 600
        self.name(listed or [host["name"] for host in hosts])

    def endpoint(self, name: str) -> str:
        return self.peers.hosts[name]["endpoint"]

    def name(self, names: list[str]) -> None:
        self.peers.mesh_hosts("m", [self.endpoint(name) for name in names])

    def refresh(self) -> list[str]:
        """Addresses of the hosts that have instances."""
        self.assertEqual(self.root.refresh().status, SUCCESS)
        return [line.split(":")[0] for line in (self.root.path / "var/lib/meshprobe/mesh/hosts").read_text().splitlines()]

    def probe(self, name: str, *statuses: int):
        run = self.root.probe(self.endpoint(name))
        self.assertIn(run.status, statuses or (SUCCESS,), run)
        return run

    def go_on(self, seconds: int) -> None:
        """Time passes for the hosts."""
        self.skew += seconds
        self.peers.call("PATCH", "hosts/*", {"skew": self.skew})

    def complete(self, *data: str, names: list[str] | None = None) -> None:
        """Every point of `data` is there exactly once, under any of `names`."""
        now = int(time.time()) + self.skew
        self.root.drain()
        specs = {spec["name"]: spec for spec in self.peers.config()["hosts"]}
        endpoints = {self.endpoint(name) for name in names or specs}
        verdict = expect.compare(expect.from_sqlite(self.root.database), [(expect.data_of(specs[name]), endpoints) for name in data],
                                 self.since, now - 120, now - 120)
        print(" ", verdict.text(), flush=True)
        self.assertGreater(verdict.must, 100)
        self.assertTrue(verdict.good(once=True), verdict.text())

    def record(self, name: str) -> dict:
        return self.root.host_records()[self.endpoint(name)]

    def die_for_a_day(self, name: str) -> None:
        """As its last result tells: the clock of this machine is not ours to turn."""
        self.peers.change(name, dead=True)
        self.probe(name, UNREACHABLE)
        path = self.root.path / "run/meshprobe/results" / f"meshprobe@{self.endpoint(name)}"
        result = json.loads(path.read_text())
        result |= {"bad_runs": 30, "last_success_usec": result["last_success_usec"] - 25 * HOUR * 1000000, "not_before_usec": 0}
        path.write_text(json.dumps(result))

    def test_the_one_seen_first_is_collected_and_the_others_are_its_aliases(self):
        for flavour in ("esmond", "elmond"):
            with self.subTest(flavour):
                self.start(names_of_one(FIRST, SECOND, THIRD, flavour=flavour))
                self.assertEqual(self.refresh(), [FIRST, SECOND, THIRD])
                self.probe(SECOND)  # not the first by name
                self.assertIn(f"alias of {self.endpoint(SECOND)}", self.probe(FIRST).stderr)
                self.probe(THIRD)
                self.complete(FIRST, names=[SECOND])
                self.assertIn(f"alias of {self.endpoint(SECOND)}", self.root.run("meshprobectl", "status").stdout)  # before a refresh
                self.peers.reset_counts()
                self.probe(FIRST)
                self.assertEqual(self.peers.counts(FIRST)["requests"], 0)
                for _ in range(3):  # and it stays like this
                    self.assertEqual(self.refresh(), [SECOND])
                self.assertEqual(self.record(FIRST)["alias-of"], self.endpoint(SECOND))
                self.assertIn(f"alias of {self.endpoint(SECOND)}", self.root.run("meshprobectl", "hosts").stdout)
                self.go_on(HOUR)
                self.probe(SECOND)
                self.complete(FIRST, names=[SECOND])

    def test_all_at_once(self):
        self.start(names_of_one(FIRST, SECOND, THIRD, entries=12))
        self.root.once(jobs=3)
        for _ in range(2):
            self.root.forget_results()
            self.root.once(jobs=3)
        self.complete(FIRST)
        self.assertEqual(len(self.refresh()), 1)

    def test_takes_over_when_the_first_name_vanishes_and_rests_when_it_is_back(self):
        for flavour in ("esmond", "elmond"):
            with self.subTest(flavour):
                self.start(names_of_one(FIRST, SECOND, THIRD, flavour=flavour))
                self.refresh()
                for name in (FIRST, SECOND, THIRD):
                    self.probe(name)
                self.assertEqual(self.refresh(), [FIRST])
                self.name([SECOND, THIRD])
                self.assertEqual(self.refresh(), [SECOND])  # one of the two
                self.go_on(3 * HOUR)
                self.probe(SECOND)
                self.complete(FIRST)
                self.name([FIRST, SECOND, THIRD])
                self.go_on(HOUR)
                self.assertEqual(self.refresh(), [FIRST])
                self.probe(FIRST)
                self.complete(FIRST)

    def test_takes_over_from_one_that_is_dead_for_a_day(self):
        self.start(names_of_one(FIRST, SECOND))
        self.refresh()
        self.probe(FIRST)
        self.probe(SECOND)
        self.assertEqual(self.refresh(), [FIRST])
        self.go_on(20 * HOUR)
        self.die_for_a_day(FIRST)
        self.assertEqual(self.refresh(), [FIRST, SECOND])
        self.probe(SECOND)
        self.complete(FIRST)
        self.peers.change(FIRST, dead=False)
        self.go_on(HOUR)
        for name in (FIRST, SECOND, FIRST):  # both are asked for a while
            self.probe(name)
        self.complete(FIRST)
        self.assertEqual(self.refresh(), [FIRST])

    def test_a_renamed_host_goes_on_where_it_stopped(self):
        self.start(names_of_one(FIRST, SECOND), listed=[FIRST])
        self.refresh()
        self.probe(FIRST)
        self.name([SECOND])
        self.assertEqual(self.refresh(), [SECOND])
        self.peers.change(SECOND, entries=8)  # with two new tests
        self.go_on(5 * HOUR)
        self.probe(SECOND)  # its first run knows it again, and goes on
        self.complete(FIRST)  # of what both names held
        self.go_on(HOUR)
        self.probe(SECOND)
        self.complete(FIRST)

    def test_an_archive_that_holds_a_part_of_a_central_one_is_not_the_same(self):
        for first in (FIRST, SECOND):
            with self.subTest(first):
                self.start([*names_of_one(FIRST, entries=4), *names_of_one(SECOND, entries=12)])
                self.refresh()
                second = SECOND if first == FIRST else FIRST
                self.probe(first)
                self.probe(second, SUCCESS, DEFERRED)
                self.probe(first)  # a second look: what appeared meanwhile would be known now
                self.probe(second)
                self.assertEqual(self.refresh(), [FIRST, SECOND])
                self.complete(SECOND)
                self.go_on(HOUR)
                for name in (second, first):
                    self.probe(name)
                self.complete(SECOND)

    def test_hosts_of_their_own_are_left_alone(self):
        self.start([*names_of_one(FIRST), *names_of_one(SECOND, seed="another")])
        self.refresh()
        for _ in range(2):
            self.probe(FIRST)
            self.probe(SECOND)
        self.complete(FIRST, SECOND)
        self.assertEqual(self.refresh(), [FIRST, SECOND])


if __name__ == "__main__":
    unittest.main(verbosity=2)
