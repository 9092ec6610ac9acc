#!/usr/bin/python3
"""meshprobectl check --connect: who answers, how far it is trusted, and what a firewall has to let through."""
import json
import socket
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from hand import FAILURE, SUCCESS, Root  # noqa: E402
from simulator import Simulator  # noqa: E402

GOOD, DEAD, CHANGED = "127.0.0.2", "127.0.0.3", "127.0.0.4"


class Connect(unittest.TestCase):
    def setUp(self):
        self.peers = Simulator({"hosts": [{"name": name, "address": name} for name in (GOOD, DEAD, CHANGED)], "meshes": []})
        self.addCleanup(self.peers.__exit__)
        self.peers.mesh_hosts("m", [host["endpoint"] for host in self.peers.hosts.values()])
        self.broker = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.broker.close)
        self.port = self.broker.getsockname()[1]
        self.root = Root(f"meshes: {{all: {{url: '{self.peers.mesh}', allow-private: true}}}}\n"
                         f"archives: {{far: {{archiver: rabbitmq, url: 'amqp://guest@127.0.0.1:{self.port}/'}}}}\n")
        self.addCleanup(self.root.__exit__)
        self.assertEqual(self.root.refresh().status, SUCCESS)

    def endpoint(self, name: str) -> str:
        return self.peers.hosts[name]["endpoint"]

    def check(self) -> tuple[int, dict]:
        run = self.root.run("meshprobectl", "check", "--connect", "--json")
        report = json.loads(run.stdout)
        return run.status, {(each["what"], each["name"]): each for each in report["connections"]}

    def state(self) -> dict:
        return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in self.root.path.rglob("*") if path.is_file()}

    def test_all_answer_and_nothing_is_changed(self):
        before = self.state()
        self.peers.reset_counts()
        status, found = self.check()
        self.assertEqual(status, SUCCESS, found)
        self.assertEqual({what for what, _ in found}, {"mesh", "host", "archive"})
        host = found["host", self.endpoint(GOOD)]
        self.assertEqual((host["reachable"], host["status"], host["unit"]), (True, 200, f"meshprobe@{self.endpoint(GOOD)}.service"))
        self.assertEqual(host["trust"], "new key, self-signed")
        self.assertEqual(host["openings"], [{"unit": host["unit"], "host": GOOD, "address-family": "IPv4", "address": GOOD, "protocol": "tcp",
                                             "port": self.peers.hosts[GOOD]["https"]}])
        self.assertEqual(found["archive", "far"]["openings"][0]["port"], self.port)
        self.assertEqual(found["mesh", "all"]["unit"], "meshprobe-refresh.service")
        self.assertEqual(self.state(), before)
        for name in (GOOD, DEAD, CHANGED):
            self.assertEqual(self.peers.counts(name)["requests"], 1)

    def test_what_is_wrong_is_told(self):
        self.root.probe(self.endpoint(CHANGED))
        self.peers.change(CHANGED, key_generation=2)
        self.peers.change(DEAD, dead=True)
        self.broker.close()
        before = self.state()
        status, found = self.check()
        self.assertEqual(status, FAILURE)
        self.assertFalse(found["host", self.endpoint(DEAD)]["reachable"])
        self.assertIn("connect", found["host", self.endpoint(DEAD)]["error"].lower())
        self.assertFalse(found["archive", "far"]["reachable"])
        changed = found["host", self.endpoint(CHANGED)]
        self.assertEqual((changed["reachable"], changed["trust"]), (False, "changed key, self-signed"))
        self.assertTrue(found["host", self.endpoint(GOOD)]["reachable"])
        self.assertEqual(self.state(), before)
        text = self.root.run("meshprobectl", "check", "--connect").stdout
        self.assertIn("Firewall openings needed", text)
        self.assertIn(f"tcp/{self.port}", text)
        self.assertIn("3 of 5 cannot be reached", text)

    def test_archives_of_this_machine_and_datagrams(self):
        log = self.root.path / "log"
        self.root.configure(f"archives:\n  lake: {{archiver: file, path: {self.root.path}/results/x.json}}\n  log: {{archiver: syslog, path: {log}}}\n"
                            "  far: {archiver: udp, url: 'udp://127.0.0.1:5140'}\n  lost: {archiver: udp, url: 'udp://lost.invalid:5140'}\n"
                            f"  line: {{archiver: tcp, url: 'tcp://127.0.0.1:{self.port}'}}\n", "meshprobe.yaml.d/more.yaml")
        status, found = self.check()
        self.assertEqual(status, FAILURE)
        self.assertIn("No such file or directory", found["archive", "lake"]["error"])
        self.assertIn("No such file or directory", found["archive", "log"]["error"])
        self.assertIn("does not resolve", found["archive", "lost"]["error"])
        self.assertEqual([(each["protocol"], each["port"]) for name in ("far", "line") for each in found["archive", name]["openings"]],
                         [("udp", 5140), ("tcp", self.port)])
        (self.root.path / "results").mkdir()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
            server.bind(str(log))
            _, found = self.check()
        self.assertEqual({name for (what, name), each in found.items() if what == "archive" and not each["reachable"]}, {"lost"})
        self.assertEqual(found["archive", "lake"]["openings"], [])

    def test_an_error_status_is_no_success(self):
        self.peers.change(GOOD, faults=[{"match": ".", "do": "error", "status": 503}])
        status, found = self.check()
        self.assertEqual((status, found["host", self.endpoint(GOOD)]["status"]), (FAILURE, 503))


if __name__ == "__main__":
    unittest.main(verbosity=2)
