#!/usr/bin/python3
"""The faces of the simulated hosts that are no archives: they show the runs that the archive shows, each in its way."""
import json
import subprocess
import sys
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime
from pathlib import Path

import esmond_mapping
from data_model import HostData
from expect import Found, Point, canonical, compare, expected
from opensearch_documents import SearchDocuments
from pscheduler_documents import Documents, iso_duration
from pscheduler_runs import Run, runs_of
from pushed import documents
from simulator import Simulator
from simulator_test import OPENER, ROOT, get

SINCE = 1_700_000_000
PAIRS = [{"test": "latencybg"}, {"test": "rtt"}, {"test": "trace"}, {"test": "throughput"},
         {"test": "throughput", "udp": True}, {"test": "throughput", "parallel": 3}, {"test": "rtt", "ip-version": 6}]


def merged_runs(data: HostData, entry, number: int = 1 << 30) -> list[Run]:
    """The first of those that finished and of those that failed."""
    runs = [Run(data, entry, ts) for ts in data.runs(entry, SINCE, SINCE + 20000)]
    return [run for outcome in ("done", "failed") for run in [run for run in runs if run.outcome == outcome][:number]]


def shown_by_archive(data: HostData, run: Run) -> dict[str, object]:
    """What the host's own archive has for the run."""
    found = {event_type: data.points(run.entry, event_type, run.start, run.start, 1 << 40) for event_type in data.event_types(run.entry)}
    return {event_type: json.loads(points[run.start]) for event_type, points in found.items() if points}


def moment(text: str) -> int:
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())


class Mapped(unittest.TestCase):
    """The results of pScheduler, mapped as its esmond archiver does, are the points of the archive."""

    def setUp(self):
        self.data = HostData(name="a", interval=20, since=SINCE, failed=0.1, pairs=PAIRS)

    def test_results_are_the_points_of_esmond(self):
        writer = Documents(self.data)
        for entry in self.data.documents:
            runs = merged_runs(self.data, entry, 3)
            self.assertEqual([run.outcome for run in runs], ["done"] * 3 + ["failed"] * 3)
            for run in runs:
                document = json.loads(json.dumps(writer.archived(run)))
                mapped = esmond_mapping.points(document["test"], document["result"])
                mapped["pscheduler-run-href"] = {"href": document["run"]["href"]}
                self.assertEqual(moment(document["schedule"]["start"]), run.start)
                self.assertEqual(canonical(mapped), canonical(shown_by_archive(self.data, run)), document["result"])

    def test_hops_are_equal_to_the_last_digit(self):
        run = merged_runs(self.data, self.data.documents[2], 1)[0]
        mapped = esmond_mapping.points({"type": "trace", "spec": {}}, Documents(self.data).result(run))
        self.assertEqual(mapped["packet-trace"], shown_by_archive(self.data, run)["packet-trace"])

    def test_histograms_hold_the_packets_that_arrived(self):
        for run in merged_runs(self.data, self.data.documents[0], 20)[:20]:
            result = Documents(self.data).result(run)
            self.assertEqual(sum(result["histogram-latency"].values()), result["packets-received"])
            self.assertEqual(sum(result["histogram-ttl"].values()), result["packets-received"])

    def test_search_documents_hold_the_same_numbers(self):
        for entry in self.data.documents:
            for run in merged_runs(self.data, entry, 3):
                document, archive = SearchDocuments(self.data).document(run), shown_by_archive(self.data, run)
                result = document["result"]
                if run.outcome == "failed":
                    self.assertFalse(result["succeeded"])
                    self.assertEqual(archive["failures"]["error"], result.get("error", esmond_mapping.UNSPECIFIED))
                    continue
                pairs = {"throughput": "throughput", "packet-retransmits": "retransmits", "path-mtu": "mtu", "time-error-estimates": "max_clock_error"}
                checked = [self.assertEqual(result[member], archive[event_type]) for event_type, member in pairs.items() if event_type in archive]
                for name in ("packet-loss-rate", "packet-loss-rate-bidir"):
                    if name in archive and "packets" in result:
                        checked.append(self.assertEqual(result["packets"]["loss"], archive[name]))
                if entry.test == "latencybg":
                    histogram = result["latency"]["histogram"]
                    self.assertEqual(dict(zip(histogram["values"], histogram["counts"])), canonical(archive["histogram-owdelay"]))
                self.assertTrue(checked)
                self.assertEqual(document["pscheduler"]["test_checksum"][:32], entry.key)

    def test_durations(self):
        for seconds, text in ((0, "P0D"), (86402, "P1DT2S"), (604800, "P1W"), (9 * 86400, "P1W2D"), (90, "PT1M30S"), (3600, "PT1H")):
            self.assertEqual(iso_duration(seconds), text)


class Served(unittest.TestCase):
    """A host with all faces, a minute between the runs."""

    @classmethod
    def setUpClass(cls):
        host = {"name": "127.0.0.2", "address": "127.0.0.2", "http": 0, "interval": 60, "failed": 0.1, "missing": 0.1, "pairs": PAIRS, "keep_runs_tasks": 7200,
                "faces": ["esmond", "pscheduler", "opensearch"], "utc_offset": -4 * 3600}
        cls.peers = Simulator({"hosts": [host], "history": 30000})
        cls.addClassCleanup(cls.peers.__exit__)
        cls.data = HostData(**{"since": cls.peers.config()["hosts"][0]["since"]} | {k: host[k] for k in
                               ("name", "interval", "failed", "missing", "pairs", "keep_runs_tasks", "faces", "utc_offset")})

    def setUp(self):
        self.now = int(time.time())

    def url(self, path: str, scheme: str = "https") -> str:
        return f"{scheme}://127.0.0.2:{self.peers.hosts['127.0.0.2'][scheme]}{path}"


class Scheduler(Served):
    def get(self, path: str, **query: str):
        return get(self.url(f"/pscheduler{path}?{urllib.parse.urlencode(query)}"))

    def runs(self, index: int, **query: str) -> list[dict]:
        return [get(href)[1] for href in self.get(f"/tasks/{self.data.documents[index].task}/runs", **query)[1]]

    def test_tasks(self):
        hrefs = self.get("/tasks")[1]
        self.assertEqual([href.rsplit("/", 1)[1] for href in hrefs], [entry.task for entry in self.data.documents])
        self.assertTrue(hrefs[0].startswith(self.url("/pscheduler/tasks/")), "as the request named the host")
        tasks = self.get("/tasks", expanded="", detail="", json='{"test":{"type":"rtt"},"detail":{"enabled":true}}')[1]
        self.assertEqual([task["test"]["type"] for task in tasks], ["rtt", "rtt"])
        self.assertEqual(self.get("/tasks", json='{"detail":{"enabled":false}}')[1], [])
        self.assertEqual(self.get("/tasks", json='{"test":')[0], 400)
        latency = get(hrefs[0] + "?detail")[1]
        self.assertEqual((latency["detail"]["multi-result"], latency["detail"]["duration"]), (True, "P1DT2S"))
        self.assertNotIn("detail", get(hrefs[0])[1])

    def test_keys(self):
        href, key = self.get("/tasks")[1][3], Documents(self.data).key(self.data.documents[3])
        self.assertIsNone(get(href)[1]["_key"])
        self.assertEqual(get(f"{href}?key={key}")[1]["_key"], key)
        self.assertEqual(get(f"{href}?key=wrong")[0], 403)

    def test_a_run_and_its_result(self):
        finished = [run for run in self.runs(1) if run["state"] == "finished"]
        run = finished[len(finished) // 2]  # the oldest one may be forgotten before it is asked for
        start = moment(run["start-time"])
        expected_points = shown_by_archive(self.data, Run(self.data, self.data.documents[1], start))
        mapped = esmond_mapping.points({"type": "rtt", "spec": {}}, get(run["result-href"])[1])
        self.assertEqual(canonical(mapped), canonical({k: v for k, v in expected_points.items() if k != "pscheduler-run-href"}))
        self.assertEqual(run["result-full"][0]["result"], run["result-merged"])
        self.assertTrue(run["start-time"].endswith("-04:00"))

    def test_states(self):
        runs = self.runs(2)
        states = {run["state"] for run in runs}
        self.assertLessEqual({"finished", "failed", "pending"}, states)
        self.assertTrue(states & {"nonstart", "missed", "overdue", "preempted"})
        for run in runs:
            merged = run["result-merged"]
            self.assertEqual(merged is not None and merged["succeeded"], run["state"] == "finished")
            if run["state"] == "failed":
                self.assertTrue(run["errors"])
                self.assertIn("clock-survey", run)
            if run["state"] in ("failed", "nonstart", "missed", "overdue", "preempted") and merged is None:  # others may end meanwhile
                self.assertEqual(get(run["result-href"])[0], 404)

    def test_unmerged_until_it_arrives(self):
        data = HostData(name="a", since=SINCE, tests=["rtt"], entries=1, late=1.0, missing=0.0)
        entry = data.documents[0]
        run = Run(data, entry, data.runs(entry, SINCE, SINCE + 9000)[3])
        arrival = data.arrival(entry, run.start)
        self.assertEqual([run.state(at) for at in (run.start - 60, run.start - 1, run.start, run.end)], ["pending", "on-deck", "running", "cleanup"])
        self.assertIsNone(Documents(data).run(run, "", arrival - 1)["result-merged"])
        self.assertIsNotNone(Documents(data).run(run, "", arrival)["result-merged"])

    def test_background_results(self):
        runs = self.runs(0)
        containers = [run for run in runs if run["duration"] == "P1DT2S"]
        results = [run for run in runs if run["duration"] == "P0D"]
        self.assertEqual(len(containers) + len(results), len(runs))
        self.assertEqual({run["result-merged"] for run in containers}, {None})
        self.assertEqual([run["state"] for run in containers if run["state"] != "pending"], ["running"])
        self.assertTrue(all(run["state"] == "finished" and run["start-time"] == run["end-time"] and run["result-full"] is None for run in results))
        self.assertEqual({run["result-merged"]["succeeded"] for run in results}, {True, False}, "failed intervals are finished runs")

    def test_schedule(self):
        window = self.now - 1800, self.now - 600

        def there() -> set[str]:
            return {run.id for entry in self.data.documents for run in runs_of(self.data, entry, *window, int(time.time()))
                    if run.start < window[1] and max(run.end, run.start + 1) > window[0]}

        before = there()
        listed = self.get("/schedule", start=datetime.fromtimestamp(window[0]).astimezone().isoformat(), end=f"{datetime.utcfromtimestamp(window[1])}Z")[1]
        found = {each["href"].rsplit("/", 1)[1] for each in listed}
        self.assertGreater(len(found), 100)
        self.assertLessEqual(before, found)
        self.assertLessEqual(found, there(), "late ones may have come meanwhile")
        self.assertEqual(listed[0]["task"]["href"], listed[0]["href"].rsplit("/runs/", 1)[0])
        one = self.get("/schedule", start=f"{datetime.utcfromtimestamp(window[0])}Z", task=self.data.documents[1].task)[1]
        self.assertEqual({each["test"]["type"] for each in one}, {"rtt"})
        self.assertEqual(self.get("/schedule", start="yesterday")[0], 400)

    def test_selecting_runs(self):
        start = datetime.fromtimestamp(self.now - 900).astimezone().isoformat()
        runs = self.runs(1, start=start, limit="5")
        self.assertEqual(len(runs), 5)
        starts = [moment(run["start-time"]) for run in runs]
        self.assertEqual(starts, sorted(starts))
        self.assertTrue(0 <= starts[0] - (self.now - 900) < 60)
        task = f"/tasks/{self.data.documents[1].task}"
        upcoming = self.runs(1, upcoming="", limit="4")
        self.assertTrue(len(upcoming) == 4 and all(moment(run["end-time"]) >= self.now for run in upcoming))
        oldest = moment(self.get(f"{task}/runs/first")[1]["start-time"])
        self.assertTrue(-70 < oldest - (self.now - 7200) < 300, "older ones are forgotten")
        self.assertGreaterEqual(moment(self.get(f"{task}/runs/next")[1]["end-time"]), self.now)
        self.assertEqual(self.get("/tasks/00000000-0000-4000-8000-000000000000/runs")[1], [])

    def test_refusals(self):
        status, text, headers = self.get("/tasks/00000000-0000-4000-8000-000000000000")
        self.assertEqual((status, headers["Content-Type"][:10], text), (404, "text/plain", b"Task not found\n"))
        self.assertEqual(self.get(f"/tasks/{self.data.documents[1].task}/runs/00000000-0000-4000-8000-000000000000")[0], 404)
        self.assertEqual(get(self.url("/pscheduler/tasks", "http"))[0], 403)
        self.assertEqual((self.get("/api")[1], self.get("/hostname")[1]), (6, "127.0.0.2"))

    def test_paths_are_counted_by_kind(self):
        self.peers.reset_counts()
        self.runs(1, limit="7", start=datetime.fromtimestamp(self.now - 900).astimezone().isoformat())
        self.assertEqual(self.peers.counts("127.0.0.2")["paths"], {"/pscheduler/tasks/*/runs": 1, "/pscheduler/tasks/*/runs/*": 7})


class Search(Served):
    def search(self, body: object, index: str = "pscheduler*", path: str = "_search"):
        request = urllib.request.Request(self.url(f"/opensearch/{index}/{path}"), json.dumps(body).encode(), {"Content-Type": "application/json"})
        try:
            answer = OPENER.open(request, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        return answer.status, json.load(answer)

    def hits(self, body: object, index: str = "pscheduler*") -> list[dict]:
        status, answer = self.search(body, index)
        self.assertEqual(status, 200, answer)
        return answer["hits"]["hits"]

    def test_paging_finds_each_document_once(self):
        bounds = {"gte": (self.now - 9000) * 1000, "lt": (self.now - 1000) * 1000}
        body = {"size": 100, "sort": [{"@timestamp": "asc"}, {"pscheduler.run_id.keyword": {"order": "asc"}}], "track_total_hits": True,
                "query": {"bool": {"filter": [{"range": {"@timestamp": bounds}}]}}}
        total, found = self.search(body)[1]["hits"]["total"], []
        while page := self.hits(body):
            found += page
            body["search_after"] = page[-1]["sort"]
        want = sum(1 for entry in self.data.documents for ts in self.data.runs(entry, self.now - 12000, self.now)
                   if self.data.outcome(entry, ts) != "missing" and self.now - 9000 <= self.data.arrival(entry, ts) < self.now - 1000)
        self.assertEqual((len(found), len({hit["_id"] for hit in found}), total), (want, want, {"value": want, "relation": "eq"}))
        self.assertEqual([hit["sort"] for hit in found], sorted(hit["sort"] for hit in found))

    def test_queries(self):
        entry = self.data.documents[1]
        recent = {"range": {"@timestamp": {"gte": "now-30m"}}}

        def types(*filters: dict, **clauses: object) -> list[str]:
            hits = self.hits({"size": 1000, "query": {"bool": {"filter": [recent, *filters]} | clauses}})
            return sorted({hit["_source"]["test"]["type"] for hit in hits})

        self.assertEqual(types(), ["latencybg", "rtt", "throughput", "trace"])
        self.assertEqual(types({"term": {"test.type": "rtt"}}), ["rtt"])
        self.assertEqual(types({"terms": {"test.type.keyword": ["rtt", "trace"]}}), ["rtt", "trace"])
        self.assertEqual(types({"term": {"pscheduler.test_checksum.keyword": {"value": entry.checksum}}}), ["rtt"])
        self.assertEqual(types({"term": {"meta.source.ip": entry.source}}), ["rtt"])
        self.assertEqual(types({"term": {"result.succeeded": True}}, must_not=[{"term": {"test.type": "rtt"}}]), ["latencybg", "throughput", "trace"])
        self.assertEqual(types({"range": {"result.throughput": {"gt": 0}}}), ["throughput"])
        self.assertEqual(types({"exists": {"field": "result.hop.count"}}), ["trace"])
        self.assertEqual(types({"term": {"pscheduler.run_href": self.data.href(entry, "x")}}), [], "text is searched by its words")
        self.assertEqual({hit["_index"] for hit in self.hits({"query": {"match_all": {}}}, "pscheduler_rtt")}, {".ds-pscheduler_rtt-000001"})

    def test_source(self):
        hit = self.hits({"size": 1, "_source": ["pscheduler.run_*", "result.packets"]}, "pscheduler_rtt")[0]["_source"]
        self.assertEqual({name: set(value) for name, value in hit.items()} | {"result": set(hit.get("result", {}))},
                         {"pscheduler": {"run_id", "run_href"}, "result": set(hit.get("result", {}))})
        self.assertNotIn("_source", self.hits({"size": 1, "_source": False})[0])
        self.assertNotIn("result", self.hits({"size": 1, "_source": {"excludes": ["result"]}})[0]["_source"])

    def test_refusals(self):
        for body, kind in (({"size": 10001}, "search_phase_execution_exception"), ({"query": {"fuzzy": {"a": "b"}}}, "parsing_exception"),
                           ({"sort": ["pscheduler.run_id"]}, "search_phase_execution_exception"), ({"aggs": {}}, "parsing_exception"),
                           ({"sort": ["no.such.field"]}, "search_phase_execution_exception"), ({"search_after": [1]}, "search_phase_execution_exception"),
                           ({"query": {"range": {"@timestamp": {"gte": "soon"}}}}, "search_phase_execution_exception")):
            status, answer = self.search(body)
            self.assertEqual((status, answer["status"], answer["error"]["type"]), (400, 400, kind), body)
            self.assertTrue(answer["error"]["root_cause"][0]["reason"])
        self.assertEqual(self.search({}, "secret")[0], 403)
        self.assertEqual(self.search({}, "pscheduler_nothing")[0], 404)
        self.assertEqual(self.search({}, "pscheduler_nothing*")[1]["hits"]["total"]["value"], 0)
        status, _, headers = get(self.url("/opensearch/pscheduler/_search", "http"))
        self.assertEqual((status, headers["Content-Type"][:9]), (403, "text/html"))
        self.assertEqual(get(self.url("/opensearch/pscheduler/_search?size=3"))[1]["hits"]["hits"].__len__(), 3)


class Pushed(unittest.TestCase):
    SPEC = {"name": "a", "since": SINCE, "interval": 60, "late": 0.2, "failed": 0.1}

    def test_one_document_a_run(self):
        data = HostData(**self.SPEC)
        found = list(documents(data, SINCE, SINCE + 6000, SINCE + 9000))
        merged = [run for entry in data.documents for run in merged_runs(data, entry) if run.start <= SINCE + 6000]
        self.assertEqual(sorted(each["id"] for each in found), sorted(run.id for run in merged))
        states = {each["run"]["state"] for each in found}
        self.assertEqual(states, {"finished", "failed"})
        succeeded = list(documents(data, SINCE, SINCE + 6000, SINCE + 9000, "succeeded"))
        self.assertTrue(0 < len(succeeded) < len(found))
        self.assertIn(False, {each["result"]["succeeded"] for each in succeeded}, "failed intervals of finished background runs")
        self.assertLess(len(list(documents(data, SINCE, SINCE + 6000, SINCE + 6000))), len(found), "late ones come later")

    def test_lines(self):
        program = Path(__file__).parent / "pushed.py"
        arguments = ["--host-spec", json.dumps(self.SPEC), "--since", str(SINCE), "--until", str(SINCE + 3000), "--repeat", "0.5"]
        lines = subprocess.run([sys.executable, program, *arguments], check=True, capture_output=True, text=True).stdout.splitlines()
        different = len(set(lines))
        self.assertEqual(len(lines), different + different // 2)
        self.assertEqual(set(json.loads(lines[0])), {"id", "schedule", "test", "tool", "participants", "result", "reference", "run", "task"})


class Switches(unittest.TestCase):
    def test_faces_come_and_go(self):
        with Simulator({"hosts": [{"name": "127.0.0.2", "address": "127.0.0.2"}], "history": 3000}) as peers:
            def statuses() -> list[int]:
                base = f"https://127.0.0.2:{peers.hosts['127.0.0.2']['https']}"
                return [get(base + path)[0] for path in (f"{ROOT}/", "/pscheduler/tasks", "/opensearch/pscheduler/_search")]

            self.assertEqual(statuses(), [200, 404, 404])
            peers.change("127.0.0.2", faces=["esmond", "pscheduler", "opensearch"])
            self.assertEqual(statuses(), [200, 200, 200])
            peers.change("127.0.0.2", faces=["opensearch"])
            self.assertEqual(statuses(), [404, 404, 200])
            with self.assertRaises(urllib.error.HTTPError):
                peers.change("127.0.0.2", faces=["elmond"])
            self.assertEqual(peers.config()["hosts"][0]["faces"], ["opensearch"])


class Delivered(unittest.TestCase):
    """expect.py on what was collected through other faces."""

    def judge(self, data: HostData, found: list[Found]):
        return compare(found, [(data, {"a"})], SINCE, SINCE + 6000, SINCE + 6000)

    def collected(self, data: HostData, key) -> list[Found]:
        return [Found("a", Point(key(run.entry), event_type, run.start), value)
                for entry in data.documents for run in merged_runs(data, entry) if data.arrival(entry, run.start) <= SINCE + 6000
                for event_type, value in esmond_mapping.points(Documents.test(entry), Documents(data).result(run)).items()]

    def test_mapped_results_are_what_must_arrive(self):
        for flavour in ("esmond", "elmond"):
            data = HostData(name="a", flavour=flavour, interval=60, since=SINCE, faces=["pscheduler"])
            for key in (lambda entry: entry.task, lambda entry: entry.checksum, lambda entry: entry.key):
                found = self.collected(data, key)
                verdict = self.judge(data, found)
                self.assertTrue(verdict.good(once=True) and verdict.must > 500, verdict.text())
            self.assertEqual(len(self.judge(data, [each for each in found if each.point.event_type != "throughput"]).missing),
                             sum(each.point.event_type == "throughput" for each in found))
            wrong = [each._replace(value=17) if each.point.event_type == "packet-trace" else each for each in found]
            self.assertTrue(self.judge(data, wrong).unexpected)

    def test_an_archive_is_compared_to_the_letter(self):
        data = HostData(name="a", interval=60, since=SINCE)
        self.assertFalse(self.judge(data, self.collected(data, lambda entry: entry.key)).good(), "its subintervals hold numbers as text")

    def test_what_is_forgotten_need_not_arrive(self):
        data = HostData(name="a", interval=60, since=SINCE, faces=["pscheduler"], keep_runs_tasks=3000)
        self.assertGreaterEqual(min(point.ts for point in expected(data, SINCE, SINCE + 6000, SINCE + 6000)), SINCE + 3000)


if __name__ == "__main__":
    unittest.main(verbosity=2)
