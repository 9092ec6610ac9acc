#!/usr/bin/python3
"""The probe against simulated measurement hosts: what arrives, with how few requests, and what it makes of trouble.

    MESHPROBE_BINARY_DIR=DIR probe_test.py [unittest arguments]

Time passes by moving the simulated host's clock (`skew`), so that an outage of three days takes a second.
"""
from __future__ import annotations

import fcntl
import json
import os
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from datetime import datetime, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from data_model import THIRTEEN, HostData  # noqa: E402
from expect import DATA_FIELDS, Verdict, compare, from_spool  # noqa: E402
from hand import memory_bound  # noqa: E402
from simulator import Simulator  # noqa: E402

BIN = Path(os.environ["MESHPROBE_BINARY_DIR"]) / "bin"
PROBE, CTL = BIN / "meshprobe-probe", BIN / "meshprobectl"

ADDRESS = "127.0.0.2"
MINUTE, HOUR, DAY = 60, 3600, 86400
SUCCESS, PARTIAL, UNREACHABLE, DEFERRED, UNTRUSTED = 0, 151, 152, 153, 154


class Run:
    """One finished run of the probe."""

    def __init__(self, process: subprocess.Popen):
        self.peak = 0  # KiB; what wait4() tells includes this interpreter, from between fork and exec
        while process.poll() is None:
            self.peak = max(self.peak, peak_of(process.pid))
            time.sleep(0.01)
        self.code = process.returncode
        self.text = process.stderr.read()
        process.stderr.close()


def peak_of(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), 0)


class ProbeTest(unittest.TestCase):
    maxDiff = None

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory(prefix="probe-")
        self.addCleanup(directory.cleanup)
        self.root = Path(directory.name)

    def simulate(self, **host) -> Simulator:
        peers = Simulator({"history": 40 * DAY, "hosts": [{"name": ADDRESS, "address": ADDRESS, "entries": 4} | host]})
        peers.__enter__()
        self.addCleanup(peers.__exit__, None, None, None)
        self.peers = peers
        self.endpoint = peers.hosts[ADDRESS]["endpoint"]
        return peers

    def configure(self, **settings) -> None:
        (self.root / "etc/meshprobe").mkdir(parents=True, exist_ok=True)
        (self.root / "etc/meshprobe/meshprobe.yaml").write_text(json.dumps({"tasks": {"default": settings}}))

    def start(self) -> subprocess.Popen:
        return subprocess.Popen([PROBE, "--root", self.root, self.endpoint], stderr=subprocess.PIPE, text=True)

    def run_probe(self) -> Run:
        return Run(self.start())

    def forget_results(self) -> None:
        """As after a boot: no back-off."""
        for path in (self.root / "run/meshprobe/results").iterdir():
            path.unlink()

    @property
    def result(self) -> dict:
        return json.loads((self.root / "run/meshprobe/results" / f"meshprobe@{self.endpoint}").read_text())

    def requests_of(self, action) -> list[str]:
        self.peers.reset_counts()
        action()
        return [each["target"] for each in self.peers.requests(ADDRESS)]

    def state(self) -> dict[str, tuple]:
        return {str(path): (path.stat().st_mtime_ns, path.stat().st_size, path.stat().st_ino)
                for path in (self.root / "var").rglob("*") if path.is_file()}

    def host_data(self) -> HostData:
        specification = next(host for host in self.peers.config()["hosts"] if host["name"] == ADDRESS)
        return HostData(**{key: value for key, value in specification.items() if key in DATA_FIELDS})

    def verdict(self, since: float, until: float, visible_at: float | None = None) -> Verdict:
        """Of what was measured from `since` to `until`: what had arrived at the archive by `until`, or by `visible_at`."""
        now = int(time.time())
        verdict = compare(from_spool(self.root / "var/lib/meshprobe/spool/local/q"), [(self.host_data(), {self.endpoint})],
                          now + int(since), now + int(until), now + int(until if visible_at is None else visible_at))
        self.assertGreater(verdict.must, 0)
        return verdict

    def assert_collected(self, since: float, until: float, once: bool = True, visible_at: float | None = None) -> None:
        """`since`, `until`: relative to our clock. Everything in between has arrived, and nothing twice."""
        verdict = self.verdict(since, until, visible_at)
        self.assertTrue(verdict.good(once), verdict.text())


class Collecting(ProbeTest):
    def test_first_contact_and_nothing_new(self) -> None:
        for flavour in ("esmond", "esmond1", "elmond"):
            with self.subTest(flavour):
                self.root = self.root / flavour
                now = int(time.time())
                self.simulate(flavour=flavour, until=now - 2 * HOUR)
                self.configure()
                run = self.run_probe()
                self.assertEqual(run.code, SUCCESS, run.text)
                self.assertIn("new points in", run.text)
                self.assert_collected(-DAY + MINUTE, -2 * HOUR)
                before = self.state()
                requests = self.requests_of(lambda: self.assertEqual(self.run_probe().code, SUCCESS))
                self.assertEqual(len(requests), 1, requests)
                self.assertEqual(self.state(), before)  # nothing new: no write
                self.assertEqual(self.result["outcome"], "success")

    def test_everything_arrives_while_time_passes_late_results_included(self) -> None:
        for flavour in ("esmond", "elmond"):
            with self.subTest(flavour):
                self.root = self.root / flavour
                self.simulate(flavour=flavour, late=0.3, late_max=50 * MINUTE, skew=-9 * HOUR)
                self.configure(**{"first-run": "2h"})
                for skew in range(-9 * HOUR, 1, 20 * MINUTE):
                    self.peers.change(ADDRESS, skew=skew)
                    run = self.run_probe()
                    self.assertEqual(run.code, SUCCESS, run.text)
                self.assert_collected(-11 * HOUR + MINUTE, -60)

    def test_what_is_skipped_is_in_the_gap_to_the_second(self) -> None:
        """An outage longer than catch-up. What was measured before it and arrived during it is no part of the gap."""
        for flavour in ("esmond", "esmond1", "elmond"):
            with self.subTest(flavour):
                self.root = self.root / flavour
                self.simulate(flavour=flavour, late=0.3, late_max=50 * MINUTE, skew=-3 * DAY)
                self.configure(**{"first-run": "2h", "catch-up": "1d"})
                self.run_probe()
                for skew in (-3 * DAY + 2 * HOUR, 0):
                    self.peers.change(ADDRESS, skew=skew)
                    run = self.run_probe()
                self.assertIn("it stays listed as a gap", run.text)
                now = int(time.time())
                gaps = json.loads(subprocess.run([CTL, "--root", self.root, "gaps", "--json"], stdout=subprocess.PIPE, check=True).stdout)
                since, until = (datetime.strptime(gaps[0][end], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp() - now
                                for end in ("since", "until"))
                self.assertEqual(len({(gap["since"], gap["until"]) for gap in gaps}), 1, gaps)
                self.assertAlmostEqual(since, -3 * DAY + 2 * HOUR, delta=60)
                self.assert_collected(-3 * DAY - 2 * HOUR + MINUTE, since - 1, visible_at=-60)
                while run.code == PARTIAL:  # more is to be caught up with
                    run = self.run_probe()
                self.assert_collected(until, -60)

    def test_requests_are_as_many_as_series_with_news(self) -> None:
        now = int(time.time())
        self.simulate(tests=["latencybg"], entries=6, until=now - HOUR)
        self.configure()
        self.run_probe()
        data = self.host_data()
        self.peers.change(ADDRESS, until=0)
        requests = self.requests_of(self.run_probe)
        self.assertGreater(len(requests), 1)
        self.assertLessEqual(len(requests), 1 + len(data.documents) * len(THIRTEEN))

    def test_three_days_off_and_nothing_is_missing(self) -> None:
        for flavour in ("esmond", "elmond"):
            with self.subTest(flavour):
                self.root = self.root / flavour
                self.simulate(flavour=flavour, skew=-4 * DAY)
                self.configure()
                self.assertEqual(self.run_probe().code, SUCCESS)
                self.peers.change(ADDRESS, skew=0)
                for _ in range(10):
                    self.assertEqual(self.run_probe().code, SUCCESS)
                    if not self.result["catching_up_usec"]:
                        break
                self.assertEqual(self.result["catching_up_usec"], 0)
                self.assert_collected(-5 * DAY + HOUR, -60)
                self.assertEqual(self.result["gaps"], 0)

    def test_what_lies_beyond_catch_up_is_a_gap(self) -> None:
        self.simulate(skew=-12 * DAY)
        self.configure(**{"catch-up": "5d"})
        self.run_probe()
        self.peers.change(ADDRESS, skew=0)
        run = self.run_probe()
        self.assertEqual(run.code, SUCCESS, run.text)
        self.assertIn("it stays listed as a gap", run.text)
        self.assertEqual(self.result["gaps"], 1)
        self.assert_collected(-5 * DAY + MINUTE, -60)
        self.assertNotIn("gap", self.run_probe().text)
        self.assertEqual(self.result["gaps"], 1)

    def test_an_archive_that_was_behind_itself_loses_nothing(self) -> None:
        # Its update times are those of the results, so each series must have one that is not older than a day.
        self.simulate(until=int(time.time()) - 2 * DAY, skew=-2 * DAY, interval=600, failed=0.1)
        self.configure()
        self.run_probe()
        for skew in (-DAY, -HOUR):  # nothing arrives for two days, although it is asked
            self.peers.change(ADDRESS, skew=skew)
            self.assertEqual(self.run_probe().code, SUCCESS)
        self.peers.change(ADDRESS, skew=0, until=0)
        self.assertEqual(self.run_probe().code, SUCCESS)
        self.assert_collected(-3 * DAY + HOUR, -60)

    def test_a_clock_that_was_ahead_for_days_and_is_set_back_loses_nothing(self) -> None:
        for flavour in ("esmond", "elmond"):
            with self.subTest(flavour):
                self.root = self.root / flavour
                self.simulate(flavour=flavour, skew=-12 * HOUR)
                self.configure()
                since = self.host_data().since
                ahead = int(time.time()) + 3 * DAY - MINUTE  # before it, nothing was measured by that clock
                for skew, begin in ((-12 * HOUR, since), (3 * DAY, ahead), (3 * DAY + HOUR, ahead), (0, since)):
                    self.peers.change(ADDRESS, skew=skew, since=begin)
                    run = self.run_probe()
                    self.assertEqual(run.code, SUCCESS, run.text)
                verdict = self.verdict(-DAY, -60)
                self.assertEqual(verdict.missing, [], verdict.text())
                self.run_probe()  # what was read twice, was so once
                self.assertEqual(self.verdict(-DAY, -60).repeats, verdict.repeats)

    def test_the_wait_for_a_slot_is_not_taken_from_the_time_of_the_run(self) -> None:
        self.simulate()
        self.configure(timeout="2s")
        slots = self.root / "run/meshprobe/slots"
        slots.mkdir(parents=True)
        (slots / "count").write_text("1")
        with (slots / "0").open("w") as slot:
            fcntl.flock(slot, fcntl.LOCK_EX)
            process = self.start()
            time.sleep(2.5)
        run = Run(process)
        self.assertEqual(run.code, SUCCESS, run.text)
        self.assert_collected(-DAY + MINUTE, -60)

    def test_a_silent_host_was_polled_all_the_same(self) -> None:
        self.simulate(skew=-12 * DAY, until=int(time.time()) - 12 * DAY)
        self.configure(reread="0s", **{"catch-up": "5d"})
        for skew in range(-12 * DAY, 1, 2 * DAY):
            self.peers.change(ADDRESS, skew=skew)
            self.assertEqual(self.run_probe().code, SUCCESS)
        self.assertEqual(self.result["gaps"], 0)


class Faults(ProbeTest):
    def test_faulty_answers_cost_nothing_but_repetition(self) -> None:
        for flavour in ("esmond", "elmond"):
            with self.subTest(flavour):
                self.root = self.root / flavour
                self.simulate(flavour=flavour, entries=8, faults=[
                    {"match": "/base", "rate": 0.15, "do": "error", "status": 500},
                    {"match": "/base", "rate": 0.15, "do": "truncate", "after": 3000},
                    {"match": "/base", "rate": 0.15, "do": "reset", "after": 2000}])
                self.configure()
                self.assertEqual(self.run_probe().code, PARTIAL)
                self.assertEqual(self.result["outcome"], "partial")
                for _ in range(4):
                    self.run_probe()
                self.peers.change(ADDRESS, faults=[])
                run = self.run_probe()
                self.assertEqual(run.code, SUCCESS, run.text)
                self.assert_collected(-DAY + HOUR, -90)

    def test_one_series_that_fails_disturbs_no_other(self) -> None:
        self.simulate(faults=[{"match": "packet-count-sent", "do": "error", "status": 500}])
        self.configure(**{"event-types": ["packet-count-sent", "packet-count-lost"]})
        run = self.run_probe()
        self.assertEqual(run.code, PARTIAL)
        self.assertIn("series failed", run.text)
        self.assertNotIn("partial", self.run_probe().text)  # told once
        self.peers.change(ADDRESS, faults=[])
        self.assertIn("completely again", self.run_probe().text)
        found = {each.point.event_type for each in from_spool(self.root / "var/lib/meshprobe/spool/local/q")}
        self.assertEqual(found, {"packet-count-sent", "packet-count-lost"})

    def test_data_that_a_server_denied_for_a_while_arrives_with_the_next_run(self) -> None:
        for status in (401, 403, 404, 500):
            with self.subTest(status):
                self.root = self.root / "x"
                self.simulate(until=int(time.time()) - HOUR, faults=[{"match": "packet-count", "do": "error", "status": status}])
                self.configure()
                self.assertEqual(self.run_probe().code, PARTIAL)
                self.peers.change(ADDRESS, faults=[])  # nothing is new: the archive will not announce it again
                run = self.run_probe()
                self.assertEqual(run.code, SUCCESS, run.text)
                self.assert_collected(-DAY + HOUR, -HOUR)

    def test_dead_host_is_backed_off_and_told_once(self) -> None:
        self.simulate(dead=True)
        self.configure()
        runs = [self.run_probe() for _ in range(3)]
        self.assertEqual([run.code for run in runs], [UNREACHABLE] * 3)
        self.assertIn("unreachable", runs[0].text)
        self.assertEqual([run.text for run in runs[1:]], ["", ""])
        self.assertEqual(self.run_probe().code, DEFERRED)
        self.peers.change(ADDRESS, dead=False)
        self.forget_results()
        self.assertEqual(self.run_probe().code, SUCCESS)
        self.assert_collected(-DAY + HOUR, -90)

    def test_hanging_host_ends_with_the_inactivity_limit(self) -> None:
        self.simulate(blackhole=True)
        self.configure(inactivity="2s")
        begin = time.monotonic()
        self.assertEqual(self.run_probe().code, UNREACHABLE)
        self.assertLess(time.monotonic() - begin, 15)

    def test_retry_after_is_honoured(self) -> None:
        for match in ("archive/\\?", "/base"):
            with self.subTest(match):
                self.root = self.root / "x"
                self.simulate(faults=[{"match": match, "do": "error", "status": 429, "retry_after": 120}])
                self.configure()
                self.assertIn(self.run_probe().code, (UNREACHABLE, PARTIAL))
                wait = self.result["not_before_usec"] / 1e6 - time.time()
                self.assertTrue(100 < wait <= 121, wait)
                requests = self.requests_of(lambda: self.assertEqual(self.run_probe().code, DEFERRED))
                self.assertEqual(requests, [])

    def test_a_run_that_is_stopped_keeps_what_it_has(self) -> None:
        self.simulate(entries=12, latency=0.2)
        self.configure()
        process = self.start()
        while self.peers.counts(ADDRESS)["requests"] < 20:
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        run = Run(process)
        self.assertEqual(run.code, PARTIAL, run.text)
        points = self.result["points"]
        self.assertGreater(points, 0)
        self.peers.change(ADDRESS, latency=0)
        self.assertEqual(self.run_probe().code, SUCCESS)
        self.assert_collected(-DAY + HOUR, -90)


class Selecting(ProbeTest):
    def test_tests_narrow_what_is_fetched(self) -> None:
        """Two tasks on one host: each has its own tests, and together they have everything once."""
        self.simulate(entries=8)
        for tests in (["throughput", "trace"], ["latencybg", "rtt", "latency"]):
            self.configure(select={"tests": tests})
            requests = self.requests_of(lambda: self.assertEqual(self.run_probe().code, SUCCESS))
            keys = {target.split("/")[4] for target in requests if "/base" in target}
            types = {entry["metadata-key"]: entry["pscheduler-test-type"] for entry in self.metadata()}
            self.assertTrue(keys, tests)
            self.assertLessEqual({types[key] for key in keys}, set(tests))
            # another task has another checkpoint
            for path in (self.root / "var/lib/meshprobe/checkpoint").iterdir():
                path.unlink()
        self.assert_collected(-DAY + HOUR, -90)

    def metadata(self) -> list[dict]:
        context = ssl._create_unverified_context()
        with urllib.request.urlopen(f"https://{self.endpoint}/esmond/perfsonar/archive/?time-range=864000", context=context) as answer:
            return json.load(answer)


class Hostile(ProbeTest):
    def test_hostile_answers(self) -> None:
        kinds = ("endless-blanks", "endless-headers", "endless-status", "huge-header", "deep-json", "deeper-json", "wrong-types",
                 "not-an-array", "not-json", "bad-utf8", "empty", "huge-element", "gzip-bomb", "bad-chunk", "bad-length", "garbage",
                 "redirect-loop", "redirect-away", "redirect-file", "endless-paging", "endless-body")
        self.simulate(entries=2)
        for part, match in (("data", "throughput/base"), ("metadata", r"archive/\?")):
            for kind in kinds:
                with self.subTest(f"{part}: {kind}"):
                    self.root = self.root / "x"
                    self.configure(timeout="6s", inactivity="2s")
                    self.peers.change(ADDRESS, faults=[{"match": match, "do": "hostile", "kind": kind}])
                    run = self.run_probe()
                    self.assertIn(run.code, (SUCCESS, PARTIAL, UNREACHABLE), run.text)
                    self.assertLess(run.peak, memory_bound(32 * 1024))
                    if part == "data":
                        self.assertGreater(self.result["points"], 0)

    def test_a_huge_page_is_read_in_little_memory(self) -> None:
        self.simulate(entries=2, faults=[{"match": "throughput/base", "do": "hostile", "kind": "huge-page"}])
        self.configure(timeout="30s")
        self.assertLess(self.run_probe().peak, memory_bound(32 * 1024))


class Transport(ProbeTest):
    def test_plain_http_only_if_it_is_allowed(self) -> None:
        self.simulate(https=None, http=0)
        self.endpoint = f"{ADDRESS}:{self.peers.hosts[ADDRESS]['http']}"
        self.configure()
        run = self.run_probe()
        self.assertEqual(run.code, UNREACHABLE)
        self.assertIn("http-fallback", run.text)
        self.configure(**{"http-fallback": True})
        self.assertEqual(self.run_probe().code, SUCCESS)
        self.assert_collected(-DAY + HOUR, -90)

    def test_a_changed_key_stops_the_host_until_it_is_accepted(self) -> None:
        self.simulate(tls="self-signed")
        self.configure()
        self.assertIn("is remembered", self.run_probe().text)
        self.peers.change(ADDRESS, key_generation=2)
        first, second, third, fourth = (self.run_probe() for _ in range(4))
        self.assertEqual([run.code for run in (first, second, third, fourth)], [UNTRUSTED, UNTRUSTED, UNTRUSTED, DEFERRED])
        self.assertIn("--accept", first.text)
        self.assertEqual(second.text, "")
        narrow = subprocess.run([CTL, "trust", "--root", self.root], env=os.environ | {"COLUMNS": "60"}, capture_output=True, text=True, check=True).stdout
        self.assertRegex(narrow, r"(?s)trusted .*sha256//[A-Za-z0-9+/]{43}=\n.*refused .*sha256//[A-Za-z0-9+/]{43}=\n")
        subprocess.run([CTL, "trust", "--root", self.root, self.endpoint, "--accept"], check=True, stdout=subprocess.DEVNULL)
        self.assertEqual(self.run_probe().code, SUCCESS)

    def test_a_renewed_certificate_of_a_known_authority_is_taken(self) -> None:
        self.simulate(tls="ca")
        self.configure(tls={"trust": "first-use", "ca": str(self.peers.ca)})
        first = self.run_probe()
        self.assertEqual(first.code, SUCCESS)
        self.assertIn("its certificate verifies", first.text)
        self.peers.change(ADDRESS, key_generation=2)
        renewed = self.run_probe()
        self.assertEqual(renewed.code, SUCCESS, renewed.text)
        self.assertIn("its key changed and its certificate verifies", renewed.text)
        self.peers.change(ADDRESS, tls="self-signed", key_generation=3)
        self.assertEqual(self.run_probe().code, UNTRUSTED)

    def test_why_a_host_is_not_trusted_is_told_once(self) -> None:
        self.simulate(tls="self-signed")
        for tls, says in (({"trust": "ca"}, "self-signed certificate"), ({"trust": "pin", "pins": ["sha256//" + "A" * 43 + "="]}, "public key")):
            with self.subTest(tls["trust"]):
                self.root = self.root / "x"
                self.configure(tls=tls)
                first, second = self.run_probe(), self.run_probe()
                self.assertEqual([first.code, second.code], [UNTRUSTED, UNTRUSTED])
                self.assertIn(says, first.text.replace("self signed", "self-signed"))
                self.assertIn("tls.", first.text)
                self.assertEqual(second.text, "")

    def test_times_that_cannot_be_right_are_counted_and_told_once(self) -> None:
        now = int(time.time())
        points = [(now - 300, 0.5), (now - 300, 0.5), (now - 240, 0.0), (now - 240, 1.0), (now + 13 * HOUR, 0.1), (1 << 50, 0.1), (0, 0.1), (-60, 0.1)]
        page = json.dumps([{"ts": ts, "val": value} for ts, value in points])
        self.simulate(entries=1, faults=[{"match": "/packet-loss-rate/base", "do": "page", "body": page, "type": "application/json"}])
        self.configure(**{"event-types": ["packet-loss-rate"]})
        first = self.run_probe()
        self.assertEqual(first.code, SUCCESS, first.text)
        self.assertIn("2 from the future, 2 from before 1970 (not delivered), 1 with a second value for their time (the first", first.text)
        counts = {name: self.result[name] for name in ("future", "before_epoch", "dropped")}
        self.assertEqual(counts, {"future": 2, "before_epoch": 2, "dropped": 4})
        self.assertEqual(self.run_probe().text, "")
        delivered = {found.point.ts: found.value for found in from_spool(self.root / "var/lib/meshprobe/spool/local/q")}
        self.assertEqual(delivered, {now - 300: 0.5, now - 240: 0.0})

    def test_steps_of_both_clocks_are_told_with_their_size(self) -> None:
        library = Path(os.environ["MESHPROBE_CLOCK_OFFSET"])
        self.simulate()
        self.configure()
        self.run_probe()
        self.assertEqual([self.result[name] for name in ("clock_step_usec", "host_clock_step_usec")], [0, 0])
        environment = os.environ | {"LD_PRELOAD": str(library), "CLOCK_OFFSET": str(2 * HOUR)}
        run = Run(subprocess.Popen([PROBE, "--root", self.root, self.endpoint], stderr=subprocess.PIPE, text=True, env=environment))
        self.assertEqual(run.code, SUCCESS, run.text)
        self.assertIn("the clock of this machine was set forward by 2h", run.text)
        self.assertIn("ours was set forward by 2h", run.text)
        self.assertAlmostEqual(self.result["clock_step_usec"] / 1e6, 2 * HOUR, delta=2)
        self.assertEqual(self.result["host_clock_step_usec"], 0)
        self.assertIn("set back by 2h", self.run_probe().text)
        self.peers.change(ADDRESS, skew=-4 * MINUTE)
        self.assertRegex(self.run_probe().text, "its clock was set back by (4min|3min 5[89]s)")
        self.assertAlmostEqual(self.result["host_clock_step_usec"] / 1e6, -4 * MINUTE, delta=3)
        self.assertEqual(self.run_probe().text, "")

    def test_another_clock_is_told_and_does_no_harm(self) -> None:
        self.simulate(skew=-2 * HOUR)
        self.configure()
        run = self.run_probe()
        self.assertEqual(run.code, SUCCESS)
        self.assertIn("behind ours", run.text)
        self.assertNotIn("clock", self.run_probe().text)
        self.assert_collected(-DAY - HOUR, -2 * HOUR - 90)


class Commands(ProbeTest):
    def test_what_is_wrong_is_said(self) -> None:
        for arguments, status in ((["--help"], 0), (["--version"], 0), ([], 2), (["--nonsense"], 2), (["a/b"], 2), (["x", "y"], 2)):
            with self.subTest(arguments):
                self.assertEqual(subprocess.run([PROBE, "--root", self.root, *arguments], capture_output=True).returncode, status)

    def test_switched_off_is_no_failure(self) -> None:
        self.endpoint = "ps.example.org"
        self.configure(enabled=False)
        run = self.run_probe()
        self.assertEqual(run.code, SUCCESS)
        self.assertIn("switched off", run.text)

    def test_an_error_in_the_section_of_a_host_is_no_switch(self) -> None:
        self.endpoint = "ps.example.org"
        self.configure()
        drop_in = self.root / "etc/meshprobe/meshprobe.yaml.d/10.yaml"
        drop_in.parent.mkdir(parents=True)
        drop_in.write_text("hosts: {ps.example.org: {ip-version: 5}}")
        run = self.run_probe()
        self.assertEqual(run.code, 78)
        self.assertRegex(run.text, r"10\.yaml:1:\d+: hosts\.ps\.example\.org\.ip-version")
        self.assertIn("meshprobectl check", run.text)
        self.assertNotIn("enabled: false", run.text)
        self.assertEqual(self.result["outcome"], "failed")

    def test_an_unknown_task_is_a_fault_of_the_configuration(self) -> None:
        self.endpoint = "meshprobe-nosuch@ps.example.org"
        self.configure()
        self.assertEqual(self.run_probe().code, 78)


if __name__ == "__main__":
    unittest.main(verbosity=2)
