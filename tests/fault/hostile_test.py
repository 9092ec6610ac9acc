#!/usr/bin/python3
"""The real probe against hostile servers: it ends in time, within its memory, and loses nothing that is honest."""
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "peers"))
import expect  # noqa: E402
from faults import HOSTILE  # noqa: E402
from hand import DEFERRED, PARTIAL, SUCCESS, UNREACHABLE, UNTRUSTED, Root, memory_bound  # noqa: E402
from simulator import Simulator  # noqa: E402

CONFIGURATION = "tasks: {default: {first-run: 1h, timeout: 20s, inactivity: 3s, overlap: 30min}}\n"
METADATA, DATA = r"archive/\?", r"archive/\w+/"
HOST = {"name": "127.0.0.2", "address": "127.0.0.2", "entries": 2, "late": 0.0}


class Hostile(unittest.TestCase):
    def against(self, fault: dict, flavour: str = "esmond") -> None:
        """One run against the fault, one without it: then nothing may be missing."""
        since = int(time.time()) - 3000
        with Simulator({"hosts": [HOST | {"flavour": flavour, "faults": [fault]}]}) as peers, Root(CONFIGURATION) as root:
            host = peers.hosts["127.0.0.2"]["endpoint"]
            run = root.probe(host)
            print(f"  {fault.get('kind', fault['do'])}: status {run.status}, {run.seconds:.1f} s, {run.cpu:.2f} s CPU, {run.peak_kib / 1024:.1f} MiB", flush=True)
            self.assertIn(run.status, (SUCCESS, PARTIAL, UNREACHABLE), run)
            if fault.get("match") == METADATA:
                self.assertNotEqual(run.status, SUCCESS, "a listing that did not come through is not a complete one")
            self.assertLess(run.seconds, 30)
            self.assertLess(run.peak_kib, memory_bound(32 * 1024), run)
            if run.status != SUCCESS:
                self.assertTrue(root.last_result(host)["message"], "it must say why")
            peers.change("127.0.0.2", faults=[])
            root.forget_results()
            until = int(time.time()) - 1
            run = root.probe(host)
            self.assertEqual(run.status, SUCCESS, run)
            self.assertEqual(root.drain().status, SUCCESS)
            verdict = expect.compare(expect.from_sqlite(root.database), expect.chosen_hosts(peers.config(), []), since, until, until)
            self.assertGreater(verdict.must, 50)
            self.assertFalse(verdict.missing, verdict.text())

    def test_untrusted_is_not_reset(self):
        with Simulator({"hosts": [HOST]}) as peers, Root(CONFIGURATION) as root:
            host = peers.hosts["127.0.0.2"]["endpoint"]
            self.assertEqual(root.probe(host).status, SUCCESS)
            peers.change("127.0.0.2", key_generation=2)
            peers.reset_counts()
            for _ in range(3):
                self.assertIn(root.probe(host).status, (UNTRUSTED, DEFERRED))
            self.assertEqual(peers.counts("127.0.0.2")["requests"], 0, "nothing may be sent to a host with another key")


def add(name: str, fault: dict, flavour: str = "esmond") -> None:
    setattr(Hostile, f"test_{name}".replace("-", "_"), lambda self: self.against(fault, flavour))


for kind in HOSTILE:
    add(f"{kind}_metadata", {"match": METADATA, "do": "hostile", "kind": kind})
    add(f"{kind}_data", {"match": DATA, "do": "hostile", "kind": kind}, "elmond" if kind.startswith("endless") else "esmond")
for do in ("truncate", "reset", "hang"):
    add(f"{do}_metadata", {"match": METADATA, "do": do, "after": 100})
    add(f"{do}_data", {"match": DATA, "rate": 0.3, "do": do, "after": 100})
add("slow", {"do": "slow", "bytes_per_second": 50})
add("some_errors", {"match": DATA, "rate": 0.3, "do": "error", "status": 500})
add("too_many_requests", {"match": DATA, "times": 2, "do": "error", "status": 429, "retry_after": 1})
add("login_page", {"do": "page", "body": "<html>please log in</html>"})

if __name__ == "__main__":
    unittest.main(verbosity=2)
