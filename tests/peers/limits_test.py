#!/usr/bin/python3
"""Limits of a task: what they drop, flag and fail, and that nothing else suffers from it.

    MESHPROBE_BINARY_DIR=DIR limits_test.py [unittest arguments]
"""
from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
import unittest
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from probe_test import ADDRESS, BIN, CTL, DAY, HOUR, MINUTE, PARTIAL, PROBE, SUCCESS, ProbeTest, Run  # noqa: E402


def bodies(root: Path) -> list[bytes]:
    """Of all messages in the spool of archive local."""
    found = []
    for path in sorted((root / "var/lib/meshprobe/spool/local/q").glob("[!.]*")):
        _, _, rest = path.read_bytes().partition(b"\n")
        while True:
            line, _, rest = rest.partition(b"\n")
            head = json.loads(line)
            if "crc32c" in head:
                break
            found.append(rest[:head["size"]])
            rest = rest[head["size"] + 1:]
    return found


class LimitsTest(ProbeTest):
    def limit(self, limits: dict, **settings) -> None:
        self.configure(limits=sorted(limits), **settings)
        path = self.root / "etc/meshprobe/meshprobe.yaml"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"limits": limits}))

    def messages(self) -> list[dict]:
        return [json.loads(body) for body in bodies(self.root)]

    def points(self) -> list[tuple[str, str, int]]:
        return [(message["meta"]["org_metadata_key"], message["meta"]["event-type"], int(ts))
                for message in self.messages() for ts in message["datapoints"]]

    def good_run(self, code: int = SUCCESS) -> Run:
        run = self.run_probe()
        self.assertEqual(run.code, code, run.text)
        return run


class Limits(LimitsTest):
    def test_flagged_results_travel_by_themselves_and_all_arrive(self) -> None:
        self.simulate()
        self.limit({"old": {"type": "age", "max": "2h", "action": "flag"},
                    "older": {"type": "age", "max": "3h", "action": "flag"}}, **{"first-run": "4h"})
        begin = time.time()
        run = self.good_run()
        self.assertRegex(self.result["limits"], r"^old: \d+ flagged; older: \d+ flagged$")
        self.assertIn(f"limits ({self.result['limits']})", run.text)
        self.assert_collected(-4 * HOUR + MINUTE, -MINUTE)
        seen = Counter()
        for message in self.messages():
            flags = tuple(message["meta"].get("limits", ()))
            seen[flags] += 1
            for ts in map(int, message["datapoints"]):
                age = begin - ts
                if abs(age - 2 * HOUR) < MINUTE or abs(age - 3 * HOUR) < MINUTE:
                    continue  # the run took its time
                self.assertEqual(flags, ("old", "older") if age > 3 * HOUR else ("old",) if age > 2 * HOUR else ())
        self.assertEqual(set(seen), {(), ("old",), ("old", "older")})

    def test_messages_are_cut_to_the_size_that_they_may_have(self) -> None:
        self.simulate()
        self.limit({"small": {"type": "size", "max-message": "2K"}})
        self.good_run()
        sizes = [len(body) for body in bodies(self.root)]
        self.assertLessEqual(max(sizes), 2048)
        self.assertGreater(sum(size > 1024 for size in sizes), len(sizes) / 2)
        self.assertEqual(self.result["dropped"], 0)
        self.assert_collected(-DAY + MINUTE, -MINUTE)

    def test_what_cannot_be_cut_is_dropped_and_counted_once(self) -> None:
        now = int(time.time())
        self.simulate(until=now - HOUR, tests=["latencybg"], entries=1, buckets=200)
        self.limit({"small": {"type": "size", "max-message": "1K"}})
        self.good_run()
        dropped = self.result["dropped"]
        self.assertGreater(dropped, 100)
        self.assertEqual({message["meta"]["event-type"] for message in self.messages()} & {"histogram-owdelay"}, set())
        self.good_run()
        self.assertEqual(self.result["dropped"], 0)

    def test_a_rate_holds_over_runs(self) -> None:
        self.simulate(skew=-3 * HOUR, late=0)
        self.limit({"two": {"type": "rate", "max-results": 2, "per": "1h"}}, **{"first-run": "2h"})
        for skew in range(-3 * HOUR, 1, 20 * MINUTE):
            self.peers.change(ADDRESS, skew=skew)
            self.good_run()
        per_hour = Counter((key, event_type, ts // HOUR) for key, event_type, ts in self.points())
        self.assertEqual(max(per_hour.values()), 2)
        data = self.host_data()
        now = int(time.time())
        for (key, event_type, hour), count in per_hour.items():
            if hour * HOUR <= now - 5 * HOUR:
                continue  # where collecting began
            had = data.points(data.by_key[key], event_type, hour * HOUR, hour * HOUR + HOUR - 1, now - MINUTE)
            self.assertGreaterEqual(count, min(2, len(had)))

    def test_a_failing_limit_ends_its_series_and_loses_nothing(self) -> None:
        now = int(time.time())
        self.simulate(until=now - HOUR)
        self.limit({"no-throughput": {"type": "value-range", "max-value": 0, "action": "fail"}},
                   **{"event-types": ["throughput", "packet-trace", "histogram-owdelay"]})
        run = self.good_run(PARTIAL)
        self.assertIn("limit \"no-throughput\": a value above 0", self.result["message"])
        self.assertIn("series failed", run.text)
        types = {event_type for _, event_type, _ in self.points()}
        self.assertEqual(types, {"packet-trace"})
        self.good_run(PARTIAL)  # and again: nothing has passed the mark
        self.assertEqual(self.result["points"], 0)
        self.configure(**{"event-types": ["throughput", "packet-trace", "histogram-owdelay"]})
        self.good_run()
        points = self.points()
        self.assertEqual(len(points), len(set(points)))
        data = self.host_data()
        for entry in data.documents:
            for event_type in ("throughput", "packet-trace", "histogram-owdelay"):
                if event_type not in data.event_types(entry):
                    continue
                had = data.points(entry, event_type, now - DAY + MINUTE, now - HOUR, now)
                got = {ts for key, kind, ts in points if (key, kind) == (entry.key, event_type)}
                self.assertEqual(set(had) - got, set(), event_type)

    def test_an_event_type_that_is_not_wanted_is_not_asked_for(self) -> None:
        self.simulate()
        self.limit({"types": {"type": "event-type", "deny": ["histogram-*"]}})
        requests = self.requests_of(self.good_run)
        self.assertFalse([target for target in requests if "histogram-" in target.split("?")[0]])
        self.assertRegex(self.result["limits"], r"^types: \d+ series left out$")
        self.assertNotIn("histogram-owdelay", {event_type for _, event_type, _ in self.points()})

    def test_pairs(self) -> None:
        self.simulate(pairs=[{"test": "throughput", "destination": "198.51.100.7"},
                             {"test": "throughput", "destination": "198.18.0.1"}])
        self.limit({"lab": {"type": "pair", "deny": ["* -> 198.51.100.0/24"]}})
        self.good_run()
        self.assertEqual({message["meta"]["destination"] for message in self.messages()}, {"198.18.0.1"})

    def test_the_same_result_under_two_keys_is_delivered_once(self) -> None:
        same = {"test": "latencybg", "source": "203.0.113.9", "destination": "198.18.0.1", "phase": 7,
                "input-destination": "peer.example.net"}
        types = ["packet-loss-rate", "packet-count-sent"]

        def run_all(limits: dict) -> Counter:
            for skew in range(-2 * HOUR, 1, 20 * MINUTE):
                self.peers.change(ADDRESS, skew=skew)
                self.limit(limits, **{"first-run": "1h", "event-types": types})
                self.good_run()
            return Counter((event_type, ts) for _, event_type, ts in self.points())

        self.simulate(pairs=[same, same, same | {"destination": "198.18.0.2", "phase": 8}], late=0.2, skew=-2 * HOUR)
        first = self.root
        self.root = first / "without"
        without = run_all({})
        self.assertEqual(max(without.values()), 2)
        self.root = first / "with"
        once = run_all({"once": {"type": "duplicate"}})
        self.assertEqual(max(once.values()), 1)
        now = int(time.time())
        recent = lambda counter: {key for key in counter if now - 3 * HOUR + 5 * MINUTE < key[1] < now - 5 * MINUTE}  # noqa: E731
        self.assertEqual(recent(without), recent(once))
        shutil.rmtree(first / "without")


def document(**changes) -> dict:
    return {"schema": 4,
            "identifiers": [{"name": "all", "description": "everybody", "type": "always", "data": {}}],
            "classifiers": [{"name": "everybody", "description": "", "identifiers": ["all"]}],
            "limits": [{"name": "pass", "description": "", "type": "pass-fail", "data": {"pass": True}}],
            "applications": [{"classifier": "everybody", "apply": [{"require": "all", "limits": ["pass"]}]}]} | changes


def one_limit(kind: str, **data) -> dict:
    return document(limits=[{"name": "pass", "description": "", "type": kind, "data": data}])


class ListServer(ThreadingHTTPServer):
    """Serves `text` at every path; None: it answers 503."""

    def __init__(self, text: str | None):
        self.text, self.requests = text, 0
        super().__init__(("127.0.0.1", 0), ListHandler)
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server_port}/list"


class ListHandler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.requests += 1
        self.send_response(503 if self.server.text is None else 200)
        self.end_headers()
        self.wfile.write((self.server.text or "").encode())

    def log_message(self, *_) -> None:
        pass


class Documents(LimitsTest):
    """Limit documents of pScheduler."""

    def policy(self, content: dict | str, **settings) -> Path:
        path = self.root / "limits.conf"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        self.limit({"policy": {"type": "pscheduler", "file": str(path)} | settings})
        return path

    def refresh(self) -> str:
        process = subprocess.run([BIN / "meshprobe-refresh", "--root", self.root], capture_output=True, text=True)
        self.assertEqual(process.returncode, SUCCESS, process.stderr)
        return process.stderr

    def test_a_test_type_is_judged_once_for_each_series(self) -> None:
        self.simulate()
        self.policy(one_limit("test-type", types=["trace"]))
        requests = self.requests_of(self.good_run)
        self.assertIn("packet-trace", {event_type for _, event_type, _ in self.points()})
        self.assertNotIn("throughput", {event_type for _, event_type, _ in self.points()})
        self.assertFalse([target for target in requests if "/throughput/" in target])
        self.assertRegex(self.result["limits"], r"^policy: \d+ series left out$")

    def test_runs_are_judged_by_the_time_of_each_result(self) -> None:
        self.simulate()
        hour = int(time.time()) // HOUR % 24
        wanted = [(hour - back) % 24 for back in (2, 3, 4)]
        self.policy(one_limit("run-schedule", hour=wanted))
        self.good_run()
        self.assertRegex(self.result["limits"], r"^policy: \d+ dropped$")
        hours = {ts // HOUR % 24 for _, _, ts in self.points()}
        self.assertEqual(hours, set(wanted))

    def test_scripts_see_the_task(self) -> None:
        self.simulate()
        self.policy(one_limit("jq", script='.test.spec.dest | endswith("1.example.net")'), action="flag")
        self.good_run()
        for message in self.messages():
            good = message["meta"]["input_destination"].endswith("1.example.net")
            self.assertEqual(message["meta"].get("limits"), None if good else ["policy"])
        self.assert_collected(-DAY + MINUTE, -MINUTE)

    def test_lists_are_fetched_by_refresh_and_their_last_good_copy_stays(self) -> None:
        self.simulate()
        server = ListServer("# everywhere\n0.0.0.0/0\n::/0\n")
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)

        def listed(fail_state: bool, update: str = "PT0S") -> dict:
            return document(identifiers=[{"name": "all", "description": "", "type": "ip-cidr-list-url",
                                          "data": {"source": server.url, "update": update, "retry": "PT0S",
                                                   "fail-state": fail_state}}])

        self.policy(listed(False))
        self.good_run()
        self.assertEqual(self.points(), [])  # no copy, no identification
        self.assertIn("fetched", self.refresh())
        self.assertEqual(server.requests, 1)
        server.text = None
        self.assertIn("its last good copy stays in force", self.refresh())
        self.assertNotIn("copy", self.refresh())  # told once
        self.good_run()
        self.assertGreater(len(self.points()), 0)
        self.assertEqual(server.requests, 3)
        self.policy(listed(False, "P1D"))
        server.text = "192.0.2.0/24"
        self.refresh()
        self.refresh()
        self.assertEqual(server.requests, 4)  # once more, because the last try had failed; then it is fresh
        self.policy(document())
        self.refresh()
        self.assertEqual(list((self.root / "var/lib/meshprobe/mesh/lists").iterdir()), [])

    def test_a_document_may_be_at_a_url(self) -> None:
        self.simulate()
        server = ListServer(json.dumps(one_limit("test-type", types=["trace"])))
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.policy(server.url + "\n")
        run = self.good_run(78)
        self.assertIn("no copy yet: start meshprobe-refresh.service", run.text)
        self.refresh()
        self.forget_results()
        self.good_run()
        self.assertIn("packet-trace", {event_type for _, event_type, _ in self.points()})

    def test_a_document_with_faults_collects_nothing_and_says_where_they_are(self) -> None:
        self.simulate()
        path = self.policy(one_limit("test-tpye"))
        run = self.good_run(78)
        self.assertIn(f"{path}: /limits/0/type: there is no type", run.text)
        check = subprocess.run([CTL, "--root", self.root, "limits", "check"], capture_output=True, text=True)
        self.assertEqual(check.returncode, 1, check.stderr)
        self.assertIn("/limits/0/type", check.stdout)

    def check(self) -> subprocess.CompletedProcess:
        return subprocess.run([CTL, "--root", self.root, "check"], capture_output=True, text=True)

    def test_check_opens_documents_and_agrees_with_the_probe(self) -> None:
        self.simulate()
        lines = json.dumps(one_limit("test-type", types=["trace"]), indent=2)
        path = self.policy(lines.replace('"test-type"', '"test-tpye"'))
        line = 1 + lines[:lines.index('"test-type"')].count("\n")
        told = self.check()
        self.assertEqual(told.returncode, 1)
        self.assertRegex(told.stdout, rf"^{path}:{line}:15: /limits/0/type: there is no type .*\[task default collects nothing\]")
        self.assertIn("/limits/0/type: there is no type", self.good_run(78).text)

        self.forget_results()
        self.policy(lines[:-3])
        self.assertRegex(self.check().stdout, rf"^{path}:\d+:\d+: /: .*ends early")
        path.unlink()
        told = self.check()
        self.assertEqual(told.returncode, 1)
        self.assertRegex(told.stdout, rf"meshprobe.yaml:1:\d+: limits.policy.file: .*{path}.*\[task default collects nothing\]")
        self.good_run(78)

        self.policy(lines)
        self.assertEqual((self.check().returncode, self.check().stdout), (0, "No problems found.\n"))

    def test_a_script_that_does_not_compile_drops_nothing(self) -> None:
        self.simulate(until=int(time.time()) - MINUTE)
        path = self.policy(one_limit("jq", script=".test.type =="))
        told = self.check()
        self.assertEqual(told.returncode, 1)
        self.assertRegex(told.stdout, rf"^{path}:1:\d+: /limits/0/data/script: ")
        run = self.good_run(PARTIAL)
        self.assertIn(f"{path}: /limits/0/data/script", run.text)
        self.assertEqual(self.points(), [])
        self.policy(one_limit("jq", script='.test.type != ""'))
        self.good_run()
        self.assert_collected(-DAY + MINUTE, -MINUTE)

    def assert_good_again(self, good: dict) -> None:
        """Nothing was dropped: the document mended, or the machine, all of it arrives."""
        self.forget_results()
        self.policy(good)
        self.good_run()
        self.assert_collected(-DAY + MINUTE, -MINUTE)

    def test_a_regular_expression_that_is_none_drops_nothing(self) -> None:
        self.simulate(until=int(time.time()) - MINUTE)

        def hint(expression: str) -> dict:
            match = {"style": "regex", "match": expression}
            return document(identifiers=[{"name": "all", "description": "", "type": "hint",
                                          "data": {"hint": "requester", "match": match}}])

        path = self.policy(hint(".(1|2"))
        told = self.check()
        self.assertEqual(told.returncode, 1)
        self.assertRegex(told.stdout, rf"^{path}:1:\d+: /identifiers/0/data/match/match: .* unmatched parenthesis")
        run = self.good_run(PARTIAL)
        self.assertIn(f"{path}: /identifiers/0/data/match/match", run.text)
        self.assertEqual(self.points(), [])
        self.assert_good_again(hint("."))

    def test_a_jq_that_does_not_work_is_no_answer(self) -> None:
        self.simulate(until=int(time.time()) - MINUTE)
        policy = one_limit("jq", script='.run_schedule.duration != "never"')
        programs = self.root / "bin"
        for helper in ("exit 1", "kill -KILL $$", "sleep 3; exit 1"):
            with self.subTest(helper):
                shutil.rmtree(self.root / "var", ignore_errors=True)
                shutil.rmtree(programs, ignore_errors=True)
                programs.mkdir(parents=True)
                shutil.copy(PROBE, programs)
                (programs / "meshprobe-jq").write_text(f"#!/bin/sh\n{helper}\n")
                (programs / "meshprobe-jq").chmod(0o755)
                self.policy(policy)
                broken = Run(subprocess.Popen([programs / PROBE.name, "--root", self.root, self.endpoint],
                                              stderr=subprocess.PIPE, text=True))
                self.assertEqual(broken.code, PARTIAL, broken.text)
                self.assertIn("jq does not start", self.result["message"])
                self.assertEqual((self.points(), self.result["dropped"]), ([], 0))
                self.assert_good_again(policy)

    def test_an_input_out_of_bounds_harms_itself_only(self) -> None:
        self.simulate(until=int(time.time()) - MINUTE)
        bad = "2"
        self.policy(one_limit("jq", script=f'if .test.spec.dest | endswith("{bad}.example.net") then null | .[1000000000] = 1 else true end'))
        self.good_run()
        self.assertRegex(self.result["limits"], r"^policy: \d+ series left out$")
        ends = {message["meta"]["input_destination"] for message in self.messages()}
        self.assertTrue(ends)
        self.assertFalse([end for end in ends if end.endswith(f"{bad}.example.net")])

    def test_check_compiles_transforms(self) -> None:
        self.simulate(until=int(time.time()) - 2 * HOUR)
        broker = {"archiver": "rabbitmq", "url": "amqp://127.0.0.1:1/", "exchange": "x", "transform": "bad"}
        settings = {"archives": {"mq": broker}, "transforms": {"bad": {"script": ".meta |"}, "odd": {"script": "("}}}
        self.limit({}, archives=["local", "mq"])
        path = self.root / "etc/meshprobe/meshprobe.yaml"
        path.write_text(json.dumps(json.loads(path.read_text()) | settings, indent=1))
        line = 1 + next(number for number, text in enumerate(path.read_text().splitlines()) if '".meta |"' in text)
        told = self.check()
        self.assertEqual(told.returncode, 1)
        self.assertRegex(told.stdout, rf"{path}:{line}:14: transforms.bad.script: .*syntax error.*\[nothing is sent to archive mq, and what is missing")
        self.assertRegex(told.stdout, r"transforms.odd.script: .*\[no archive uses it\]")
        self.good_run()
        self.assertEqual(list((self.root / "var/lib/meshprobe/spool/mq/q").iterdir()), [])
        self.assertNotEqual(self.points(), [])
        gaps = subprocess.run([CTL, "--root", self.root, "gaps", "--json"], capture_output=True, text=True).stdout
        self.assertIn("transform bad", gaps)

    def test_check_and_try(self) -> None:
        path = self.root / "limits.conf"

        def ctl(*arguments) -> subprocess.CompletedProcess:
            return subprocess.run([CTL, "--root", self.root, "limits", *arguments], capture_output=True, text=True)

        path.write_text(json.dumps(document()))
        self.assertEqual(ctl("check", path).returncode, 0)
        path.write_text(json.dumps(one_limit("jq", script=".test.type ==")))
        check = ctl("check", "--json", path)
        self.assertEqual(check.returncode, 1)
        self.assertEqual(json.loads(check.stdout)[0]["problems"][0]["path"], "/limits/0/data/script")
        self.assertEqual(ctl("check", self.root / "absent").returncode, 2)
        for kind in ({"limits": [{"name": "pass", "description": "", "type": "jq", "data": {"script": "("}}]},
                     {"identifiers": [{"name": "all", "description": "", "type": "jq", "data": {"script": "("}}]},
                     {"rewrite": {"script": "("}}, {"priority": {"script": "("}}):
            path.write_text(json.dumps(document(**kind)))
            told = ctl("try", path, "--task", "{}", "--hints", "{}")
            self.assertEqual((told.returncode, told.stdout), (2, ""), kind)
            self.assertIn("/script: ", told.stderr)
        odd = self.root / "odd.conf"
        odd.write_text(json.dumps(document() | {"limits": [document()["limits"][0] | {"owner": "noc"}]}))
        told = ctl("check", self.root / "absent", path, odd)
        self.assertEqual(told.returncode, 2)
        self.assertIn("absent", told.stderr)
        self.assertIn(f"{path}: /priority/script: ", told.stdout)
        self.assertIn(f"{odd}: /limits/0: note: has an unknown member \"owner\"\n{odd}: OK", told.stdout)
        odd.write_text("http://127.0.0.1:1/limits.conf\n")
        for told in (ctl("check", odd), ctl("try", odd, "--task", "{}", "--hints", "{}")):
            self.assertEqual(told.returncode, 2)
            self.assertIn("is at http://127.0.0.1:1/limits.conf, of which there is no copy yet", told.stderr)

        path.write_text(json.dumps(one_limit("test-type", types=["rtt"])))
        task = self.root / "task.json"
        task.write_text('{"test": {"type": "rtt", "spec": {}}, "#": "a comment"}')
        hints = '{"requester": "192.0.2.1"}'
        for argument in (task, f"@{task}", task.read_text()):
            answer = ctl("try", path, "--task", argument, "--hints", hints)
            self.assertEqual(answer.returncode, 0, answer.stderr)
            self.assertEqual(list(json.loads(answer.stdout)), ["passed", "diags", "priority", "task"])
        answer = ctl("try", path, "--task", '{"test": {"type": "trace"}}', "--hints", hints)
        self.assertEqual((answer.returncode, json.loads(answer.stdout)["passed"]), (1, False))
        self.assertEqual(ctl("try", path, "--task", "[]", "--hints", hints).returncode, 2)
        self.assertEqual(ctl("try", path, "--hints", hints).returncode, 2)
        self.assertEqual(ctl("try", self.root / "absent", "--task", "{}", "--hints", "{}").returncode, 2)
        self.assertEqual(ctl("tyr").returncode, 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
