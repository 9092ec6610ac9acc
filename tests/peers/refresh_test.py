#!/usr/bin/python3
"""meshprobe-refresh against mesh servers that are right, wrong, slow and hostile, over real HTTP(S)."""
import base64
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from certificates import Certificates  # noqa: E402
from hand import BUILD, PARTIAL, SUCCESS, UNREACHABLE, Root, memory_bound  # noqa: E402

USAGE, CREDENTIALS = 2, 77
LOGIN = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>please</body></html>"


class MeshServer:
    """pages: path with query -> text, (status, headers, text) or a function of the handler."""

    def __init__(self, context: ssl.SSLContext | None = None):
        self.pages: dict = {}
        self.seen: list[tuple[str, int]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):  # noqa: N802
                page = outer.pages.get(self.path, (404, {}, '{"error":"unknown"}'))
                if callable(page):
                    outer.seen.append((self.path, 0))
                    page(self)
                    return
                status, headers, text = page if isinstance(page, tuple) else (200, {}, page)
                tag = f'"{hash(text)}"'
                if status == 200 and self.headers.get("If-None-Match") == tag:
                    status, text = 304, ""
                outer.seen.append((self.path, status))
                self.send_response(status)
                self.send_header("ETag", tag)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 64

            def handle_error(self, *_):  # handshakes fail on purpose
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.scheme = "https" if context else "http"
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    def take_seen(self) -> list[tuple[str, int]]:
        seen, self.seen = self.seen, []
        return sorted(seen)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def template(*hosts: str, **more) -> str:
    archives = {f"a-{host}": {"archiver": "esmond", "data": {"url": f"https://{host}/esmond/perfsonar/archive/"}} for host in hosts}
    return json.dumps({"addresses": {}, "groups": {}, "tests": {}, "tasks": {}, "archives": archives} | more)


def names(first: int, until: int) -> list[str]:
    return [f"ps{index:03}.example.org" for index in range(first, until)]


def include_list(*urls: str) -> str:
    return json.dumps([{"include": [url]} for url in urls])


class Case(unittest.TestCase):
    def setUp(self):
        self.root = Root()
        self.addCleanup(self.root.__exit__)
        self.server = self.serve()

    def serve(self, context: ssl.SSLContext | None = None) -> MeshServer:
        server = MeshServer(context)
        self.addCleanup(server.stop)
        return server

    def configure(self, more: str = "", **meshes: str) -> None:
        lines = "".join(f"  {name}: {{{settings}}}\n" for name, settings in meshes.items())
        self.root.configure(f"meshes:\n{lines}{more}\n")

    def refresh(self, status: int = SUCCESS):
        run = self.root.refresh()
        self.assertEqual(run.status, status, run)
        return run

    @property
    def mesh(self) -> Path:
        return self.root.path / "var/lib/meshprobe/mesh"

    def hosts(self) -> list[str]:
        return (self.mesh / "hosts").read_text().splitlines()

    def state(self, name: str) -> dict:
        return json.loads((self.mesh / "copy" / name / "state").read_text())

    def stamps(self) -> dict:
        """Everything that a write would change; the time of `state` is touched on purpose."""
        return {path: (path.stat().st_ino, path.stat().st_mtime_ns if path.name != "state" else 0)
                for path in self.mesh.rglob("*") if not path.name.startswith(".")}


class Fetching(Case):
    def test_a_list_is_followed_and_asked_again_conditionally(self):
        pages = self.server.pages
        pages["/list"] = include_list(self.server.url("/a"), self.server.url("/b"))
        pages["/a"] = template(*names(0, 3))
        pages["/b"] = template(*names(2, 5), includes=["c"])
        pages["/c"] = template("PS-C.example.org:443")
        self.configure(m=f"url: '{self.server.url('/list')}'")
        run = self.refresh()
        self.assertIn("6 hosts from 4 documents", run.stderr)
        self.assertEqual(self.hosts(), sorted(names(0, 5) + ["ps-c.example.org"]))
        self.assertEqual([status for _, status in self.server.take_seen()], [200] * 4)

        before = self.stamps()
        self.assertEqual(self.refresh().stderr, "")
        self.assertEqual([status for _, status in self.server.take_seen()], [304] * 4)
        self.assertEqual(self.stamps(), before)

        pages["/c"] = template("ps-d.example.org")
        self.refresh()
        self.assertEqual(self.server.take_seen(), [("/a", 304), ("/b", 304), ("/c", 200), ("/list", 304)])
        self.assertIn("ps-d.example.org", self.hosts())
        records = self.root.host_records()
        self.assertEqual(sorted(records), self.hosts())
        record = records["ps-d.example.org"]
        self.assertEqual(record["measurement-archives"], ["https://ps-d.example.org/esmond/perfsonar/archive/"])
        self.assertEqual(record["meshes"], ["m"])

    def test_last_modified_serves_where_there_is_no_etag(self):
        def page(handler):
            fresh = handler.headers.get("If-Modified-Since") == "Sun, 01 Nov 2026 10:00:00 GMT"
            text = b"" if fresh else template("a.example.org").encode()
            statuses.append(304 if fresh else 200)
            handler.send_response(statuses[-1])
            handler.send_header("Last-Modified", "Sun, 01 Nov 2026 10:00:00 GMT")
            handler.send_header("Content-Length", str(len(text)))
            handler.end_headers()
            handler.wfile.write(text)
        statuses: list[int] = []
        self.server.pages["/m"] = page
        self.configure(m=f"url: '{self.server.url('/m')}'")
        self.refresh()
        self.refresh()
        self.assertEqual(statuses, [200, 304])
        self.assertEqual(self.hosts(), ["a.example.org"])

    def test_a_password_in_the_url_goes_to_that_server_alone_and_is_shown_to_nobody(self):
        def page_of(seen: list[str], text: str):
            def page(handler):
                seen.append(handler.headers.get("Authorization", ""))
                handler.send_response(200)
                handler.send_header("Content-Length", str(len(text.encode())))
                handler.end_headers()
                handler.wfile.write(text.encode())
            return page
        other, own, foreign = self.serve(), [], []
        self.server.pages["/m"] = page_of(own, include_list(self.server.url("/a"), other.url("/b")))
        self.server.pages["/a"] = page_of(own, template("a.example.org"))
        other.pages["/b"] = page_of(foreign, template("b.example.org"))
        self.configure(m=f"url: '{self.server.url('/m').replace('//', '//me:p%40ss%3Aword@')}'")
        run = self.refresh()
        self.assertEqual(self.hosts(), ["a.example.org", "b.example.org"])
        login = "Basic " + base64.b64encode(b"me:p@ss:word").decode()
        self.assertEqual((own, foreign), ([login] * 2, [""]))
        listed = self.root.run("meshprobectl", "mesh", "list")
        kept = "".join(path.read_text() for path in self.mesh.rglob("*") if path.is_file())
        for text in (run.stdout, run.stderr, listed.stdout, kept):
            self.assertNotIn("p%40ss", text)
        self.assertIn("me:***@127.0.0.1", listed.stdout)

    def test_the_publisher_is_asked_for_the_form_and_may_refuse(self):
        self.server.pages["/pub/config"] = include_list(self.server.url("/pub/config/a"), self.server.url("/pub/config/b"))
        self.server.pages["/pub/config/a?format=psconfig"] = template("a.example.org")
        self.server.pages["/pub/config/b"] = template("b.example.org")
        self.configure(m=f"url: '{self.server.url('/pub/config')}'")
        self.refresh()
        self.assertEqual(self.hosts(), ["a.example.org", "b.example.org"])
        self.server.take_seen()
        self.refresh()  # what worked is asked first
        self.assertEqual(self.server.take_seen(), [("/pub/config", 304), ("/pub/config/a?format=psconfig", 304), ("/pub/config/b", 304)])

    def test_legacy_includes_and_files_with_relative_includes(self):
        directory = self.root.path / "meshes"
        directory.mkdir()
        (directory / "list.json").write_text('[{"include":["one.json","sub/two.json"]}]')
        (directory / "one.json").write_text(template("one.example.org"))
        (directory / "sub").mkdir()
        (directory / "sub/two.json").write_text('{"organizations":[{"include":["../org.json"]}],"tests":[]}')
        (directory / "org.json").write_text('{"hosts":[{"addresses":["x"],"measurement_archives":[{"read_url":"https://two.example.org/"}]}]}')
        self.configure(m=f"file: {directory}/list.json")
        self.refresh()
        self.assertEqual(self.hosts(), ["one.example.org", "two.example.org"])

    def test_loops_depth_and_duplicates_end(self):
        pages = self.server.pages
        pages["/a"] = include_list(self.server.url("/b"), self.server.url("/a"), self.server.url("/b"), self.server.url("/t"))
        pages["/b"] = include_list(self.server.url("/a"))
        pages["/t"] = template("t.example.org", includes=[self.server.url("/t"), self.server.url("/a")])
        self.configure(m=f"url: '{self.server.url('/a')}'")
        self.refresh()
        self.assertEqual([path for path, _ in self.server.take_seen()], ["/a", "/b", "/t"])
        for depth in range(10):
            pages[f"/d{depth}"] = include_list(self.server.url(f"/d{depth + 1}"), self.server.url("/t"))
        self.configure(m=f"url: '{self.server.url('/d0')}'")
        self.assertIn("more than 5 deep", self.refresh(PARTIAL).stderr)
        self.assertEqual(self.hosts(), ["t.example.org"])

    def test_parts_of_a_template_include_nothing(self):
        pages, url = self.server.pages, self.server.url
        pages["/m"] = template("m.example.org", includes=[url("/part")])
        pages["/part"] = template("part.example.org", includes=[url("/deeper")])
        pages["/deeper"] = template("deeper.example.org")
        self.configure(m=f"url: '{url('/m')}'")
        self.refresh()
        self.assertEqual(self.hosts(), ["m.example.org", "part.example.org"])
        self.assertEqual([path for path, _ in self.server.take_seen()], ["/m", "/part"])
        # A part that the mesh also lists is a document of its own, whichever is met first.
        pages["/list"] = include_list(url("/m"), url("/late"))
        pages["/late"] = include_list(url("/later"))
        pages["/later"] = include_list(url("/part"))
        self.configure(m=f"url: '{url('/list')}'")
        self.refresh()
        self.assertEqual(self.hosts(), ["deeper.example.org", "m.example.org", "part.example.org"])
        self.assertEqual(sorted(path for path, _ in self.server.take_seen()), ["/deeper", "/late", "/later", "/list", "/m", "/part"])

    def test_a_thousand_documents_are_enough(self):
        pages = self.server.pages
        pages["/list"] = include_list(*(self.server.url(f"/x{index}") for index in range(1500)))
        for index in range(1500):
            pages[f"/x{index}"] = template(f"ps{index}.example.org")
        self.configure(m=f"url: '{self.server.url('/list')}'")
        self.assertIn("more than 1000 documents", self.refresh(PARTIAL).stderr)
        self.assertEqual(len(self.hosts()), 999)

    def test_jq_decides_which_hosts_there_are(self):
        addresses = {name: {"address": f"{name}.example.org", "tags": [name]} for name in ("a", "b", "c")}
        document = {"archives": {"own": {"archiver": "esmond", "data": {"url": "{% jq \"https://ma-\\(.addresses[0].address)/\" %}"}}},
                    "addresses": addresses, "tests": {"t": {"type": "rtt", "spec": {}}}, "tasks": {"t": {"group": "g", "test": "t", "archives": ["own"]}},
                    "address-classes": {"some": {"data-source": {"type": "current-config"}, "match-filter": {"type": "jq", "jq": {"script": ".tags | inside([\"a\", \"b\"])"}}}},
                    "groups": {"g": {"type": "list", "addresses": [{"class": "some"}]}}}
        self.server.pages["/m"] = json.dumps(document)
        self.configure(m=f"url: {self.server.url('/m')}")
        self.refresh()
        self.assertEqual(self.hosts(), ["ma-a.example.org", "ma-b.example.org"])
        # A program that does not end is a fault of its own: whom it would select is not known, so all of them are asked.
        document["address-classes"]["some"]["match-filter"]["jq"]["script"] = "[limit(1e9; repeat(1))]"
        document["archives"]["other"] = {"archiver": "esmond", "data": {"url": "https://other.example.org/"}}
        self.server.pages["/m"] = json.dumps(document)
        begin = time.monotonic()
        run = self.refresh()
        self.assertEqual(self.hosts(), ["ma-a.example.org", "ma-b.example.org", "ma-c.example.org", "other.example.org"])
        self.assertIn("jq filter", run.stderr)
        self.assertLess(time.monotonic() - begin, 60)


class Failing(Case):
    def setUp(self):
        super().setUp()
        self.server.pages["/list"] = include_list(self.server.url("/a"), self.server.url("/b"))
        self.server.pages["/a"] = template(*names(0, 3))
        self.server.pages["/b"] = template(*names(3, 6))
        self.configure(m=f"url: '{self.server.url('/list')}'")
        self.refresh()

    def test_a_failing_include_keeps_its_copy_and_the_others_go_on(self):
        bad = {"login page": LOGIN, "truncated": template(*names(3, 6))[:-20], "empty object": "{}", "error": '{"error":"x"}', "empty": "",
               "missing": (404, {}, "no"), "part": (206, {}, template()), "broken server": (500, {}, LOGIN), "deep": "[" * 100 + "]" * 100, "other JSON": "[1]"}
        for index, (what, page) in enumerate(bad.items()):
            with self.subTest(what):
                self.server.pages["/b"] = page
                new = [f"new{number}.example.org" for number in range(index + 1)]
                self.server.pages["/a"] = template(*names(0, 3), *new)
                run = self.refresh(PARTIAL)
                self.assertEqual(self.hosts(), sorted(names(0, 6) + new))
                self.assertEqual(self.state("m")["outcome"], "partial")
                self.assertIn("last good copy", run.stderr) if index == 0 else self.assertNotIn("last good copy", run.stderr)
                if what == "broken server":  # not that nobody answers at the same port by https, which is tried, too
                    self.assertIn("the server answers ", str(self.state("m")["failures"]))
        self.server.pages["/b"] = template(*names(3, 6))
        self.refresh()
        self.assertEqual(self.state("m")["failures"], [])

    def test_a_failing_mesh_keeps_everything(self):
        for page in (LOGIN, "{}", "", (503, {"Retry-After": "60"}, ""), template(*names(0, 3))[:40]):
            self.server.pages["/list"] = page
            self.refresh(UNREACHABLE)
            self.assertEqual(self.hosts(), names(0, 6))
            self.assertEqual(self.state("m")["outcome"], "failed")
        self.assertEqual(self.refresh(UNREACHABLE).stderr, "")  # told once
        self.assertTrue(self.state("m")["error"])

    def test_a_dead_mesh_does_not_disturb_the_others(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            dead = closed.getsockname()[1]
            self.server.pages["/other"] = template("other.example.org")
            self.configure(m=f"url: 'http://127.0.0.1:{dead}/'", o=f"url: '{self.server.url('/other')}'")
            self.refresh(PARTIAL)
        self.assertEqual(self.hosts(), sorted(names(0, 6) + ["other.example.org"]))
        self.configure(n=f"url: 'http://127.0.0.1:{dead}/'", o=f"url: '{self.server.url('/other')}'")
        self.refresh(PARTIAL)
        self.assertEqual(self.hosts(), ["other.example.org"])  # m is gone by the administrator's will
        self.assertFalse((self.mesh / "copy/m").exists())

    def test_a_mesh_whose_section_is_faulty_keeps_its_hosts(self):
        self.configure(m=f"url: '{self.server.url('/list')}', refersh: 5min")
        self.refresh()
        self.assertEqual(self.hosts(), names(0, 6))
        self.configure(m=f"url: '{self.server.url('/list')}', enabled: false")
        self.refresh()
        self.assertEqual(self.hosts(), [])

    def test_never_fetched_is_absent(self):
        root = Root("meshes: {m: {url: 'http://127.0.0.1:1/'}}\n")
        self.addCleanup(root.__exit__)
        self.assertEqual(root.refresh().status, UNREACHABLE)
        self.assertFalse((root.path / "var/lib/meshprobe/mesh/hosts").exists())

    def test_interrupted_changes_nothing(self):
        before = self.stamps()
        asked = threading.Event()
        release = threading.Event()
        self.addCleanup(release.set)

        def hang(handler):
            asked.set()
            release.wait(60)
        self.server.pages["/b"] = hang
        child = subprocess.Popen([str(BUILD / "bin/meshprobe-refresh"), "--root", str(self.root.path)], stderr=subprocess.PIPE, text=True)
        self.assertTrue(asked.wait(20))
        child.send_signal(signal.SIGTERM)
        self.assertEqual(child.wait(10), PARTIAL)
        self.assertIn("interrupted", child.stderr.read())
        child.stderr.close()
        self.assertEqual(self.stamps(), before)


class Hostile(Case):
    def test_bodies_without_end_are_cut_off(self):
        def endless(handler):
            handler.send_response(200)
            handler.send_header("Content-Length", str(1 << 30))
            handler.end_headers()
            sent = 0
            try:
                while sent < 1 << 30:
                    sent += handler.wfile.write(b'[{"include":[' + b" " * 65536)
            except OSError:
                pass
            self.assertLess(sent, 64 << 20)
        self.server.pages["/m"] = endless
        self.configure(m=f"url: '{self.server.url('/m')}'")
        run = self.refresh(UNREACHABLE)
        self.assertLess(run.peak_kib, memory_bound(80 << 10, "meshprobe-refresh"))

    def test_redirects_lead_neither_to_files_nor_elsewhere(self):
        other = self.serve()
        other.pages["/x"] = template("evil.example.org")
        for target in ("file:///etc/passwd", f"http://localhost:{other.port}/x", "ftp://127.0.0.1/x"):
            self.server.pages["/m"] = (302, {"Location": target}, "")
            self.configure(m=f"url: '{self.server.url('/m')}'")
            self.refresh(UNREACHABLE)
        self.assertEqual(other.seen, [])
        self.server.pages["/m"] = (302, {"Location": "/n"}, "")
        self.server.pages["/n"] = template("good.example.org")
        self.refresh()
        self.assertEqual(self.hosts(), ["good.example.org"])

    def test_names_from_strangers_are_never_logged_raw(self):
        evil = "\x1b]0;owned\x07\n<3>meshprobe: fake"
        self.server.pages["/m"] = json.dumps({
            "addresses": {}, "includes": ["http://127.0.0.1/" + evil, "file:///etc/shadow"],
            "archives": {evil: {"archiver": "esmond", "data": {"url": "https://a.example.org/" + evil}},
                         "b": {"archiver": evil, "data": {}},
                         "c": {"archiver": "esmond", "data": {"url": "https://169.254.169.254/latest"}},
                         "d": {"archiver": "esmond", "data": {"url": "https://127.0.0.1/"}},
                         "good": {"archiver": "esmond", "data": {"url": "https://good.example.org/"}}}})
        self.configure(m=f"url: '{self.server.url('/m')}'")
        run = self.refresh()
        self.assertEqual(self.hosts(), ["good.example.org"])
        self.assertTrue(all(line.startswith("meshprobe-refresh: ") for line in run.stderr.splitlines()), run.stderr)
        self.assertFalse(set(run.stderr) & {chr(code) for code in range(32) if code != 10}, run.stderr)
        self.assertEqual(len(self.state("m")["refusals"]), 6)
        shown = self.root.run("meshprobectl", "mesh", "show", "m")
        self.assertFalse(set(shown.stdout) & {chr(code) for code in range(32) if code != 10})


class Shrinking(Case):
    def mesh_of(self, *hosts: str) -> None:
        self.server.pages["/m"] = template(*hosts)

    def setUp(self):
        super().setUp()
        self.configure(m=f"url: '{self.server.url('/m')}'")
        self.mesh_of(*names(0, 20))
        self.refresh()

    def accept(self, *arguments: str):
        return self.root.run("meshprobectl", "mesh", "accept", *arguments)

    def test_many_removals_are_held_until_accepted_while_additions_apply(self):
        self.mesh_of(*names(10, 25))
        run = self.refresh()
        self.assertIn("meshprobectl mesh accept m", run.stderr)
        self.assertEqual(self.hosts(), names(0, 25))
        self.assertEqual(self.refresh().stderr, "")
        self.assertEqual(self.hosts(), names(0, 25))
        listed = json.loads(self.root.run("meshprobectl", "mesh", "list", "--json").stdout)
        self.assertEqual(sorted(listed[0]["held"]), names(0, 10))
        self.mesh_of(*names(5, 25))  # some come back
        self.refresh()
        self.assertEqual(sorted(self.state("m")["held"]), names(0, 5))

        self.assertEqual(self.accept("n").status, USAGE)
        self.assertIn("ps000.example.org is removed", self.accept("m").stdout)
        self.assertEqual(self.hosts(), names(5, 25))
        self.assertNotIn("ps000.example.org", self.root.host_records())
        self.assertIn("no removals are held", self.accept("m").stdout)
        self.refresh()
        self.assertEqual(self.hosts(), names(5, 25))

    def test_nothing_at_all_removes_nobody(self):
        for page in ("[]", template(), '{"organizations":[],"tests":[]}'):
            self.server.pages["/m"] = page
            self.refresh()
            self.assertEqual(self.hosts(), names(0, 20))
            self.assertEqual(len(self.state("m")["held"]), 20)
        for page in ("{}", LOGIN, ""):
            self.server.pages["/m"] = page
            self.refresh(UNREACHABLE)
            self.assertEqual(self.hosts(), names(0, 20))
            self.assertEqual(len(self.state("m")["held"]), 20)
        self.mesh_of(*names(0, 20))
        self.refresh()
        self.assertEqual(self.state("m")["held"], {})

    def test_a_few_removals_apply_but_not_a_few_again_and_again(self):
        self.mesh_of(*names(3, 20))
        self.refresh()
        self.assertEqual(self.hosts(), names(3, 20))
        self.mesh_of(*names(6, 20))
        self.refresh()
        self.assertEqual(self.hosts(), names(3, 20))

    def test_what_is_held_is_counted_apart_from_what_vanished_now(self):
        self.mesh_of(*names(4, 20))
        self.refresh()
        self.mesh_of(*names(6, 20))
        self.assertIn("2 hosts vanished (ps004.example.org, ps005.example.org); 2 removals are held until", self.refresh().stderr)
        self.mesh_of(*names(7, 20))
        self.assertIn("1 host vanished (ps006.example.org); 3 removals are held until", self.refresh().stderr)

    def test_a_host_that_another_mesh_names_stays(self):
        self.server.pages["/n"] = template(*names(0, 2))
        self.configure(m=f"url: '{self.server.url('/m')}'", n=f"url: '{self.server.url('/n')}'")
        self.mesh_of(*names(3, 20))
        self.refresh()
        self.assertEqual(self.hosts(), names(0, 2) + names(3, 20))


class Encrypted(Case):
    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory(prefix="meshprobe-certificates-")
        self.addCleanup(directory.cleanup)
        self.certificates = Certificates(directory.name)

    def context(self, name: str, kind: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate, key = self.certificates.pair(name, kind)
        context.load_cert_chain(certificate, key)
        return context

    def test_the_certificate_is_verified_against_the_ca_of_the_mesh(self):
        server = self.serve(self.context("127.0.0.1", "ca"))
        server.pages["/m"] = template("a.example.org")
        for ca, status in ((None, UNREACHABLE), (self.certificates.pair("elsewhere", "self-signed")[0], UNREACHABLE), (self.certificates.ca, SUCCESS)):
            tls = f", tls: {{ca: {ca}}}" if ca else ""
            self.configure(m=f"url: '{server.url('/m')}'{tls}")
            run = self.refresh(status)
            self.assertIn("certificate" if status else "1 host from 1 document", run.stderr) if status == SUCCESS or not ca else None
        self.assertEqual(self.hosts(), ["a.example.org"])

    def test_a_wrong_name_is_no_match_and_any_trusts_all(self):
        server = self.serve(self.context("127.0.0.1", "other-name"))
        server.pages["/m"] = template("a.example.org")
        self.configure(m=f"url: '{server.url('/m')}', tls: {{ca: {self.certificates.ca}}}")
        self.refresh(UNREACHABLE)
        self.configure(m=f"url: '{server.url('/m')}', tls: {{trust: any}}")
        self.refresh()

    def test_a_client_certificate_is_shown_where_it_is_asked_for(self):
        context = self.context("127.0.0.1", "ca")
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(self.certificates.ca)
        server = self.serve(context)
        server.pages["/m"] = template("a.example.org")
        self.configure(m=f"url: '{server.url('/m')}', tls: {{ca: {self.certificates.ca}}}")
        self.refresh(UNREACHABLE)
        certificate, key = self.certificates.pair("collector", "ca")
        credentials = self.root.path / "etc/meshprobe/credentials/mesh"
        credentials.mkdir(parents=True)
        (credentials / "mesh-key").write_bytes(key.read_bytes())
        self.configure(m=f"url: '{server.url('/m')}', tls: {{ca: {self.certificates.ca}, certificate: {certificate}, key: mesh-key}}")
        self.refresh()
        (credentials / "mesh-key").unlink()  # a fault of this machine, and the hosts stay
        self.refresh(CREDENTIALS)
        self.assertEqual(self.hosts(), ["a.example.org"])

    def test_http_urls_of_an_https_service_are_fetched_with_https(self):
        server = self.serve(self.context("127.0.0.1", "ca"))
        wrong = f"http://127.0.0.1:{server.port}"
        server.pages["/pub/config"] = include_list(wrong + "/pub/config/a")
        server.pages["/pub/config/a?format=psconfig"] = template("a.example.org")
        self.configure(m=f"url: '{server.url('/pub/config')}', tls: {{ca: {self.certificates.ca}}}")
        self.refresh()
        self.assertEqual(self.hosts(), ["a.example.org"])
        self.server.pages["/list"] = include_list(wrong + "/pub/config/a")  # the list itself came over http
        self.configure(m=f"url: '{self.server.url('/list')}', tls: {{ca: {self.certificates.ca}}}")
        self.assertIn("comes over http", self.refresh().stderr)
        self.assertEqual(self.hosts(), ["a.example.org"])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]], verbosity=2)
