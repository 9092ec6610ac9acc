#!/usr/bin/python3
"""Where a result is lost: a fault at each station of its way, seeded, and what explain says of it. The mesh is that of coverage_test.py."""
import json
import shutil
import sqlite3
import sys
import time
import unittest
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import coverage_test  # noqa: E402
from coverage_test import HOSTS, HOUR, v6  # noqa: E402
from hand import DEGRADED, SUCCESS, USAGE  # noqa: E402

ORDER = ["expected", "collected", "host-up", "test-ran", "fetched", "limits", "spool", "confirmed"]


class Explained(unittest.TestCase):
    def setUp(self):
        self.seeded = coverage_test.Holes()
        self.seeded.setUp()
        self.addCleanup(self.seeded.doCleanups)
        self.root, self.peers = self.seeded.root, self.seeded.peers

    def run_explain(self, *arguments: str):
        return self.root.run("meshprobectl", "explain", *arguments)

    def explain(self, *arguments: str) -> dict:
        run = self.run_explain("--json", *arguments)
        self.assertIn(run.status, (SUCCESS, DEGRADED), run)
        found = json.loads(run.stdout)
        self.assertEqual(run.status, SUCCESS if found["verdict"] == "arrived" else DEGRADED, run)
        for result in found["results"]:
            self.assertEqual([step["step"] for step in result["steps"]], sorted((step["step"] for step in result["steps"]), key=ORDER.index))
            wrong = [step["step"] for step in result["steps"] if step["ok"] is False]
            self.assertEqual(bool(wrong), result["verdict"] == "missing", result)
        return found

    def cause(self, *arguments: str) -> str | None:
        return self.explain(*arguments)["cause"]

    def configure(self, tasks: str, rest: str = "") -> None:
        self.root.configure(f"meshes: {{m: {{url: '{self.peers.mesh}', allow-private: true}}}}\ntasks: {{default: {{first-run: 12h, {tasks}}}}}\n{rest}")

    def test_what_is_wrong_with_the_mesh_and_its_hosts(self):
        holes = self.seeded
        self.peers.change(holes.dead, dead=True)
        self.root.once()
        g, h = HOSTS[6], HOSTS[7]
        good = self.explain(h, g)
        self.assertEqual((good["verdict"], good["cause"]), ("arrived", None), good)
        self.assertTrue(all(step["ok"] for step in good["results"][0]["steps"]), good)

        causes = {pair: "never-seen" for pair in holes.never | holes.one_way}
        causes |= {pair: "silent" for pair in holes.silent | holes.one_way_stopped}
        causes |= {pair: "failures" for pair in holes.failures}
        causes[holes.dead, g] = "host-down"
        causes[g, holes.disabled] = "not-expected"
        for pair, cause in causes.items():
            self.assertEqual(self.cause(*pair), cause, pair)
        for source, destination in holes.only4:
            self.assertEqual(self.cause(v6(source), v6(destination)), "never-seen")
        self.assertIn("the other way round", self.explain(*next(iter(holes.one_way)))["text"])
        failed = self.explain(*next(iter(holes.failures)))
        self.assertTrue(any(text in failed["text"] for text in ("archiver said", "The test failed")), failed)

        # By machine: both protocols, of which one is missing.
        machine = self.explain("host-a0", "host-a3")
        self.assertEqual(sorted(result["verdict"] for result in machine["results"]), ["arrived", "missing"])
        self.assertEqual(machine["verdict"], "missing")
        self.assertTrue(machine["text"].startswith(f"{HOSTS[0]} to {HOSTS[3]}, rtt: "), machine)

        # When it was still fine, and after.
        pair = next(iter(holes.silent))
        self.assertEqual(self.cause(*pair, str(holes.stopped - HOUR)), None)
        self.assertEqual(self.cause(*pair, "rtt", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(holes.stopped + HOUR))), "silent")
        self.assertEqual(self.cause(h, g, "30min ago"), None)
        self.assertEqual(self.cause(h, g, "histogram-owdelay"), "not-expected")
        self.assertEqual(self.cause(h, g, "packet-count-sent"), None)

        self.assertIn("did you mean \"host-a0\"?", self.explain("host-a0", "hots-a0")["text"])
        text = self.run_explain(h, g)
        self.assertIn("Verdict: it arrives", text.stdout)
        for wrong in ((h,), (h, g, "rtt", "never"), (h, g, str(int(time.time()) + HOUR))):
            self.assertEqual(self.run_explain(*wrong).status, USAGE)

    def test_what_is_wrong_here(self):
        self.seeded.without_holes()
        source, destination = HOSTS[:2]
        endpoint = self.seeded.endpoints[source]
        self.configure("archives: {local: true}")
        self.root.refresh()
        self.assertEqual(self.explain(source, destination)["verdict"], "unclear")  # it was never asked

        # fetched, and not delivered
        self.root.probe(endpoint)
        waiting = self.explain(source, destination)
        self.assertEqual((waiting["cause"], waiting["results"][0]["steps"][-2]["archive"]), ("waiting", "local"), waiting)
        failed = self.root.queue.parent / "failed"
        failed.mkdir(exist_ok=True)
        for segment in list(self.root.queue.iterdir()):
            shutil.move(segment, failed / segment.name)
            (failed / (segment.name + ".reason")).write_text("it did not like them\n")
        refused = self.explain(source, destination)
        self.assertEqual(refused["cause"], "refused", refused)
        self.assertIn("it did not like them", refused["text"])
        self.assertIn("spool retry local", refused["advice"])
        self.root.run("meshprobectl", "spool", "retry", "local", "--all")
        self.root.drain()
        self.assertEqual(self.cause(source, destination), None)

        # delivered, and gone
        with closing(sqlite3.connect(self.root.database)) as database, database:
            database.execute("DELETE FROM point WHERE ts > ?", (self.seeded.now - HOUR,))
        self.assertEqual(self.cause(source, destination), "undelivered")
        self.assertEqual(self.cause(source, destination, "3h ago"), None)

        # not asked for: by the configuration, and by hand
        hosts = f"hosts: {{'{endpoint}': {{enabled: false}}}}\n"
        self.configure("archives: {local: true}", hosts)
        self.assertEqual(self.cause(source, destination), "not-collected")
        self.configure("archives: {local: true}")
        timer = self.root.path / "etc/systemd/system" / f"meshprobe@{endpoint}.timer"
        timer.parent.mkdir(parents=True, exist_ok=True)
        timer.symlink_to("/dev/null")
        masked = self.explain(source, destination)
        self.assertEqual(masked["cause"], "not-collected")
        self.assertIn("masked", masked["text"])
        timer.unlink()
        self.configure("event-types: [throughput]")
        self.assertEqual(self.cause(source, destination), "not-collected")

    def test_limits_archives_and_gaps(self):
        self.seeded.without_holes()
        (source, destination), third = HOSTS[:2], HOSTS[2]
        endpoint = self.seeded.endpoints[source]
        limits = f"limits: {{here: {{type: pair, deny: ['{source} -> {destination}']}}}}\n"
        self.configure("limits: [here]", limits)
        self.root.refresh()
        self.root.probe(endpoint)
        self.root.drain()
        left_out = self.explain(source, destination)
        self.assertEqual(left_out["cause"], "limit", left_out)
        self.assertIn("here", left_out["text"])
        self.assertEqual(self.cause(source, third), None)

        # each result is judged, and dropped
        other = self.seeded.endpoints[third]
        self.configure("limits: [young]", "limits: {young: {type: age, max: 1s}}\n")
        self.root.probe(other)
        self.root.drain()
        dropped = self.explain(third, source)
        self.assertEqual(dropped["cause"], "limit", dropped)
        self.assertIn("young", dropped["text"])

        self.configure("archives: {local: true}", "archives: {local: {archiver: sqlite, enabled: false}}\n")
        self.assertEqual(self.cause(source, third), "archive-off")

        # what it measured while its clock was wrong is more than is caught up with
        behind = HOSTS[4]
        self.configure("catch-up: 10min")
        self.peers.change(behind, skew=-10 * HOUR)
        self.root.probe(self.seeded.endpoints[behind])
        self.peers.change(behind, skew=0)
        self.root.forget_results()
        self.root.probe(self.seeded.endpoints[behind])
        self.root.drain()
        skipped = self.explain(behind, source, "5h ago")
        self.assertEqual(skipped["cause"], "gap", skipped)
        self.assertIn("catch-up", skipped["text"])
        self.assertEqual(self.cause(behind, source), None)


if __name__ == "__main__":
    unittest.main(verbosity=2)
