#!/usr/bin/python3
"""Back-fills against simulated measurement hosts: what is missing arrives, once; what is regular is not touched.

    MESHPROBE_BINARY_DIR=DIR backfill_test.py [unittest arguments]

Time passes by moving the simulated host's clock (`skew`), so that an outage of days takes a second.
"""
from __future__ import annotations

import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
from collections import Counter
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

sys.path.insert(0, str(Path(__file__).parent))
from data_model import HostData  # noqa: E402
from expect import DATA_FIELDS, Verdict, compare, from_spool  # noqa: E402
from simulator import Simulator  # noqa: E402

BIN = Path(os.environ["MESHPROBE_BINARY_DIR"]) / "bin"
PROBE, CTL = BIN / "meshprobe-probe", BIN / "meshprobectl"
ADDRESS = "127.0.0.2"
MINUTE, HOUR, DAY = 60, 3600, 86400
SUCCESS, USAGE, PARTIAL = 0, 2, 151


def text_of(ts: int) -> str:
    return datetime.fromtimestamp(ts, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class BackfillTest(unittest.TestCase):
    maxDiff = None

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory(prefix="backfill-")
        self.addCleanup(directory.cleanup)
        self.root = Path(directory.name)
        self.now = int(time.time())

    def simulate(self, **host) -> None:
        self.peers = Simulator({"history": 20 * DAY, "hosts": [{"name": ADDRESS, "address": ADDRESS, "entries": 4} | host]})
        self.peers.__enter__()
        self.addCleanup(self.peers.__exit__, None, None, None)
        self.endpoint = self.peers.hosts[ADDRESS]["endpoint"]

    def configure(self, document: dict | None = None, **settings) -> None:
        (self.root / "etc/meshprobe").mkdir(parents=True, exist_ok=True)
        (self.root / "etc/meshprobe/meshprobe.yaml").write_text(json.dumps({"tasks": {"default": settings}} | (document or {})))

    def probe(self) -> subprocess.CompletedProcess:
        done = subprocess.run([PROBE, "--root", self.root, self.endpoint], capture_output=True, text=True, timeout=200, check=False)
        self.assertEqual(done.returncode, SUCCESS, done.stderr)
        return done

    def command(self, *arguments: str) -> list[str]:
        return [str(CTL), "backfill", "--root", str(self.root), *arguments]

    def backfill(self, *arguments: str, status: int = SUCCESS, environment: dict | None = None) -> subprocess.CompletedProcess:
        done = subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=200, check=False,
                              env=os.environ | (environment or {}))
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def gaps(self) -> list[dict]:
        done = subprocess.run([CTL, "gaps", "--root", self.root, "--json"], capture_output=True, text=True, timeout=60, check=True)
        return json.loads(done.stdout)

    def checkpoint(self) -> dict[str, str]:
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
                for path in (self.root / "var/lib/meshprobe/checkpoint").iterdir() if path.suffix != ".lock"}

    def host_data(self) -> HostData:
        specification = next(host for host in self.peers.config()["hosts"] if host["name"] == ADDRESS)
        return HostData(**{key: value for key, value in specification.items() if key in DATA_FIELDS})

    def verdict(self, since: int, until: int, archive: str = "local", **options) -> Verdict:
        verdict = compare(from_spool(self.root / f"var/lib/meshprobe/spool/{archive}/q"), [(self.host_data(), {self.endpoint})],
                          since, until, until, **options)
        self.assertGreater(verdict.must, 0)
        return verdict

    def assert_collected(self, since: int, until: int, archive: str = "local", **options) -> None:
        verdict = self.verdict(since, until, archive, **options)
        self.assertTrue(verdict.good(once=True), verdict.text())

    def arrived(self, archive: str = "local") -> Counter:
        queue = self.root / f"var/lib/meshprobe/spool/{archive}/q"
        return Counter(found.point for found in from_spool(queue)) if queue.exists() else Counter()

    def windows(self) -> list[tuple[int, int]]:
        """What was asked for of series, since the counts were reset; the until is included."""
        windows = []
        for request in self.peers.requests(ADDRESS):
            url = urlsplit(request["target"])
            query = parse_qs(url.query)
            if "time-end" in query:
                windows.append((int(query["time-start"][0]), int(query["time-end"][0])))
        return windows

    def make_gap(self, **settings) -> tuple[int, int]:
        """An outage that was longer than `catch-up` reaches: the hole that the ledger has of it."""
        self.simulate(skew=-9 * DAY)
        self.configure(**({"catch-up": "5d"} | settings))
        self.probe()
        self.peers.change(ADDRESS, skew=0)
        self.probe()
        gap, = self.gaps()
        since, until = (int(datetime.fromisoformat(gap[edge].replace("Z", "+00:00")).timestamp()) for edge in ("since", "until"))
        self.assertAlmostEqual(until, self.now - 5 * DAY, delta=60)
        return since, until


class Gaps(BackfillTest):
    def test_what_a_gap_lacks_arrives_once_and_regular_runs_go_on_as_if_nothing_had_been(self) -> None:
        since, until = self.make_gap()
        before = self.checkpoint()
        self.peers.reset_counts()
        done = self.backfill(self.endpoint, "--gaps")
        self.assertEqual(self.checkpoint(), before)
        self.assertIn("1 recorded hole", done.stderr)
        self.assertIn("back-fill done", done.stderr)
        windows = self.windows()
        self.assertEqual(min(window[0] for window in windows), since)
        self.assertEqual(max(window[1] for window in windows), until - 1)
        self.assertEqual(self.gaps(), [])
        self.assertIn("0 gaps", subprocess.run([CTL, "gaps", "--root", self.root], capture_output=True, text=True, check=True).stdout)
        # (Results of the last hour before the outage that arrived during it are in no hole.)
        self.assert_collected(self.now - 10 * DAY + HOUR, since - HOUR)
        self.assert_collected(since, self.now - 60)
        # The next run takes over what is healed, for good, and finds nothing that it has not.
        count = self.arrived().total()
        self.probe()
        self.assertEqual(self.gaps(), [])
        self.assertEqual(list((self.root / "var/lib/meshprobe/backfill").glob("*.ledger")), [])
        self.assert_collected(since, self.now - 60)
        self.peers.reset_counts()
        self.assertIn("0 recorded holes", self.backfill(self.endpoint, "--gaps").stderr)
        self.assertEqual(self.peers.requests(ADDRESS), [])
        self.assertGreaterEqual(self.arrived().total(), count)

    def test_holes_of_one_series_and_of_one_archive_are_asked_for_exactly(self) -> None:
        self.simulate()
        document = {"archives": {"local": {"archiver": "sqlite"}, "second": {"archiver": "file", "path": "/dev/null"}}}
        self.configure(document, archives={"local": True, "second": True})
        self.probe()
        entry = self.host_data().documents[0]
        series = f"{entry.key} failures"
        hole = self.now - 10 * DAY, self.now - 10 * DAY + 5 * HOUR
        self.note([], [[series, "second", *hole, "silent"]])
        whole = self.now - 8 * DAY, self.now - 8 * DAY + 40 * HOUR
        self.note([], [["", archive, *whole, "silent"] for archive in ("local", "second")])
        before, counts = self.checkpoint(), {name: self.arrived(name) for name in ("local", "second")}
        self.peers.reset_counts()
        self.backfill(self.endpoint, "--gaps")
        self.assertEqual(self.checkpoint(), before)
        self.assertEqual(self.gaps(), [])
        asked = sorted(set(self.windows()))
        self.assertIn((hole[0], hole[1] - 1), asked)
        self.assertTrue(all(hole[0] <= start <= end < hole[1] or whole[0] <= start <= end < whole[1] for start, end in asked), asked)
        covered = sorted(window for window in asked if window[0] >= whole[0])
        self.assertEqual(covered[0][0], whole[0])
        self.assertEqual(max(end for _, end in covered), whole[1] - 1)
        for name, now in (("local", self.arrived("local")), ("second", self.arrived("second"))):
            new = now - counts[name]
            self.assertEqual([point for point, times in new.items() if times > 1], [])
            self.assertTrue(any(whole[0] <= point.ts < whole[1] for point in new))
            in_hole = {f"{point.key} {point.event_type}" for point in new if hole[0] <= point.ts < hole[1]}
            self.assertEqual(in_hole, {series} & in_hole if name == "second" else set())

    def note(self, healed: list, gaps: list) -> None:
        """As a back-fill leaves it for the ledger, and the next regular run takes it in."""
        directory = self.root / "var/lib/meshprobe/backfill"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / f"meshprobe@{self.endpoint}.ledger").write_text(json.dumps({"healed": healed, "gaps": gaps}))
        self.probe()

    def test_what_cannot_be_had_stays_a_gap_and_is_had_later(self) -> None:
        since, until = self.make_gap()
        key = self.host_data().documents[0].key
        self.peers.change(ADDRESS, faults=[{"match": f"{key}/.*/base", "do": "error", "status": 500}])
        before = self.checkpoint()
        done = self.backfill(self.endpoint, "--gaps", status=PARTIAL)
        self.assertIn("the ledger of gaps has them", done.stderr)
        self.assertEqual(self.checkpoint(), before)
        left = self.gaps()
        self.assertTrue(left)
        self.assertEqual({(gap["series"].split()[0], gap["reason"]) for gap in left}, {(key, "the archive fails to give it")})
        self.peers.change(ADDRESS, faults=[])
        self.backfill(self.endpoint, "--gaps")
        self.assertEqual(self.gaps(), [])
        self.assert_collected(since, until - 1)


class Outages(BackfillTest):
    """Longer than `catch-up` reaches, at hosts whose results come run by run."""

    def check(self, face: str) -> None:
        self.simulate(entries=2, skew=-9 * DAY, late=0.0, interval=600, missing=0.3, faces=[face], keep_runs_tasks=30 * DAY)
        self.configure(collect=[face], **{"catch-up": "5d", "first-run": "1d"})
        self.probe()
        self.peers.change(ADDRESS, skew=0)
        self.probe()
        gap, = self.gaps()
        since, until = (int(datetime.fromisoformat(gap[edge].replace("Z", "+00:00")).timestamp()) for edge in ("since", "until"))
        self.assertAlmostEqual(since, self.now - 9 * DAY, delta=120)
        self.assertAlmostEqual(until, self.now - 5 * DAY, delta=120)
        self.assertEqual([point.ts for point in self.arrived() if since <= point.ts < until], [])
        before, behind = ({point for point in self.arrived() if low <= point.ts < high} for low, high in ((0, since), (until, self.now)))
        self.assertTrue(before and behind)
        self.backfill(self.endpoint, "--gaps")
        self.assertEqual(self.gaps(), [])
        self.assertTrue([point.ts for point in self.arrived() if since <= point.ts < until])
        self.assertEqual([point for point, times in self.arrived().items() if times > 1], [])
        self.assertEqual({point for point in self.arrived() if not since <= point.ts < until}, before | behind)

    def test_of_pscheduler(self) -> None:
        self.check("pscheduler")

    def test_of_opensearch(self) -> None:
        self.check("opensearch")
        self.assert_collected(self.now - 9 * DAY - 12 * HOUR, self.now - 20 * MINUTE, faces=["opensearch"])


class Overlaps(BackfillTest):
    """What one back-fill has brought, or is about to bring, no other brings."""

    def start(self, *arguments: str) -> subprocess.Popen:
        return subprocess.Popen(self.command(self.endpoint, *arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def end(self, *processes: subprocess.Popen) -> None:
        for process in processes:
            output, _ = process.communicate(timeout=200)
            self.assertEqual(process.returncode, SUCCESS, output)

    def test_gaps_and_then_a_range_over_them(self) -> None:
        since, until = self.make_gap()
        self.backfill(self.endpoint, "--gaps")
        self.peers.reset_counts()
        self.assertIn("back-filled already", self.backfill(self.endpoint, "--since", f"@{since}", "--until", f"@{until}").stderr)
        self.assertEqual(self.peers.requests(ADDRESS), [])
        self.backfill(self.endpoint, "--since", f"@{since - 12 * DAY // 2}", "--until", f"@{until}")
        self.assertTrue(all(end <= since for _, end in self.windows()), self.windows())
        self.assert_collected(since, until - 1)

    def test_gaps_and_a_range_over_them_at_the_same_moment(self) -> None:
        since, until = self.make_gap()
        self.peers.change(ADDRESS, latency=0.05)
        gaps = self.start("--gaps")
        time.sleep(0.5)
        self.end(gaps, self.start("--since", f"@{since + DAY}", "--until", f"@{until - DAY}"))
        self.assertEqual(self.gaps(), [])
        self.assert_collected(since, until - 1)

    def test_ranges_that_overlap_at_the_same_moment(self) -> None:
        self.simulate(latency=0.02)
        self.configure()
        begins = [self.now - 5 * DAY + hours * HOUR for hours in (0, 5, 9)]
        until = self.now - 3 * DAY
        self.end(*[self.start("--since", f"@{since}", "--until", f"@{until}") for since in begins])
        self.assert_collected(begins[0], until - 1)

    def test_archives_and_event_types_one_after_the_other(self) -> None:
        self.simulate()
        document = {"archives": {"local": {"archiver": "sqlite"}, "second": {"archiver": "file", "path": "/dev/null"}}}
        self.configure(document, archives={"local": True, "second": True})
        edges = "--since", f"@{self.now - 8 * DAY}", "--until", f"@{self.now - 5 * DAY}"
        self.backfill(self.endpoint, *edges, "--archive", "second", "--event-type", "histogram-owdelay")
        self.backfill(self.endpoint, *edges, "--archive", "second")
        self.backfill(self.endpoint, *edges)
        for archive in ("local", "second"):
            self.assert_collected(self.now - 8 * DAY, self.now - 5 * DAY - 1, archive=archive)
        table = self.backfill("--status").stdout
        self.assertIn("EVENT-TYPES", table)
        self.assertIn("histogram-owdelay", table)
        self.assertIn("second", table)
        self.assertIn("range", table)

    def test_two_names_of_one_archive_that_nobody_has_collected_yet(self) -> None:
        hosts = [{"name": name, "address": name, "entries": 4, "seed": "one"} for name in (ADDRESS, "127.0.0.3")]
        self.peers = Simulator({"history": 20 * DAY, "hosts": hosts, "meshes": []})
        self.peers.__enter__()
        self.addCleanup(self.peers.__exit__, None, None, None)
        names = [host["endpoint"] for host in self.peers.hosts.values()]
        self.peers.mesh_hosts("all", names)
        self.configure({"meshes": {"all": {"url": self.peers.mesh, "allow-private": True}}})
        subprocess.run([BIN / "meshprobe-refresh", "--root", self.root], capture_output=True, timeout=100, check=True)
        done = self.backfill("--all", "--since", f"@{self.now - 5 * DAY}", "--until", f"@{self.now - 4 * DAY}", "--json")
        self.assertTrue(self.arrived())
        self.assertEqual([point for point, times in self.arrived().items() if times > 1], [])
        counts = {job["host"]: job["points"] for job in json.loads(done.stdout)}
        self.assertEqual(sum(counts.values()), self.arrived().total())
        self.assertIn("another name of the archive", done.stdout)


class Ranges(BackfillTest):
    def test_a_host_that_was_never_collected_and_then_is(self) -> None:
        for flavour in ("esmond", "elmond"):
            with self.subTest(flavour):
                self.root = self.root / flavour
                self.root.mkdir()
                self.simulate(flavour=flavour)
                self.configure()
                self.backfill(self.endpoint, "--since", "3 days ago")
                self.assertFalse((self.root / "var/lib/meshprobe/checkpoint").exists() and self.checkpoint())
                self.assert_collected(self.now - 3 * DAY + MINUTE, self.now - 5 * MINUTE)
                self.probe()  # its first run reads the last day
                self.assert_collected(self.now - 3 * DAY + MINUTE, self.now - MINUTE)

    def test_beside_regular_runs_nothing_comes_twice(self) -> None:
        self.simulate()
        self.configure()
        self.probe()
        before = self.checkpoint()
        since = self.now - 4 * DAY
        done = self.backfill(self.endpoint, "--since", f"@{since}")
        self.assertIn(text_of(since), done.stderr)  # local time was meant, or not: it is echoed as UTC
        self.assertEqual(self.checkpoint(), before)
        self.probe()
        self.assert_collected(since + MINUTE, self.now - MINUTE)
        # The same, and a part of it: there is nothing left to fetch.
        for edge in (since, since + DAY):
            self.assertIn("back-filled already", self.backfill(self.endpoint, "--since", f"@{edge}", "--until", f"@{self.now - HOUR}").stderr)
        self.assert_collected(since + MINUTE, self.now - MINUTE)
        count = self.arrived().total()
        self.backfill(self.endpoint, "--since", f"@{since}", "--until", f"@{since + DAY}", "--again")
        again = Counter({point: times for point, times in self.arrived().items() if times == 2})
        self.assertEqual(self.arrived().total(), count + len(again))
        self.assertTrue(again and all(since <= point.ts < since + DAY for point in again))

    def test_limits_of_age_do_not_apply_and_others_do(self) -> None:
        self.simulate()
        self.configure({"limits": {"recent": {"type": "age", "max": "2h"}, "few": {"type": "event-type", "deny": ["histogram-owdelay"]}}},
                       limits=["recent", "few"])
        since, until = self.now - 5 * DAY, self.now - 4 * DAY
        self.backfill(self.endpoint, "--since", f"@{since}", "--until", f"@{until}")
        types = {point.event_type for point in self.arrived()}
        self.assertNotIn("histogram-owdelay", types)
        self.assert_collected(since, until - 1, event_types=types)
        self.assertTrue(all(since <= point.ts < until for point in self.arrived()))

    def test_event_types_and_archives(self) -> None:
        self.simulate()
        document = {"archives": {"local": {"archiver": "sqlite"}, "second": {"archiver": "file", "path": "/dev/null"}}}
        self.configure(document, archives={"local": True, "second": True})
        since, until = self.now - 5 * DAY, self.now - 4 * DAY
        self.backfill(self.endpoint, "--since", f"@{since}", "--until", f"@{until}", "--event-type", "failures,packet-trace", "--archive", "second")
        self.assertEqual(self.arrived("local"), Counter())
        self.assertLessEqual({point.event_type for point in self.arrived("second")}, {"failures", "packet-trace"})
        self.assert_collected(since, until - 1, archive="second", event_types=("failures", "packet-trace"))
        self.assertIn("no enabled archive", self.backfill(self.endpoint, "--since", "1 day ago", "--archive", "third", status=USAGE).stderr)

    def test_local_time_in_the_night_when_clocks_are_set_back(self) -> None:
        night = datetime(2026, 10, 25, tzinfo=timezone.utc)
        start = int(night.timestamp())
        self.simulate(skew=start + 5 * HOUR - self.now, since=start - DAY)
        self.configure()
        self.backfill(self.endpoint, "--since", "2026-10-25 02:00", "--until", "2026-10-25 02:59:59", environment={"TZ": "Europe/Berlin"})
        self.assert_collected(start, start + 2 * HOUR - 2)
        self.assertTrue(all(start <= point.ts < start + 2 * HOUR for point in self.arrived()))

    def test_through_pscheduler(self) -> None:
        self.simulate(faces=["pscheduler"])
        self.configure(collect=["pscheduler"], **{"first-run": "11h"})
        since, until = self.now - 10 * HOUR, self.now - 5 * HOUR
        self.backfill(self.endpoint, "--since", f"@{since}", "--until", f"@{until}")
        fetched = self.arrived()
        self.root = self.root / "regular"
        self.configure(collect=["pscheduler"], **{"first-run": "11h"})
        self.probe()
        self.assertEqual(fetched, Counter({point: times for point, times in self.arrived().items() if since <= point.ts < until}))
        self.assertTrue(fetched)

    def test_through_pscheduler_the_last_second_is_read(self) -> None:
        self.simulate(faces=["pscheduler"], pairs=[{"test": "latencybg"}])
        self.configure(collect=["pscheduler"])
        twin, = self.host_data().mapped.documents
        last = max(ts for ts in self.host_data().mapped.points(twin, "histogram-owdelay", self.now - 5 * HOUR, self.now - 4 * HOUR, self.now))
        self.backfill(self.endpoint, "--since", f"@{last - 600}", "--until", f"@{last + 1}")
        # By their times: pScheduler has no keys of series, the probe makes them.
        measured = {*self.host_data().mapped.points(twin, "histogram-owdelay", last - 600, last, self.now)}
        self.assertLessEqual(measured, {point.ts for point in self.arrived() if point.event_type == "histogram-owdelay"})
        self.assertIn(last, {point.ts for point in self.arrived()})
        self.assertEqual([point for point, times in self.arrived().items() if times > 1], [])

    def test_through_opensearch(self) -> None:
        self.simulate(faces=["opensearch"])
        self.configure(collect=["opensearch"])
        since, until = self.now - 3 * DAY, self.now - 2 * DAY
        self.backfill(self.endpoint, "--since", f"@{since}", "--until", f"@{until}")
        self.assert_collected(since, until - 1, faces=["opensearch"])
        self.assertTrue(all(since <= point.ts < until for point in self.arrived()))


class Refetch(BackfillTest):
    """A spool that fills up and drops, and gets back what it dropped."""

    def results(self, archive: str) -> set:
        database = self.root / f"var/lib/meshprobe/archive/{archive}.db"
        with closing(sqlite3.connect(database)) as connection:
            return set(connection.execute("SELECT metadata_key, event_type, ts FROM results"))

    def drain(self, archive: str) -> None:
        subprocess.run([BIN / "meshprobe-archive", "--root", self.root, archive, "--drain"], capture_output=True, timeout=100, check=True)

    def size(self) -> int:
        return sum(path.stat().st_size for path in (self.root / "var/lib/meshprobe/spool/small/q").iterdir())

    def test_what_was_dropped_is_fetched_once_there_is_room(self) -> None:
        self.simulate(skew=-HOUR)
        archives = {"local": {"archiver": "sqlite"}, "small": {"archiver": "sqlite"}}
        self.configure({"archives": archives}, archives={"local": True, "small": True}, overlap="1min", **{"first-run": "10min"})
        mark = self.root / "var/lib/meshprobe/spool/small/.refetch"
        for skew in range(-HOUR, 1, HOUR // 6):  # segments of several runs, all alike: the first ones are dropped
            self.peers.change(ADDRESS, skew=skew)
            self.probe()
        quota = int(self.size() / 1.2)
        archives["small"] |= {"quota": quota, "when-full": "refetch"}
        self.configure({"archives": archives}, archives={"local": True, "small": True}, overlap="1min", **{"first-run": "10min"})
        self.probe()
        self.assertLess(self.size(), quota)
        self.assertEqual({(gap["archive"], gap["reason"]) for gap in self.gaps()}, {("small", "quota")})
        self.assertTrue(mark.exists())
        self.assertIn("Nothing is to be fetched again", self.backfill("--refetch").stdout)
        self.assertTrue(mark.exists(), "there is no room yet")
        self.drain("local")
        self.drain("small")
        lacks = self.results("local") - self.results("small")
        self.assertTrue(lacks)
        self.backfill("--refetch")
        self.assertEqual(list(mark.parent.glob(".refetch*")), [])
        self.assertEqual(self.gaps(), [])
        self.drain("small")
        self.assertEqual(self.results("local") - self.results("small"), set())
        self.peers.reset_counts()
        self.assertIn("Nothing is to be fetched again", self.backfill("--refetch").stdout)
        self.assertEqual(self.peers.requests(ADDRESS), [])
        self.assertIn("for all hosts", self.backfill("--refetch", "--all", "--since", "1d ago", status=USAGE).stderr)

    def test_what_cannot_be_had_now_stays_marked(self) -> None:
        self.simulate()
        archives = {"small": {"archiver": "sqlite"}}
        self.configure({"archives": archives}, archives={"small": True})
        self.probe()
        archives["small"] |= {"quota": self.size() - 1, "when-full": "refetch"}
        self.configure({"archives": archives}, archives={"small": True})
        self.probe()
        mark = self.root / "var/lib/meshprobe/spool/small/.refetch"
        self.assertTrue(mark.exists())
        self.drain("small")
        self.peers.change(ADDRESS, faults=[{"match": ".*", "do": "error", "status": 500}])
        self.backfill("--refetch", status=PARTIAL)
        self.assertTrue(mark.exists())


    def test_of_what_was_dropped_the_ledger_has_the_time_and_little_else(self) -> None:
        self.simulate(late=0.0)
        archives = {"local": {"archiver": "sqlite"}, "small": {"archiver": "sqlite"}}
        self.configure({"archives": archives}, archives={"local": True, "small": True}, **{"first-run": "1h"})
        since = self.now - 10 * DAY
        self.backfill(self.endpoint, "--since", f"@{since}", "--until", f"@{since + DAY}")
        archives["small"] |= {"quota": self.size() - 1, "when-full": "drop-oldest"}
        self.configure({"archives": archives}, archives={"local": True, "small": True}, **{"first-run": "1h"})
        self.probe()  # it makes room, and then has its first hour
        lost = {point.ts for point in self.arrived("local") - self.arrived("small")}
        self.assertTrue(lost)
        edges = [[int(datetime.fromisoformat(gap[edge].replace("Z", "+00:00")).timestamp()) for edge in ("since", "until")]
                 for gap in self.gaps()]
        self.assertEqual((min(gap[0] for gap in edges), max(gap[1] for gap in edges)), (min(lost), max(lost) + 1))
        self.drain("small")
        self.drain("local")
        self.configure({"archives": archives | {"small": {"archiver": "sqlite"}}}, archives={"local": True, "small": True})
        self.backfill(self.endpoint, "--gaps")
        self.drain("small")
        self.assertEqual(self.results("small"), self.results("local"))
        self.assertEqual(self.gaps(), [])


class Trouble(BackfillTest):
    def start(self, *arguments: str) -> subprocess.Popen:
        return subprocess.Popen(self.command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def children(self, parent: int) -> list[int]:
        return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]

    def test_killed_again_and_again_it_loses_nothing_and_repeats_nothing(self) -> None:
        since, until = self.make_gap()
        self.peers.change(ADDRESS, latency=0.02)
        before = self.checkpoint()
        killed = 0
        for attempt in range(12):
            process = self.start(self.endpoint, "--gaps")
            deadline = time.time() + 0.4 + 0.35 * attempt
            while time.time() < deadline and process.poll() is None:
                time.sleep(0.01)
            if process.poll() is None:
                for child in self.children(process.pid):
                    os.kill(child, signal.SIGKILL)
                    killed += 1
            process.communicate(timeout=100)
        self.assertGreater(killed, 2)
        self.peers.change(ADDRESS, latency=0)
        self.backfill("--resume")
        self.assertEqual(self.checkpoint(), before)
        self.assertEqual(self.gaps(), [])
        self.assert_collected(since, until - 1)
        self.assertEqual([path for path in (self.root / "var/lib/meshprobe/spool/local/q").iterdir() if path.name.startswith(".")], [])

    def test_stopped_it_keeps_what_it_has_and_goes_on(self) -> None:
        self.simulate(latency=0.05)
        self.configure()
        arguments = self.endpoint, "--since", f"@{self.now - 6 * DAY}", "--until", f"@{self.now - 2 * DAY}"
        process = self.start(*arguments)
        time.sleep(2.5)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
        self.assertIn("back-fill stopped", errors)
        standing, = json.loads(self.backfill("--status", "--json").stdout)
        self.assertEqual(standing["state"], "stopped")
        self.assertIn("stopped", self.backfill("--status").stdout)
        self.peers.change(ADDRESS, latency=0)
        done = self.backfill(*arguments)
        self.assertIn("done", done.stdout)
        self.assert_collected(self.now - 6 * DAY, self.now - 2 * DAY - 1)

    def test_retry_after_is_respected(self) -> None:
        self.simulate(faults=[{"match": "/base", "skip": 6, "times": 1, "do": "error", "status": 503, "retry_after": 4}])
        self.configure()
        since, until = self.now - 3 * DAY, self.now - 2 * DAY
        begun = time.time()
        done = self.backfill(self.endpoint, "--since", f"@{since}", "--until", f"@{until}")
        self.assertGreater(time.time() - begun, 4)
        self.assertIn("waits for 4s", done.stderr)
        self.assert_collected(since, until - 1)

    def test_a_host_that_is_away_is_given_up_and_asked_again_later(self) -> None:
        self.simulate(dead=True)
        self.configure()
        process = self.start(self.endpoint, "--since", "3 days ago", "--until", "2 days ago")
        time.sleep(3)
        self.peers.change(ADDRESS, dead=False)
        process.communicate(timeout=100)
        self.assertEqual(process.returncode, SUCCESS)
        self.assert_collected(self.now - 3 * DAY + MINUTE, self.now - 2 * DAY - MINUTE)

    def test_an_archive_that_fails_at_full_pages_is_asked_for_less(self) -> None:
        self.simulate(faults=[{"match": "limit=1000$", "do": "error", "status": 504}])
        self.configure()
        since, until = self.now - 3 * DAY, self.now - 2 * DAY
        self.backfill(self.endpoint, "--since", f"@{since}", "--until", f"@{until}")
        self.assert_collected(since, until - 1)

    def test_cancelled(self) -> None:
        self.simulate(latency=0.05)
        self.configure()
        process = self.start(self.endpoint, "--since", "6 days ago", "--until", "2 days ago")
        time.sleep(1.5)
        self.assertIn("runs; stop it first", self.backfill("--cancel", self.endpoint, status=1).stderr)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        self.assertIn("1 back-fill forgotten", self.backfill("--cancel", self.endpoint).stdout)
        self.assertEqual(json.loads(self.backfill("--status", "--json").stdout), [])

    def test_the_range_that_is_told_is_that_of_the_job_that_goes_on(self) -> None:
        self.simulate(latency=0.05)
        self.configure()
        arguments = self.endpoint, "--since", "6 days ago", "--until", "2 days ago"
        process = self.start(*arguments)
        time.sleep(2.5)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        standing, = json.loads(self.backfill("--status", "--json").stdout)
        self.peers.change(ADDRESS, latency=0)
        self.assertIn(f"Fetching {standing['since']} to {standing['until']} of 1 host", self.backfill(*arguments).stderr)

    def test_wrong_words(self) -> None:
        self.simulate()
        self.configure()
        for arguments, word in (((), "--all"), ((self.endpoint,), "--since"), ((self.endpoint, "--since", "soon"), "3 days ago"),
                                ((self.endpoint, "--since", "1 day ago", "--until", "2 days ago"), "is not before"),
                                ((self.endpoint, "--since", "@4000000000", "--until", "@4000000600"), "in the future"),
                                (("--status", "nohost"), "no back-fill of nohost"), (("--resume", "nohost"), "no back-fill of nohost"),
                                (("--cancel", "nohost"), "no back-fill of nohost"), (("--status", "--gaps"), "--gaps"), ((self.endpoint, "--gaps", "--jobs", "0"), "--jobs"),
                                (("*.nowhere", "--gaps"), "no host matches"), ((self.endpoint, "--gaps", "--task", "slow"), "no task")):
            with self.subTest(arguments):
                self.assertIn(word, self.backfill(*arguments, status=USAGE).stderr)


if __name__ == "__main__":
    unittest.main()
