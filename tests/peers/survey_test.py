#!/usr/bin/python3
"""A survey of a mesh whose hosts are each different: what it finds out, that it leaves nothing behind, what it suggests."""
import json
import sys
import tempfile
import time
import unittest
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from data_model import THIRTEEN, HostData  # noqa: E402
from hand import PARTIAL, SUCCESS, UNREACHABLE, USAGE, Root  # noqa: E402
from proxy import Proxy  # noqa: E402
from simulator import Simulator  # noqa: E402

HOUR, DAY = 3600, 86400
GOOD, ELMOND, DEAD, AHEAD, STALE, ALIAS, PLAIN, SEARCH, SCHEDULER, EXPIRED, BROKEN, EMPTY, BLACK = (f"127.0.0.{i}" for i in range(2, 15))
SPECIAL = {
    GOOD: {"seed": "one archive", "entries": 8},
    ELMOND: {"flavour": "elmond", "entries": 8},
    DEAD: {"dead": True},
    AHEAD: {"skew": 2 * HOUR},
    STALE: {"until": "three days ago"},
    ALIAS: {"seed": "one archive", "entries": 8},
    PLAIN: {"https": None, "http": 0, "mesh_scheme": "http"},
    SEARCH: {"faces": ["opensearch"], "interval": 300},
    SCHEDULER: {"faces": ["pscheduler"], "interval": 300},
    EXPIRED: {"tls": "expired"},
    BROKEN: {"faults": [{"match": ".", "do": "error", "status": 500}]},
    EMPTY: {"until": "before it began"},
    BLACK: {"blackhole": True},
}
KIND = {ELMOND: "elmond", SEARCH: "opensearch", SCHEDULER: "pscheduler"}
STATE = {DEAD: "down", BLACK: "down", AHEAD: "clock", STALE: "stale", ALIAS: "alias", BROKEN: "no-archive", EMPTY: "empty"}


class Surveys(unittest.TestCase):
    def start(self, names: list[str]) -> None:
        self.now = int(time.time())
        times = {"three days ago": self.now - 3 * DAY, "before it began": self.now - 60 * DAY}
        hosts = []
        for name in names:
            special = dict(SPECIAL[name])
            if "until" in special:
                special["until"] = times[special["until"]]
            hosts.append({"name": name, "address": name, "late": 0.0} | special)
        self.peers = Simulator({"hosts": hosts, "history": 6 * DAY, "meshes": []})
        self.addCleanup(self.peers.__exit__)
        self.peers.mesh_hosts("campus", [self.endpoint(name) for name in names])
        self.root = Root()
        self.addCleanup(self.root.__exit__)
        self.mesh = self.peers.mesh + "/campus"

    def endpoint(self, name: str) -> str:
        return self.peers.hosts[name]["endpoint"]

    def survey(self, *options: str):
        return self.root.run("meshprobectl", "survey", self.mesh, "--allow-private", *options)

    def files(self) -> set[str]:
        return {str(path) for path in self.root.path.rglob("*")}

    def test_each_host_is_what_it_is(self):
        self.start(list(SPECIAL))
        before = self.files()
        run = self.survey("--json")
        self.assertEqual(run.status, PARTIAL, run)
        self.assertEqual(self.files(), before)
        report = json.loads(run.stdout)
        hosts = {host["host"]: host for host in report["hosts"]}
        self.assertEqual({name: hosts[self.endpoint(name)]["state"] for name in SPECIAL}, {name: STATE.get(name, "fine") for name in SPECIAL}, run)
        for name in SPECIAL:
            host = hosts[self.endpoint(name)]
            if name in (DEAD, BROKEN, BLACK):
                self.assertTrue(host["error"], host)
                continue
            if name not in (EMPTY, PLAIN):
                self.assertEqual(host["kind"], KIND.get(name, "esmond"), host)
                self.assertEqual(host["certificate"]["pin"], self.peers.hosts[name]["pin"])
            self.assertAlmostEqual(host["clock-skew-seconds"], 2 * HOUR if name == AHEAD else 0, delta=20)
            self.assertTrue(host["volume"]["basis"], host)
        self.assertIn("self", hosts[self.endpoint(GOOD)]["certificate"]["problem"])
        self.assertLess(hosts[self.endpoint(EXPIRED)]["certificate"]["expires"], time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
        self.assertIsNone(hosts[self.endpoint(PLAIN)]["certificate"])
        self.assertEqual(hosts[self.endpoint(ALIAS)]["alias-of"], self.endpoint(GOOD))
        self.assertEqual(hosts[self.endpoint(SCHEDULER)]["volume"]["unit"], "runs")
        newest = datetime.fromisoformat(hosts[self.endpoint(STALE)]["newest"].replace("Z", "+00:00")).timestamp()
        self.assertTrue(self.now - 3 * DAY - HOUR < newest < self.now - 3 * DAY + HOUR, hosts[self.endpoint(STALE)])

    def test_the_volume_is_near_what_there_is(self):
        self.start([GOOD, ELMOND, SEARCH])
        specs = {spec["name"]: spec for spec in self.peers.config()["hosts"]}
        report = json.loads(self.survey("--json").stdout)
        for host in report["hosts"]:
            name = host["host"].split(":")[0]
            fields = {field: specs[name][field] for field in HostData.__dataclass_fields__ if field in specs[name]}
            data = HostData(**fields)
            types = THIRTEEN if name != SEARCH else None
            there = sum(len(data.points(entry, kind, self.now - DAY, self.now, self.now)) for entry in data.documents
                        for kind in data.event_types(entry) if types is None or kind in types)
            print(" ", name, "estimated", host["volume"]["per-day"], "of", there, host["volume"]["basis"], flush=True)
            self.assertGreater(host["volume"]["per-day"], 0.6 * there, host)
            self.assertLess(host["volume"]["per-day"], 1.5 * there, host)

    def test_the_configuration_to_begin_with_works(self):
        names = [GOOD, ALIAS, PLAIN, SEARCH, DEAD]
        self.start(names)
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / "meshprobe.yaml"
            run = self.survey("--write", str(file))
            self.assertEqual(run.status, PARTIAL, run)
            self.assertIn("5 hosts: 3 fine, 1 down, 1 other names of these", run.stdout)
            self.assertEqual(self.survey("--write", str(file)).status, USAGE)  # it is somebody's work by now
            text = file.read_text()
        self.assertIn("  campus:\n", text)
        with Root(text) as root:
            checked = root.run("meshprobectl", "check")
            self.assertEqual((checked.status, checked.stdout), (SUCCESS, "No problems found.\n"), checked)
            root.once()
            points = {name: root.last_result(self.endpoint(name))["points"] for name in names}
            self.assertGreater(points[GOOD] + points[ALIAS], 0)  # whichever of the two names came first
            for name in (PLAIN, SEARCH):
                self.assertGreater(points[name], 0, name)

    def test_all_fine_none_at_all_and_standard_output(self):
        self.start([GOOD, ALIAS])
        run = self.survey("--write", "-")
        self.assertEqual(run.status, SUCCESS, run)
        self.assertTrue(run.stdout.startswith("# A configuration to begin with"), run)
        table = self.survey("--no-legend").stdout.splitlines()
        self.assertEqual(len(table), 2, table)
        self.assertIn("alias of", table[1])
        for name in (GOOD, ALIAS):
            self.peers.change(name, dead=True)
        self.assertEqual(self.survey().status, UNREACHABLE)
        self.assertEqual(self.root.run("meshprobectl", "survey").status, USAGE)
        self.assertEqual(self.root.run("meshprobectl", "survey", self.mesh, "--jobs", "0").status, USAGE)
        refused = json.loads(self.root.run("meshprobectl", "survey", self.mesh, "--json").stdout)
        self.assertEqual((refused["hosts"], len(refused["left-out"])), ([], 2))

    def test_through_a_proxy(self):
        self.start([GOOD])
        with Proxy() as proxy:
            url = f"http://127.0.0.1:{proxy.port}"
            run = self.survey("--proxy", url, "--write", "-")
        self.assertEqual(run.status, SUCCESS, run)
        host, port = self.endpoint(GOOD).split(":")
        self.assertIn(("connect", host, int(port)), proxy.asked)
        self.assertEqual(run.stdout.count(f'proxy: "{url}"'), 2, "for the mesh and for the task")
        wrong = self.survey("--proxy", "ftp://127.0.0.1/")
        self.assertEqual(wrong.status, USAGE, wrong)
        self.assertIn("--proxy: expected", wrong.stderr)
        gone = self.survey("--proxy", url)
        self.assertNotEqual(gone.status, SUCCESS, "nothing goes round it")


if __name__ == "__main__":
    unittest.main(verbosity=2)
