#!/usr/bin/python3
"""What is missing: a mesh of ten hosts and ninety pairs with holes of each kind, through the real programs."""
import json
import shutil
import sqlite3
import sys
import time
import unittest
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from hand import DEGRADED, SUCCESS, USAGE, Root  # noqa: E402
from simulator import Simulator  # noqa: E402

HOUR = 3600
HOSTS = [f"127.0.0.{i}" for i in range(2, 12)]
EVERY = 300


def seconds(text: str | None) -> int | None:
    return None if text is None else int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp())


def v6(host: str) -> str:
    return "2001:db8::" + host.rsplit(".", 1)[1]


def v4(address: str) -> str:
    return address.replace("2001:db8::", "127.0.0.")


class Holes(unittest.TestCase):
    """rtt over IPv4 between all, over IPv6 between the first three, and disabled members."""

    def setUp(self):
        self.now = int(time.time())
        self.stopped = (self.now - 5 * HOUR) // EVERY * EVERY
        self.failing = (self.now - 4 * HOUR) // EVERY * EVERY
        a, b, c, d, e, f, g, h = HOSTS[:8]
        self.dead, self.disabled = HOSTS[8], HOSTS[9]
        self.never = {(a, b), (b, a)}
        self.silent = {(a, c), (c, a)}
        self.one_way = {(b, c)}            # c to b reports
        self.one_way_stopped = {(f, g)}    # g to f reports
        self.only6 = {(a, d)}              # of the two protocols between a and d
        self.only4 = {(d, a)}              # likewise
        self.failures = {(e, f), (f, e)}
        hosts = [self.host(name) for name in HOSTS]
        self.peers = Simulator({"hosts": hosts, "history": 20 * HOUR, "meshes": [{"name": "m", "hosts": HOSTS}]})
        self.addCleanup(self.peers.__exit__)
        self.endpoints = {name: host["endpoint"] for name, host in self.peers.hosts.items()}
        self.peers.mesh_hosts("m", list(self.endpoints.values()), document=self.document())
        self.root = Root(f"meshes: {{m: {{url: '{self.peers.mesh}', allow-private: true}}}}\n"
                         "tasks: {default: {first-run: 12h}}\n")
        self.addCleanup(self.root.__exit__)

    def host(self, name: str) -> dict:
        pairs = []
        for other in HOSTS:
            pair = (name, other)
            if name == other or pair in self.never | self.one_way or self.disabled in pair:
                continue
            entry = {"test": "rtt", "source": name, "destination": other, "input-source": name, "input-destination": other}
            if pair in self.silent | self.one_way_stopped:
                entry["until"] = self.stopped
            if pair in self.failures:
                entry["failing"] = self.failing
            if pair not in self.only6:
                pairs.append(entry)
            if pair in self.only6 or pair[::-1] in self.only6 - {other[::-1] for other in self.only4}:
                pairs.append(entry | {"source": v6(name), "destination": v6(other), "input-source": v6(name), "input-destination": v6(other)})
        return {"name": name, "address": name, "pairs": pairs, "missing": 0.0, "failed": 0.0, "late": 0.0, "interval": EVERY, "duration": 5}

    def document(self) -> dict:
        """Addresses over IPv4, and of some hosts over IPv6; one host is disabled, and one whole task."""
        key = {name: f"a{i}" for i, name in enumerate(HOSTS)}
        six = sorted({name for pair in self.only6 for name in pair})
        url = {name: f"https://{endpoint}/esmond/perfsonar/archive/" for name, endpoint in self.endpoints.items()}
        spec = {"source": "{% address[0] %}", "dest": "{% address[1] %}"}
        return {
            "archives": {f"archive-{k}": {"archiver": "esmond", "data": {"url": url[name]}} for name, k in key.items()},
            "addresses": {k: {"address": name, "host": f"host-{k}"} for name, k in key.items()}
            | {key[name] + "-v6": {"address": v6(name), "host": f"host-{key[name]}"} for name in six},
            "hosts": {f"host-{k}": {"archives": [f"archive-{k}"]} | ({"disabled": True} if name == self.disabled else {})
                      for name, k in key.items()},
            "groups": {"all": {"type": "mesh", "addresses": [{"name": k} for k in key.values()]},
                       "six": {"type": "mesh", "addresses": [{"name": key[name] + "-v6"} for name in six]}},
            "tests": {"rtt": {"type": "rtt", "spec": spec}, "rtt6": {"type": "rtt", "spec": spec | {"ip-version": 6}},
                      "speed": {"type": "throughput", "spec": spec}},
            "schedules": {"often": {"repeat": "PT5M", "slip": "PT1M"}, "once": {"max-runs": 1, "repeat": "PT5M"}},
            "tasks": {"rtt": {"group": "all", "test": "rtt", "schedule": "often"},
                      "rtt6": {"group": "six", "test": "rtt6", "schedule": "often"},
                      "off": {"group": "all", "test": "speed", "schedule": "often", "disabled": True},
                      "once": {"group": "all", "test": "speed", "schedule": "once"},
                      "no-schedule": {"group": "all", "test": "speed"}},
        }

    def coverage(self, *arguments: str, status: int = DEGRADED) -> dict:
        run = self.root.run("meshprobectl", "coverage", "--json", *arguments)
        self.assertEqual(run.status, status, run)
        return json.loads(run.stdout)

    def wanted(self, with_texts: bool) -> dict:
        text = None
        holes = {}
        for pair in self.never:
            holes[pair] = ("never-seen", None)
        for pair in self.silent:
            holes[pair] = ("silent", self.stopped)
        for pair in self.one_way:
            holes[pair] = ("one-direction", None)
        for pair in self.one_way_stopped:
            holes[pair] = ("one-direction", self.stopped)
        for pair in self.only6:
            holes[pair] = ("ipv6-only", None)
        for source, destination in self.only4:
            holes[v6(source), v6(destination)] = ("ipv4-only", None)
        for pair in self.failures:
            holes[pair] = ("failures", self.failing)
        for other in HOSTS:
            if other not in (self.dead, self.disabled):
                holes[self.dead, other] = ("host-down", None)
        return holes

    def check(self, found: dict, with_archive: bool) -> None:
        holes = {(hole["source"], hole["destination"]): hole for hole in found["holes"]}
        wanted = self.wanted(with_archive)
        self.assertEqual({pair: hole["cause"] for pair, hole in holes.items()}, {pair: cause for pair, (cause, _) in wanted.items()})
        self.assertEqual(len(holes), len(found["holes"]))
        for pair, (cause, since) in wanted.items():
            hole = holes[pair]
            if cause == "host-down":
                self.assertIn(self.dead, hole["detail"])
                continue
            self.assertEqual(hole["test-type"], "rtt")
            self.assertEqual(hole["interval"], EVERY)
            self.assertEqual(hole["measurement-archives"], [self.endpoints[v4(pair[0])]])
            got = seconds(hole["since"])
            if since is None:
                self.assertIsNone(got, hole)
            else:  # the last run before it
                self.assertTrue(since - EVERY <= got <= since, (hole, since))
            if cause == "failures":
                self.assertEqual(any(text in (hole["detail"] or "") for text in ("archiver said", "The test failed")), with_archive, hole)
        self.assertEqual(found["expected"], 9 * 8 + 2)
        self.assertEqual(found["reporting"], found["expected"] - len(wanted))

    def test_holes_with_and_without_the_local_archive(self):
        self.peers.change(self.dead, dead=True)
        self.root.once()
        self.check(self.coverage(), with_archive=True)
        some = self.coverage(self.endpoints[HOSTS[1]])
        self.assertEqual({(hole["source"], hole["destination"], hole["cause"]) for hole in some["holes"]},
                         {(HOSTS[1], HOSTS[0], "never-seen"), (HOSTS[1], HOSTS[2], "one-direction")})
        table = self.root.run("meshprobectl", "coverage", "--mesh", "m")
        self.assertEqual(table.status, DEGRADED, table)
        self.assertIn("one direction only", table.stdout)
        self.assertIn("74 results expected", table.stdout)
        self.assertEqual(self.root.run("meshprobectl", "coverage", "--mesh", "nothing").status, USAGE)

        shutil.rmtree(self.root.database.parent)
        self.check(self.coverage(), with_archive=False)

        # for whoever fills it later
        self.coverage("--record")
        gaps = json.loads(self.root.run("meshprobectl", "gaps", "--json").stdout)
        silent = {(gap["host"], gap["archive"]) for gap in gaps if gap["reason"] == "silent"}
        self.assertIn((self.endpoints[HOSTS[0]], "local"), silent)
        before = len(gaps)
        self.coverage("--record")
        self.assertEqual(len(json.loads(self.root.run("meshprobectl", "gaps", "--json").stdout)), before)

    def without_holes(self):
        self.never = self.silent = self.one_way = self.one_way_stopped = self.only6 = self.only4 = self.failures = set()
        for name in HOSTS:
            self.peers.change(name, pairs=self.host(name)["pairs"])
        self.peers.mesh_hosts("m", list(self.endpoints.values()), document=self.document())

    def causes(self, host: str) -> set[str]:
        found = self.coverage(self.endpoints[host])
        self.assertEqual(len(found["holes"]), 8, found)
        return {hole["cause"] for hole in found["holes"]}

    def test_causes_on_our_own_side(self):
        """Results that were not delivered, hosts that nobody asks any more, ranges that were skipped on purpose."""
        self.without_holes()
        behind, kept, unasked = HOSTS[:3]
        self.root.configure(f"meshes: {{m: {{url: '{self.peers.mesh}', allow-private: true}}}}\n"
                            "tasks: {default: {first-run: 12h, catch-up: 10min}}\n")
        for name in (behind, unasked):
            self.peers.change(name, skew=-10 * HOUR)
        self.root.once()
        with closing(sqlite3.connect(self.root.database)) as database, database:
            database.execute("DELETE FROM point WHERE ts > ? AND series IN (SELECT s.id FROM series s JOIN metadata m ON s.metadata = m.id"
                             " JOIN measurement_archive a ON m.measurement_archive = a.id WHERE a.host = ?)",
                             (self.now - HOUR, self.endpoints[kept]))
        self.assertEqual(self.causes(kept), {"undelivered"})

        result = self.root.path / "run/meshprobe/results" / f"meshprobe@{self.endpoints[unasked]}"
        said = json.loads(result.read_text())
        self.assertNotIn("not-collected", self.causes(unasked))
        for name in (name for name in said if "success" in name and said[name]):
            said[name] -= 10 * HOUR * 1_000_000
        result.write_text(json.dumps(said))
        self.assertEqual(self.causes(unasked), {"not-collected"})

        # Its clock is set right; what it measured meanwhile is more than is caught up with, and then it ceased to measure.
        self.peers.change(behind, skew=0, pairs=[pair | {"until": self.stopped} for pair in self.host(behind)["pairs"]])
        self.root.forget_results()
        self.root.probe(self.endpoints[behind])
        found = self.coverage(self.endpoints[behind])
        self.assertEqual({(hole["cause"], hole["detail"]) for hole in found["holes"]}, {("gap", "catch-up, missing in local")}, found)

    def test_a_whole_mesh_and_gaps(self):
        """Nothing is missing; a collector that was off for long says which range it skipped."""
        self.without_holes()
        collected = self.root.once()
        self.assertEqual(collected.status, SUCCESS, collected)
        found = self.coverage(status=SUCCESS)
        self.assertEqual((found["expected"], found["reporting"], found["holes"]), (72, 72, []))
        self.assertIn("72 report, 0 are missing", self.root.run("meshprobectl", "coverage").stdout)
        expected = list((self.root.path / "var/lib/meshprobe/mesh/expected").iterdir())
        self.assertEqual([path.name for path in expected], ["m"])
        written = expected[0].stat().st_mtime_ns
        self.root.refresh()
        self.assertEqual(expected[0].stat().st_mtime_ns, written)

        self.peers.call("PATCH", "hosts/*", {"skew": 40 * 86400})
        self.root.forget_results()
        self.root.once()
        gaps = json.loads(self.root.run("meshprobectl", "gaps", self.endpoints[HOSTS[0]], "--json").stdout)
        self.assertEqual([(gap["reason"], gap["archive"], gap["series"]) for gap in gaps], [("catch-up", "local", None)])


if __name__ == "__main__":
    unittest.main(verbosity=2)
