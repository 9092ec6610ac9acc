#!/usr/bin/python3
"""meshprobe-archive over HTTP: into the nginx of the distribution, into simulated OpenSearch and esmond archives."""
import json
import signal
import subprocess
import sys
import time
import unittest
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import nginx  # noqa: E402
from bulk_api import BulkApi  # noqa: E402
from esmond_sink import ROOT as ESMOND_ROOT  # noqa: E402
from esmond_sink import EsmondSink  # noqa: E402
from hand import BUILD, FAILURE, LEFT_OVER, SKIPPED, SUCCESS, UNREACHABLE, UNTRUSTED, Root, Run  # noqa: E402
from proxy import Proxy  # noqa: E402
from rabbitmq import free_ports  # noqa: E402
from sink import Sink, status  # noqa: E402

CREDENTIALS = 77
SECRETS = ("p@ss/word", "p%40ss", "t0ken")


def eventually(condition, seconds: float = 120, what: str = "") -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"did not happen within {seconds} s: {what}")
        time.sleep(0.02)


class Case(unittest.TestCase):
    archiver = "http"
    format = "raw"

    def setUp(self) -> None:
        self.root = Root()
        self.addCleanup(self.root.__exit__)
        self.filled = 0

    def configure(self, url: str, **keys: object) -> None:
        archive = {"archiver": self.archiver, "url": url} | {name.replace("_", "-"): value for name, value in keys.items()}
        self.root.configure(json.dumps({"archives": {"far": archive}}))

    def credential(self, name: str, text: str) -> None:
        path = self.root.path / "etc/meshprobe/credentials/archive" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def fill(self, segments: int = 4, messages: int = 9, **options: object) -> set[str]:
        """The ids of what is now to be delivered in addition."""
        words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]
        subprocess.run([BUILD / "tests/bin/fill-spool", str(self.root.path), "far", "--segments", str(segments), "--messages", str(messages),
                        "--format", self.format, "--start", str(self.filled), *words], check=True, stdout=subprocess.DEVNULL)
        first, self.filled = self.filled, self.filled + segments
        return {f"run{segment:08}-{message}" for segment in range(first, self.filled) for message in range(messages)}

    def left(self, directory: str = "q") -> list[str]:
        return sorted(path.name for path in (self.root.path / "var/lib/meshprobe/spool/far" / directory).iterdir() if not path.name.startswith("."))

    def failed(self) -> dict[str, str]:
        """Ids of messages that were set aside, and why."""
        found = {}
        for path in (self.root.path / "var/lib/meshprobe/spool/far/failed").iterdir():
            if path.suffix != ".reason":
                why = path.with_name(path.name + ".reason").read_text()
                found |= {json.loads(line)["id"]: why for line in path.read_text().splitlines() if line.startswith('{"id"')}
        return found

    def drain(self, code: int = SUCCESS, says: str = "") -> Run:
        run = self.root.drain("far")
        self.assertEqual(run.status, code, run)
        self.assertIn(says, run.stderr)
        for secret in SECRETS:
            self.assertNotIn(secret, run.stderr)
        return run

    def start(self) -> subprocess.Popen:
        process = subprocess.Popen([BUILD / "bin/meshprobe-archive", "--root", str(self.root.path), "far"], stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: (process.kill(), process.wait()))
        return process

    def end(self, process: subprocess.Popen) -> None:
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), 0)

    def state(self) -> dict:
        path = self.root.path / "run/meshprobe/archives/far"
        return json.loads(path.read_text()) if path.exists() else {}

    def sink(self, answer) -> Sink:
        sink = Sink(answer)
        self.addCleanup(sink.stop)
        return sink


class WithNginx(Case):
    def setUp(self) -> None:
        if not nginx.PROGRAM:
            self.skipTest("there is no nginx here (package nginx)")
        super().setUp()
        self.nginx = nginx.Nginx()
        self.addCleanup(self.nginx.__exit__)

    def ids(self) -> Counter:
        return Counter(request["id"].strip('"') for request, _ in self.nginx.taken())


class Http(WithNginx):
    def test_a_message_each(self):
        self.configure(self.nginx.url())
        ids = self.fill()
        self.drain()
        self.assertEqual(self.ids(), Counter(ids))
        for request, body in self.nginx.taken():
            self.assertEqual((request["method"], request["type"]), ("POST", "application/json"))
            self.assertTrue(request["agent"].startswith("meshprobe/"))
            self.assertEqual(json.loads(body)["version"], 2)
        self.assertEqual(len({request["connection"] for request, _ in self.nginx.taken()}), 1)
        self.assertEqual((self.left(), self.failed()), ([], {}))
        self.assertEqual(self.state()["logins"], 1)

    def test_arrays_and_lines(self):
        self.configure(self.nginx.url(), body="array", batch=10, headers={"X-Extra": "of the site"})
        self.fill(segments=3, messages=9)
        self.drain()
        arrays = [json.loads(body) for _, body in self.nginx.taken()]
        self.assertEqual([len(each) for each in arrays], [10, 10, 7])
        self.assertEqual({request["extra"] for request, _ in self.nginx.taken()}, {"of the site"})

        self.configure(self.nginx.url(), body="ndjson")
        self.fill(segments=3, messages=9)
        self.drain()
        request, body = self.nginx.taken()[-1]
        self.assertEqual(request["type"], "application/x-ndjson")
        self.assertEqual(len([json.loads(line) for line in body.splitlines()]), 27)

    def test_lines_of_another_format(self):
        self.format = "lines"
        self.configure(self.nginx.url(), body="ndjson", format="lines")
        self.fill(segments=1, messages=6, points=1)
        self.drain()
        (request, body), = self.nginx.taken()
        self.assertEqual(request["type"], "text/plain; charset=utf-8")
        self.assertTrue(all("measurement_agent=" in line for line in body.splitlines()), body)

    def test_a_file_each(self):
        self.configure(self.nginx.url("/dav/{host}/{event-type}/{id}"), method="PUT")
        ids = self.fill()
        self.drain()
        files = self.nginx.files()
        self.assertEqual(set(files), ids)
        for path in (self.nginx.directory / "files/dav").rglob("run*"):
            meta = json.loads(path.read_text())["meta"]
            self.assertEqual(path.parts[-3:-1], ("ps0.example.org", meta["event-type"]))

    def test_login_and_token(self):
        ids = self.fill(segments=1)
        self.configure(self.nginx.url("/login", "collector@"), credential="secret")
        self.drain(CREDENTIALS, "secret")  # it is not there yet
        self.credential("secret", "wrong\n")
        self.drain(CREDENTIALS, "HTTP status 401")
        self.assertEqual((len(self.left()), self.failed()), (1, {}))
        self.credential("secret", "p@ss/word\n")
        self.drain()
        self.assertEqual(self.ids(), Counter(ids))
        self.assertEqual({request["user"] for request, _ in self.nginx.taken()}, {"collector"})

        self.fill(segments=1)
        self.configure(self.nginx.url("/login"), credential="secret")
        self.credential("secret", "collector:p@ss/word\n")
        self.drain()
        self.fill(segments=1)
        self.configure(self.nginx.url("/token"), credential="secret")
        self.drain(CREDENTIALS, "HTTP status 401")
        self.credential("secret", "t0ken\n")
        self.drain()
        self.assertEqual(len(self.nginx.taken()), 27)

    def test_tls(self):
        ca = str(self.nginx.certificates.ca)
        self.fill(segments=1)
        self.configure(self.nginx.tls_url(), connect_to="127.0.0.1")
        self.drain(UNTRUSTED, "certificate")
        self.configure(self.nginx.tls_url(host="elsewhere.example.org"), connect_to="127.0.0.1", tls={"ca": ca})
        self.drain(UNTRUSTED, "elsewhere.example.org")
        self.assertEqual(self.nginx.taken(), [])
        self.configure(self.nginx.tls_url(), connect_to="127.0.0.1", tls={"ca": ca})
        self.drain()
        self.fill(segments=1)
        pin = self.nginx.certificates.pin("localhost", "ca", 1)
        self.configure(self.nginx.tls_url(host="elsewhere.example.org"), connect_to="127.0.0.1", tls={"trust": "pin", "pins": [pin]})
        self.drain()
        self.assertEqual(len(self.nginx.taken()), 18)

    def test_client_certificate(self):
        ca = str(self.nginx.certificates.ca)
        self.fill(segments=1)
        self.configure(self.nginx.client_url(), connect_to="127.0.0.1", tls={"ca": ca}, body="ndjson")
        self.drain(LEFT_OVER, "No required SSL certificate was sent")  # with 400, as for a bad message; but it takes no other
        self.assertEqual((len(self.left()), self.failed()), (1, {}))
        certificate, key = self.nginx.certificates.pair("collector", "ca")
        self.credential("cert", certificate.read_text())
        self.credential("key", key.read_text())
        self.configure(self.nginx.client_url(), connect_to="127.0.0.1", tls={"ca": ca, "certificate": "cert", "key": "key"})
        self.fill(segments=1)
        self.drain()
        self.assertEqual(len(self.nginx.taken()), 18)
        self.assertEqual({request["subject"] for request, _ in self.nginx.taken()}, {"CN=collector"})

    def test_through_a_proxy(self):
        with Proxy(user="u", password="p", names={"localhost": "127.0.0.1"}) as proxy:
            self.credential("proxy", "u:p")
            self.configure(self.nginx.tls_url(), tls={"ca": str(self.nginx.certificates.ca)}, proxy=f"http://127.0.0.1:{proxy.port}",
                           proxy_credential="proxy")
            self.fill(segments=2)
            self.drain()
            self.assertEqual(proxy.asked, [("connect", "localhost", self.nginx.tls)])
        self.assertEqual(len(self.nginx.taken()), 18)

    def test_redirects(self):
        self.fill(segments=1)
        for path, says in (("/moved", "redirect (HTTP status 301)"), ("/away", "only followed within the same host")):
            self.configure(self.nginx.url(path))
            run = self.root.drain("far")
            self.assertIn(says, run.stderr)
            self.assertEqual((run.status, len(self.left()), self.failed()), (UNREACHABLE, 1, {}))
        self.configure(self.nginx.url("/kept"))
        self.drain()
        self.assertEqual(len(self.nginx.taken()), 9)

    def test_one_that_is_too_large(self):
        self.configure(self.nginx.url("/small"), body="array", batch=3)
        ids = self.fill(segments=3, big=4000, points=1)
        self.drain(says="HTTP status 413")
        self.assertEqual(set(self.failed()), {"run00000000-8"})
        self.assertIn("413", next(iter(self.failed().values())))
        taken = [each for _, body in self.nginx.taken() for each in json.loads(body)]
        self.assertEqual((len(taken), self.left()), (len(ids) - 1, []))

    def test_nothing_is_there(self):
        """A wrong path is no fault of the messages: none of them is set aside."""
        self.configure(self.nginx.url("/dav-not/{id}"), method="PUT")
        ids = self.fill()
        self.drain(LEFT_OVER, "HTTP status 405")
        self.assertEqual((len(self.left()), self.failed()), (4, {}))
        self.configure(self.nginx.url("/dav/{id}"), method="PUT")
        self.drain()
        self.assertEqual(set(self.nginx.files()), ids)

    def test_check_connect(self):
        def check() -> dict:
            run = self.root.run("meshprobectl", "check", "--connect", "--json")
            return json.loads(run.stdout)["connections"][0] | {"exit": run.status}
        self.configure(self.nginx.url("/login", "collector@"), credential="secret")
        self.credential("secret", "wrong")
        found = check()
        self.assertEqual((found["exit"], found["status"], found["reachable"]), (FAILURE, 401, False))
        self.credential("secret", "p@ss/word")
        self.assertTrue(check()["reachable"])
        self.configure(self.nginx.url("/dav/{id}"), method="PUT")
        self.assertTrue(check()["reachable"])
        self.configure(f"http://127.0.0.1:{free_ports(1)[0]}/")
        self.assertFalse(check()["reachable"])


class Bulk(Case):
    archiver = "opensearch"
    format = "opensearch"

    def setUp(self) -> None:
        super().setUp()
        self.api = BulkApi()
        self.server = self.sink(self.api.answer)
        self.url = f"http://127.0.0.1:{self.server.port}"

    def stored(self) -> set[str]:
        return {identifier for _, identifier in self.api.documents}

    def test_documents_by_their_ids(self):
        self.configure(self.url, batch=20)
        ids = self.fill()
        self.drain()
        self.assertEqual(self.stored(), ids)
        self.assertEqual({index for index, _ in self.api.documents}, {"pscheduler_latencybg"})
        self.assertEqual((len(self.server.requests), self.server.connections), (2, 1))
        document = next(iter(self.api.documents.values()))
        self.assertEqual(document["test"]["type"], "latencybg")

    def test_index_from_a_template(self):
        self.configure(self.url, index="ps-{event-type}-{host}-{date}")
        self.fill(segments=1, messages=3)
        self.drain()
        self.assertEqual({index for index, _ in self.api.documents},
                         {f"ps-{name}-ps0.example.org-2023.11.14" for name in ("throughput", "packet-loss-rate", "histogram-owdelay")})

    def test_stored_but_not_told(self):
        """The connection ends before the answer: the repeat finds its documents there."""
        self.configure(self.url, batch=10)
        ids = self.fill()
        self.server.faults = [self.server.gone, self.server.gone]
        self.drain()
        self.assertEqual(self.stored(), ids)
        self.assertGreater(self.api.conflicts, 0)
        self.assertEqual((self.left(), self.failed()), ([], {}))

    def test_refused_and_busy_documents(self):
        self.configure(self.url, batch=50)
        ids = self.fill(segments=2)
        self.api.full = 5
        queue = self.root.path / "var/lib/meshprobe/spool/far/q"
        subprocess.run([BUILD / "tests/bin/fill-spool", str(self.root.path), "far", "--segments", "1", "--messages", "1", "--start", "90",
                        "--format", "opensearch", "--event-types", "poison"], check=True, stdout=subprocess.DEVNULL)
        self.assertEqual(len(list(queue.iterdir())), 3)
        self.drain(says="mapper_parsing_exception")
        self.assertEqual(self.stored(), ids)
        self.assertEqual(set(self.failed()), {"run00000090-0"})

    def test_missing_index_is_no_fault_of_the_documents(self):
        self.configure(self.url)
        ids = self.fill()
        self.api.missing_index = True
        self.drain(LEFT_OVER, "index_not_found_exception")
        self.assertEqual(self.failed(), {})
        self.api.missing_index = False
        self.drain()
        self.assertEqual(self.stored(), ids)

    def test_request_too_large(self):
        self.configure(self.url, batch=100)
        ids = self.fill(segments=1, messages=64)
        answer = self.api.answer
        self.server.answer = lambda request: (413, b"") if len(request.body) > 20000 else answer(request)
        self.drain()
        self.assertEqual(self.stored(), ids)

    def test_check_connect(self):
        self.configure(self.url)
        run = self.root.run("meshprobectl", "check", "--connect", "--json")
        found = json.loads(run.stdout)["connections"][0]
        self.assertEqual((run.status, found["status"], found["reachable"]), (SUCCESS, 200, True))


class Esmond(Case):
    archiver = "esmond"
    format = "esmond"

    def setUp(self) -> None:
        super().setUp()
        self.esmond = EsmondSink(token="t0ken")
        self.server = self.sink(self.esmond.answer)
        self.configure(f"http://127.0.0.1:{self.server.port}", credential="token")  # the usual path is put behind it
        self.credential("token", "t0ken\n")

    def test_metadata_and_points(self):
        self.fill(segments=4, messages=6, points=5, hosts=2, event_types="throughput,packet-loss-rate,histogram-owdelay")
        self.drain()
        self.assertEqual(len(self.esmond.metadata), 6)
        self.assertEqual((len(self.esmond.points), self.esmond.repeated), (4 * 6 * 5, 0))
        self.assertEqual(self.server.connections, 1)
        methods = Counter(request.method for request in self.server.requests)
        self.assertEqual(methods, Counter(POST=6, PUT=24))
        self.assertTrue(all(request.path.startswith(ESMOND_ROOT) for request in self.server.requests))
        values = {event_type: value for (_, event_type, _), value in self.esmond.points.items()}
        self.assertEqual(values["packet-loss-rate"], {"numerator": 1, "denominator": 4})
        self.assertEqual(values["histogram-owdelay"], {"1.5": 3, "2.25": 1})

    def test_there_already(self):
        """Some points of a message are there: the others are stored all the same."""
        self.fill(segments=1, messages=1, points=10, event_types="throughput")
        answer = self.esmond.answer

        def with_a_few(request):
            answered = answer(request)
            if request.method == "POST":
                key, = self.esmond.metadata
                self.esmond.points |= {(key, "throughput", 1_700_000_000 + offset): 0.25 for offset in (3, 4, 7)}
            return answered
        self.server.answer = with_a_few
        self.drain()
        self.assertEqual(len(self.esmond.points), 10)
        self.assertEqual((self.left(), self.failed()), ([], {}))

    def test_stored_but_not_told(self):
        self.fill(segments=2, messages=2, points=4, event_types="throughput")
        self.server.faults = [self.esmond.answer, self.server.gone]
        self.drain()
        self.assertEqual(len(self.esmond.points), 2 * 2 * 4)
        self.assertGreater(self.esmond.repeated, 0)

    def test_a_wrong_point(self):
        self.fill(segments=2, messages=2, points=3, event_types="throughput,packet-loss-rate")
        answer = self.esmond.answer

        def picky(request):
            if request.method == "PUT" and b'"ts":1700000001,' in request.body and b"packet-loss-rate" in request.body:
                if len(json.loads(request.body)["data"]) == 1:
                    return 400, b'{"detail":"I do not like it"}'
                return 400, b'{"detail":"Something is wrong"}'
            return answer(request)
        self.server.answer = picky
        self.drain(says="I do not like it")
        self.assertEqual(set(self.failed()), {"run00000000-1"})
        self.assertIn("1 of its 3 points", self.failed()["run00000000-1"])
        self.assertEqual(len(self.esmond.points), 2 * 2 * 3 - 1)

    def test_not_let_in_and_read_only(self):
        self.fill(segments=1)
        self.credential("token", "another\n")
        self.drain(CREDENTIALS, "HTTP status 401")
        self.credential("token", "t0ken\n")
        self.esmond.read_only = True
        run = self.root.drain("far")
        self.assertEqual((run.status, self.failed()), (LEFT_OVER, {}))
        self.assertIn("elmond", run.stderr)
        self.esmond.read_only = False
        self.drain()

    def test_database_made_anew(self):
        self.configure(f"http://127.0.0.1:{self.server.port}", credential="token", idle="1h")
        self.fill(segments=1, messages=3)
        process = self.start()
        eventually(lambda: not self.left(), what="delivery")
        self.esmond.metadata.clear()
        self.esmond.points.clear()
        self.fill(segments=1, messages=3, points=2)
        eventually(lambda: not self.left(), what="delivery into the new one")
        self.assertEqual(len(self.esmond.points), 6)
        self.end(process)

    def test_check_connect(self):
        run = self.root.run("meshprobectl", "check", "--connect", "--json")
        found = json.loads(run.stdout)["connections"][0]
        self.assertEqual((run.status, found["status"], found["reachable"]), (SUCCESS, 200, True))


class Faults(WithNginx):
    def test_nobody_there_at_first(self):
        self.nginx.kill()
        self.configure(self.nginx.url())
        ids = self.fill()
        self.drain(UNREACHABLE)
        process = self.start()
        eventually(lambda: self.state().get("state") == "waiting", what="it is told that nobody is there")
        self.nginx.start()
        eventually(lambda: not self.left(), what="delivery")
        self.assertEqual(self.ids(), Counter(ids))
        self.end(process)

    def test_server_killed(self):
        self.configure(self.nginx.url("/dav/{id}"), method="PUT")
        ids = self.fill(segments=300, messages=10)
        process = self.start()
        for kill in range(1, 4):
            eventually(lambda: len(self.nginx.files()) > kill * 300, what="some progress")
            self.nginx.kill()
            self.assertNotEqual(self.left(), [], "the server ended too late to test anything")
            self.nginx.start()
        eventually(lambda: not self.left(), what="the rest")
        self.end(process)
        self.assertEqual(set(self.nginx.files()), ids)
        repeated = len([each for each in self.nginx.requests() if each["status"] == "204"])  # what was there already
        print(f"  {len(ids)} messages, {repeated} of them repeated", flush=True)
        self.assertLessEqual(repeated, 3)
        self.assertEqual(self.failed(), {})

    def test_archiver_killed(self):
        self.configure(self.nginx.url())
        ids = self.fill(segments=100, messages=10)
        kills = 0
        while self.left():
            before = len(self.left())
            process = self.start()
            eventually(lambda: len(self.left()) < before - 20 or not self.left(), what="some progress")
            process.kill()
            process.wait()
            kills += 1
        self.assertGreater(kills, 2)
        taken = self.ids()
        self.assertEqual(set(taken), ids)
        repeated = taken.total() - len(taken)
        print(f"  {len(ids)} messages, {kills} kills, {repeated} of them repeated", flush=True)
        self.assertLessEqual(repeated, kills * 11)  # the one on its way, and the segment it is in

    def test_busy_server_is_not_asked_before_it_said(self):
        self.configure(self.nginx.url("/busy"))
        ids = self.fill(segments=1)
        self.nginx.busy(True)
        process = self.start()
        eventually(lambda: len(self.nginx.requests()) >= 3, what="a few tries")
        self.assertIn("503", self.state()["message"])
        self.nginx.busy(False)
        eventually(lambda: not self.left(), what="delivery")
        self.assertEqual(self.ids(), Counter(ids))
        self.assertEqual(len({request["connection"] for request in self.nginx.requests()}), 1)  # kept meanwhile
        self.end(process)

    def test_answers_slowly_and_never(self):
        sink = self.sink(lambda request: (time.sleep(0.2), (204, b""))[1])
        self.configure(f"http://127.0.0.1:{sink.port}/", timeout="2s")
        self.fill(segments=1, messages=3)
        sink.faults = [sink.hang]
        self.drain()
        self.assertEqual(len(sink.requests), 4)
        self.assertEqual(Counter(request.headers["idempotency-key"] for request in sink.requests).most_common(1)[0], ('"run00000000-0"', 2))

    def test_stop_waits_for_what_is_on_its_way(self):
        sink = self.sink(lambda request: (time.sleep(1), (204, b""))[1])
        self.configure(f"http://127.0.0.1:{sink.port}/", idle="1h")
        self.fill(segments=1, messages=1)
        process = self.start()
        eventually(lambda: len(sink.requests) == 1, what="the request")
        self.end(process)
        self.assertEqual((self.left(), len(sink.requests)), ([], 1))

    def test_one_bad_message_blocks_nobody(self):
        for code in (400, 403, 500):
            with self.subTest(code=code):
                sink = self.sink(lambda request: (code, b"no") if b"run-poison" in request.body or b'"meta":7' in request.body else (201, b""))
                self.configure(f"http://127.0.0.1:{sink.port}/", body="ndjson", batch=10)
                self.fill(segments=1, messages=5, bad_body=5)
                ids = self.fill(segments=3, messages=10)
                run = self.root.drain("far")
                good = [line for request in sink.requests for line in request.body.splitlines() if b'"meta":7' not in line]
                self.assertGreaterEqual(len(good), len(ids) + 4)
                bad = f"run{self.filled - 4:08}-4"
                if code == 500:  # a server that fails is no judge of it
                    self.assertEqual((run.status, len(self.left()), bad in self.failed()), (LEFT_OVER, 1, False))
                    for name in self.left():
                        (self.root.path / "var/lib/meshprobe/spool/far/q" / name).unlink()
                else:
                    self.assertEqual((run.status, self.left(), bad in self.failed()), (SUCCESS, [], True), run)

    def test_too_many_requests(self):
        sink = self.sink(lambda request: (201, b""))
        self.configure(f"http://127.0.0.1:{sink.port}/")
        sink.faults = [status(429, **{"Retry-After": "1"}), status(503), status(408), status(425)]
        ids = self.fill(segments=1)
        self.drain()
        self.assertEqual(len(sink.requests), len(ids) + 4)
        self.assertEqual(self.failed(), {})


if __name__ == "__main__":
    result = unittest.main(verbosity=2, exit=False).result
    sys.exit(1 if not result.wasSuccessful() else SKIPPED if result.skipped and len(result.skipped) == result.testsRun else 0)
