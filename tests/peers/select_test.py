#!/usr/bin/python3
"""From a mesh document through refresh and generator to the instances of tasks that select hosts by its meaning.

    MESHPROBE_BINARY_DIR=DIR select_test.py [unittest arguments]
"""
from __future__ import annotations

import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from hand import Root  # noqa: E402


def document() -> dict:
    """a and b do throughput and keep their own results; b and c latency, kept centrally; d is disabled."""
    hosts = {name: {"archives": [f"at-{name}"], "tags": [f"tag-{name}"]} for name in "abd"} | {"c": {}}
    hosts["d"]["disabled"] = True
    archives = {f"at-{name}": {"archiver": "esmond", "data": {"url": f"https://{name}.example.org/esmond/perfsonar/archive/"}} for name in "abd"}
    archives["central"] = {"archiver": "esmond", "data": {"url": "https://central.example.org/esmond/perfsonar/archive/"}}
    addresses = {name: {"address": f"{name}.example.org", "host": name} for name in "abcd"}
    addresses["c"]["tags"] = ["north", "na\u00efve", "x" * 200, "a\nb"]
    return {
        "archives": archives, "hosts": hosts, "addresses": addresses,
        "groups": {"LHC one": {"type": "mesh", "addresses": [{"name": "a"}, {"name": "b"}, {"name": "d"}]},
                   "far": {"type": "disjoint", "a-addresses": [{"name": "b"}], "b-addresses": [{"name": "c"}]}},
        "tests": {"bw": {"type": "throughput", "spec": {}}, "owd": {"type": "latencybg", "spec": {}}, "off": {"type": "trace", "spec": {}}},
        "schedules": {"daily": {"repeat": "P1D"}},
        "tasks": {"Throughput tests": {"group": "LHC one", "test": "bw", "schedule": "daily"},
                  "delay": {"group": "far", "test": "owd", "archives": ["central"]},
                  "switched off": {"group": "LHC one", "test": "off", "disabled": True}},
    }


class Selecting(unittest.TestCase):
    def setUp(self) -> None:
        self.root = Root()
        self.addCleanup(self.root.__exit__)
        self.mesh = self.root.path / "mesh.json"
        self.write(document())

    def write(self, mesh: object) -> None:
        self.mesh.write_text(json.dumps(mesh))

    def configure(self, tasks: dict) -> None:
        self.root.configure(json.dumps({"meshes": {"m": {"file": str(self.mesh)}}, "tasks": tasks}))

    def refresh(self) -> None:
        run = self.root.refresh()
        self.assertEqual(run.status, 0, run)

    def facts(self) -> dict[str, set[str]]:
        lines = (self.root.path / "var/lib/meshprobe/mesh/facts").read_text().splitlines()
        return {line.split("\t")[0]: set(line.split("\t")[1:]) for line in lines}

    def instances(self) -> set[str]:
        run = self.root.run("meshprobe-generator", "--dry-run", "--json")
        self.assertIn(run.status, (0, 1), run)
        paths = [entry["path"] for entry in json.loads(run.stdout)]
        return {Path(path).name.removesuffix(".timer") for path in paths if "wants/" in path and "@" in path and path.endswith(".timer")}

    def test_facts(self) -> None:
        self.configure({"default": {}})
        self.refresh()
        self.assertEqual(self.facts(), {
            "a.example.org": {"group=LHC one", "mesh=m", "tag=tag-a", "tag=tag-b", "task=Throughput tests", "test=throughput"},
            "b.example.org": {"group=LHC one", "group=far", "mesh=m", "tag=north", "tag=tag-a", "tag=tag-b", "task=Throughput tests",
                              "task=delay", "test=latencybg", "test=throughput"},
            "central.example.org": {"group=far", "mesh=m", "tag=north", "tag=tag-b", "task=delay", "test=latencybg"}})
        shown = self.root.run("meshprobectl", "mesh", "show", "m").stdout
        self.assertIn("na\\xc3\\xafve", shown, "what cannot be selected by is told")
        # Nothing new, no write.
        facts = self.root.path / "var/lib/meshprobe/mesh/facts"
        before = facts.stat()
        self.refresh()
        self.assertEqual(facts.stat().st_ino, before.st_ino)

    def test_instances(self) -> None:
        self.configure({"default": {"select": {"tests": ["latencybg"]}},
                        "bandwidth": {"select": {"tests": ["throughput"], "groups": ["LHC one"], "tags": ["NORTH"]}, "interval": "1h"},
                        "named": {"select": {"hosts": ["c*.example.org", "a.example.org"], "meshes": ["m"]}},
                        "both": {"select": {"tasks": ["delay", "Throughput tests"]}}})
        self.assertEqual(self.instances(), set())
        warnings = self.root.run("meshprobectl", "check").stdout
        self.assertIn("tasks.default.select: nothing is known of what the meshes say", warnings)
        self.refresh()
        expected = {"meshprobe@b.example.org", "meshprobe@central.example.org", "meshprobe-bandwidth@b.example.org",
                    "meshprobe-named@a.example.org", "meshprobe-named@central.example.org",
                    "meshprobe-both@a.example.org", "meshprobe-both@b.example.org", "meshprobe-both@central.example.org"}
        self.assertEqual(self.instances(), expected)
        listed = json.loads(self.root.run("meshprobectl", "hosts", "--json").stdout)
        self.assertEqual({name for host in listed for name in host["instances"]}, expected)
        warnings = self.root.run("meshprobectl", "check").stdout
        self.assertNotIn("nothing is known", warnings)
        self.assertNotIn("NORTH", warnings)

    def test_a_change_of_the_mesh_moves_hosts_between_tasks(self) -> None:
        self.configure({"default": {"select": {"tests": ["throughput"]}}, "delay": {"select": {"tests": ["latencybg"]}}})
        self.refresh()
        before = self.instances()
        changed = document()
        changed["tests"]["owd"]["type"] = "throughput"
        self.write(changed)
        self.refresh()
        self.assertIn("meshprobe-delay@central.example.org", before)
        self.assertEqual(self.instances(), {f"meshprobe@{host}.example.org" for host in ("a", "b", "central")})

    def test_names_that_nobody_has_are_told(self) -> None:
        self.configure({"default": {"select": {"groups": ["LHC on"]}}})
        self.refresh()
        warnings = self.root.run("meshprobectl", "check").stdout
        self.assertIn('no host of any mesh has "LHC on" (did you mean "LHC one"?)', warnings)
        self.configure({"default": {"select": {"meshes": ["n"]}}})
        self.assertIn('there is no mesh "n"', self.root.run("meshprobectl", "check").stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
