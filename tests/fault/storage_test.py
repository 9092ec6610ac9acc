#!/usr/bin/python3
"""Full disks, damaged files, wrong clocks: named, survived, and nothing is missing afterwards."""
import os
import sys
import time
import unittest
from pathlib import Path
import subprocess

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "peers"))
import expect  # noqa: E402
from archiver_case import bodies_of  # noqa: E402
from hand import DEFERRED, LEFT_OVER, SKIPPED, STORAGE, SUCCESS, Root  # noqa: E402
from simulator import Simulator  # noqa: E402

CONFIGURATION = "tasks: {default: {first-run: 2h}}\n"
HOST = {"name": "127.0.0.2", "address": "127.0.0.2", "entries": 4, "interval": 20, "duration": 5, "late": 0.0}


class Storage(unittest.TestCase):
    def setUp(self):
        self.peers = Simulator({"hosts": [HOST]})
        self.addCleanup(self.peers.__exit__)
        self.root = Root(CONFIGURATION)
        self.addCleanup(self.root.__exit__)
        self.host = self.peers.hosts["127.0.0.2"]["endpoint"]
        self.since = int(time.time()) - 7000
        self.state = self.root.path / "var/lib/meshprobe"

    def all_there(self, since: int | None = None, skew: int = 0) -> None:
        """One more run and delivery, then the archive must hold everything."""
        self.root.forget_results()
        run = self.root.probe(self.host)
        self.assertEqual(run.status, SUCCESS, run)
        until = int(time.time()) - 1 + skew
        drained = self.root.drain()
        self.assertEqual(drained.status, SUCCESS, drained)
        verdict = expect.compare(expect.from_sqlite(self.root.database), expect.chosen_hosts(self.peers.config(), []),
                                 since or self.since, until, until)
        self.assertGreater(verdict.must, 500)
        self.assertTrue(verdict.good(), verdict.text())


class DiskFull(Storage):
    def small(self, path: Path, size: str) -> None:
        path.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"{size},mode=2770", "tmpfs", str(path)], check=True)
        self.addCleanup(subprocess.run, ["umount", str(path)], check=False)

    def grow(self, path: Path) -> None:
        subprocess.run(["mount", "-o", "remount,size=256m,nr_inodes=10000", str(path)], check=True)

    def test_full_spool(self):
        self.full_for_the_probe(self.state / "spool", "size=32k")

    def test_full_checkpoint(self):
        self.full_for_the_probe(self.state / "checkpoint", "nr_inodes=1")  # its files are too small for a small disk

    def full_for_the_probe(self, place: Path, size: str) -> None:
        self.small(place, size)
        run = self.root.probe(self.host)
        self.assertEqual(run.status, STORAGE, run)
        self.assertIn("No space left on device", run.stderr)
        self.assertIn(f"/{place.name}/", run.stderr)
        again = self.root.probe(self.host)
        self.assertIn(again.status, (STORAGE, DEFERRED), again)
        self.grow(place)
        self.all_there()

    def test_full_for_the_archiver(self):
        self.small(self.state / "archive", "size=128k")
        self.assertEqual(self.root.probe(self.host).status, SUCCESS)
        waiting = len(list(self.root.queue.iterdir()))
        drained = self.root.drain()
        self.assertIn(drained.status, (STORAGE, LEFT_OVER), drained)
        self.assertRegex(drained.stderr, "full|No space")
        self.assertEqual(len(list(self.root.queue.iterdir())), waiting, "nothing may leave the spool")
        self.assertFalse(list((self.state / "spool/local/failed").iterdir()))
        self.grow(self.state / "archive")
        self.all_there()

    def test_full_for_the_archiver_of_files(self):
        results = self.root.path / "results"
        self.small(results, "size=128k")
        self.root.configure(CONFIGURATION + f"archives: {{local: {{archiver: file, path: '{results}/all.json'}}}}\n")
        self.assertEqual(self.root.probe(self.host).status, SUCCESS)
        waiting = [body for segment in sorted(self.root.queue.iterdir()) for body in bodies_of(segment)]
        self.assertGreater(sum(map(len, waiting)), 128 << 10)
        for _ in range(2):
            drained = self.root.drain()
            self.assertEqual(drained.status, STORAGE, drained)
            self.assertIn(f"{results}/all.json: write: No space left on device", drained.stderr)
            self.assertRegex((results / "all.json").read_bytes(), rb"\A(.*\n)*\Z", "no half lines")
        self.grow(results)
        drained = self.root.drain()
        self.assertEqual(drained.status, SUCCESS, drained)
        self.assertEqual((results / "all.json").read_bytes().splitlines(), waiting, "nothing missing, nothing twice")


class Damage(Storage):
    def setUp(self):
        super().setUp()
        self.assertEqual(self.root.probe(self.host).status, SUCCESS)

    def checkpoint(self, suffix: str) -> Path:
        return next((self.state / "checkpoint").glob(f"*{suffix}"))

    def test_torn_end_of_the_log_is_normal(self):
        log = self.checkpoint(".log")
        log.write_bytes(log.read_bytes() + b"\x07torn")
        self.all_there()

    def test_damaged_log_is_named(self):
        log = self.checkpoint(".log")
        data = bytearray(log.read_bytes())
        self.assertGreater(len(data), 200)
        data[20] ^= 0xFF
        log.write_bytes(data)
        self.root.forget_results()
        # Either a record that was never committed by all signs (the torn end of a crash) or a named error: never silence.
        run = self.root.probe(self.host)
        if run.status != SUCCESS:
            self.assertEqual(run.status, STORAGE, run)
            self.assertIn(log.name, run.stderr)
            log.rename(log.with_suffix(".damaged"))
        self.all_there()

    def test_damaged_segment_is_set_aside(self):
        segments = sorted(self.root.queue.iterdir())
        data = bytearray(segments[0].read_bytes())
        data[len(data) // 2] ^= 0x10
        segments[0].write_bytes(data)
        drained = self.root.drain()
        failed = {path.name for path in (self.state / "spool/local/failed").iterdir()}
        self.assertIn(segments[0].name, failed)
        self.assertIn(segments[0].name + ".reason", failed)
        self.assertIn(segments[0].name, drained.stderr)
        self.assertFalse(list(self.root.queue.iterdir()), "the others must be delivered")

    def test_garbage_in_run_is_ignored(self):
        result = self.root.path / "run/meshprobe/results" / f"meshprobe@{self.host}"
        self.assertTrue(result.exists())
        for garbage in (b"", b"{", b"\xff" * 1000, b'{"outcome": 5, "not_before_usec": "soon"}'):
            result.write_bytes(garbage)
            self.assertEqual(self.root.probe(self.host).status, SUCCESS)
        self.all_there()

    def test_no_database_is_named(self):
        self.root.database.parent.mkdir(parents=True, exist_ok=True)
        self.root.database.write_bytes(b"This is no database, but a file of the same name." * 100)
        waiting = len(list(self.root.queue.iterdir()))
        drained = self.root.drain()
        self.assertIn(drained.status, (STORAGE, LEFT_OVER), drained)
        self.assertIn("local.db", drained.stderr)
        self.assertEqual(len(list(self.root.queue.iterdir())), waiting)
        self.root.database.unlink()
        self.all_there()

    def test_checkpoint_lost(self):
        """Everything is read again; the archive holds each point once."""
        self.assertEqual(self.root.drain().status, SUCCESS)
        for path in (self.state / "checkpoint").iterdir():
            path.unlink()
        self.all_there()


class Clock(Storage):
    def test_the_hosts_clock_steps(self):
        """Ages are judged by the host's own clock, and a wrong one leaves no hole when it is put right."""
        for skew in (0, 7200, 0, -7200, 0):
            self.peers.change("127.0.0.2", skew=skew)
            self.root.forget_results()
            run = self.root.probe(self.host)
            self.assertEqual(run.status, SUCCESS, run)
        self.all_there()

    def test_skew_is_told_once(self):
        self.peers.change("127.0.0.2", skew=3600)
        told = [run.stderr for run in (self.root.probe(self.host) for _ in range(3)) if "clock" in run.stderr]
        self.assertEqual(len(told), 1, "one line per change of state")


def main() -> None:
    if any("DiskFull" in argument for argument in sys.argv[1:]):
        if os.geteuid() != 0:
            print("a full disk needs root (a small file system is mounted) - skipped")
            sys.exit(SKIPPED)
        if "MESHPROBE_OWN_MOUNTS" not in os.environ:  # nothing is mounted outside this test
            os.environ["MESHPROBE_OWN_MOUNTS"] = "1"
            os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv])
    unittest.main(verbosity=2)


if __name__ == "__main__":
    main()
