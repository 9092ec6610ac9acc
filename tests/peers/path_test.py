#!/usr/bin/python3
"""The whole path by hand, without systemd: mesh, refresh, generator, probes, spool, local archive."""
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import expect  # noqa: E402
from hand import FAILURE, PARTIAL, SUCCESS, UNREACHABLE, Root  # noqa: E402
from simulator import Simulator  # noqa: E402

DAY = 86400


def configuration(mesh: str, task: str) -> str:
    return f"meshes: {{all: {{url: '{mesh}', allow-private: true}}}}\ntasks: {{default: {{{task}}}}}\n"


def hosts_at(count: int, first: int = 2, **settings) -> list[dict]:
    return [{"name": f"127.0.0.{i}", "address": f"127.0.0.{i}", "flavour": ("esmond", "elmond", "esmond1")[i % 3], "late": 0.0} | settings
            for i in range(first, first + count)]


class Whole(unittest.TestCase):
    def start(self, hosts: list[dict], task: str = "first-run: 1d", history: int = 3 * DAY) -> None:
        names = [host["name"] for host in hosts]
        self.peers = Simulator({"hosts": hosts, "history": history, "meshes": [{"name": "m", "hosts": names}]})
        self.addCleanup(self.peers.__exit__)
        self.root = Root(configuration(self.peers.mesh, task))
        self.addCleanup(self.root.__exit__)
        # a mesh names a host with its port, which is known only now
        self.peers.mesh_hosts("m", [host["endpoint"] for host in self.peers.hosts.values()])

    def complete(self, since: int, until: int, least: int = 100) -> None:
        verdict = expect.compare(expect.from_sqlite(self.root.database), expect.chosen_hosts(self.peers.config(), []), since, until, until)
        print(" ", verdict.text(), flush=True)
        self.assertGreaterEqual(verdict.must, least)
        self.assertTrue(verdict.good(), verdict.text())

    def once(self, status: int = SUCCESS):
        self.root.forget_results()
        run = self.root.once()
        self.assertEqual(run.status, status, run)
        return run

    def test_three_flavours_and_forms(self):
        self.start(hosts_at(6, entries=8))
        since = int(time.time()) - DAY + 600
        self.peers.mesh_hosts("m", [host["endpoint"] for host in list(self.peers.hosts.values())[:4]])
        self.peers.mesh_hosts("n", [host["endpoint"] for host in list(self.peers.hosts.values())[2:]], form="meshconfig")
        self.once()
        self.complete(since, int(time.time()) - 60, least=20000)

    def test_many_entries_are_paged(self):
        self.start(hosts_at(3, entries=1100, tests=["rtt"], interval=1200), task="first-run: 2h")
        since = int(time.time()) - 7000
        self.once()
        until = int(time.time()) - 60
        self.once()  # on elmond a document may jump from the second page to the first while we are between them
        self.complete(since, until, least=10000)

    def test_late_results_arrive(self):
        self.start(hosts_at(3, late=0.5, late_max=2400, interval=30), task="first-run: 3h")
        since = int(time.time()) - 3 * 3600 + 600
        for skew in (0, 900, 1800, 3600):  # time goes on for the hosts, ours does not
            self.peers.call("PATCH", "hosts/*", {"skew": skew})
            self.once()
        self.complete(since, int(time.time()) + 3600 - 60, least=2000)

    def test_off_for_three_days(self):
        self.start(hosts_at(3, entries=4, interval=300), task="first-run: 1h")
        since = int(time.time()) - 3000
        self.once()
        self.peers.call("PATCH", "hosts/*", {"skew": 3 * DAY})
        for _ in range(12):  # catches up in slices
            self.once()
        self.complete(since, int(time.time()) + 3 * DAY - 60, least=5000)

    def test_nothing_new_costs_little(self):
        self.start(hosts_at(1, entries=50, interval=600), task="first-run: 2h")
        host = next(iter(self.peers.hosts.values()))
        self.peers.call("PATCH", "hosts/*", {"until": int(time.time()) - 900})
        self.once()
        self.once()
        self.peers.reset_counts()
        spooled = list(self.root.queue.iterdir())
        run = self.root.probe(host["endpoint"])
        self.assertEqual(run.status, SUCCESS, run)
        requests = self.peers.counts("127.0.0.2")["requests"]
        print(f"  nothing new: {requests} requests, {run.cpu * 1000:.0f} ms CPU, {run.peak_kib / 1024:.1f} MiB")
        self.assertLessEqual(requests, 2)
        self.assertEqual(list(self.root.queue.iterdir()), spooled)

    def test_faults_cost_nothing_but_time(self):
        self.start(hosts_at(3, entries=6), task="first-run: 3h")
        since = int(time.time()) - 3 * 3600 + 600
        self.peers.call("PATCH", "hosts/*", {"faults": [
            {"match": r"archive/\w+/", "rate": 0.06, "do": "truncate", "after": 50}, {"match": r"archive/\w+/", "rate": 0.06, "do": "reset", "after": 50},
            {"match": r"archive/\w+/", "rate": 0.06, "do": "error", "status": 500}]})
        outcomes = []
        for _ in range(12):
            self.root.forget_results()
            outcomes.append(self.root.once().status)
        self.assertIn(PARTIAL, [self.root.last_result(host["endpoint"])["outcome"] == "partial" and PARTIAL for host in self.peers.hosts.values()]
                      + outcomes)
        self.peers.call("PATCH", "hosts/*", {"faults": []})
        self.once()
        self.complete(since, int(time.time()) - 60)

    def test_http_only_with_the_administrators_consent(self):
        self.start(hosts_at(1, https=None, http=0, mesh_scheme="http"))
        host = next(iter(self.peers.hosts.values()))["endpoint"]
        since = int(time.time()) - DAY + 600
        self.root.run("meshprobectl", "once", "--jobs", "1")
        self.root.configure("tasks: {default: {http-fallback: true}}\n", "meshprobe.yaml.d/http.yaml")
        self.once()
        self.assertEqual(self.root.last_result(host)["outcome"], "success")
        self.complete(since, int(time.time()) - 60)

    def test_a_faulty_entry_disables_only_itself(self):
        self.start(hosts_at(2, entries=4))
        good, bad = (host["endpoint"] for host in self.peers.hosts.values())
        self.root.configure(f"hosts: {{'{bad}': {{intervall: 5min}}}}\n", "meshprobe.yaml.d/typo.yaml")
        run = self.once(FAILURE)
        self.assertIn("intervall", run.stderr)
        self.assertEqual(self.root.last_result(good)["outcome"], "success")
        self.assertNotIn(bad, run.stdout)
        self.assertTrue(self.root.database.exists(), run)

    def test_dead_host_is_unreachable(self):
        self.start(hosts_at(2))
        dead = self.peers.hosts["127.0.0.2"]["endpoint"]
        self.peers.change("127.0.0.2", dead=True)
        run = self.root.probe(dead)
        self.assertEqual(run.status, UNREACHABLE, run)
        self.assertIn("connect", run.stderr)
        self.assertIn("127.0.0.2", run.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
