#!/usr/bin/python3
"""Refresh of a large mesh: 100 templates of 100 hosts, 20 MB of JSON, a million pairs of each of three tests.

    refresh.py [BUILD]     prints CPU time and peak memory of the first refresh, of one without changes, and of one where
                           a single template changed; and what the list of expected results takes
"""
import json
import os
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "peers"))
if len(sys.argv) > 1:
    os.environ["MESHPROBE_BINARY_DIR"] = str(Path(sys.argv[1]).resolve())
from hand import Root  # noqa: E402

TEMPLATES, HOSTS, HOST_BYTES = 100, 100, 2000


def template(number: int, variables: bool, note: str = "") -> bytes:
    """As a web administration publishes it: an archive for each host, much of it _meta."""
    names = [f"ps{i}.site{number}.example.org" for i in range(HOSTS)]
    filler = {"display-name": "perfSONAR toolkit", "notes": "x" * (HOST_BYTES - 900)}
    url = "https://{% scheduled_by_address %}/esmond/perfsonar/archive/"
    spec = {"source": "{% address[0] %}", "dest": "{% address[1] %}"}
    tests = {"latencybg": {}, "throughput": {"duration": "PT30S"}, "trace": {}}
    return json.dumps({
        "_meta": {"display-name": f"Mesh {number} {note}"},
        "archives": {"own": {"archiver": "esmond", "data": {"url": url, "measurement-agent": "{% scheduled_by_address %}"}}} if variables else
                    {f"archive-{name}": {"archiver": "esmond", "data": {"url": f"https://{name}/esmond/perfsonar/archive/",
                                                                        "measurement-agent": "{% scheduled_by_address %}"}} for name in names},
        "addresses": {name: {"address": name, "host": name, "_meta": {"display-name": name}} for name in names},
        "hosts": {name: {"archives": ["own" if variables else f"archive-{name}"], "_meta": filler} for name in names},
        "groups": {"all": {"type": "mesh", "addresses": [{"name": name} for name in names]}},
        "tests": {test: {"type": test, "spec": spec | extra} for test, extra in tests.items()},
        "schedules": {test: {"repeat": repeat, "sliprand": True, "slip": repeat} for test, repeat in (("throughput", "PT6H"), ("trace", "PT10M"))},
        "tasks": {test: {"group": "all", "test": test} | ({} if test == "latencybg" else {"schedule": test}) for test in tests},
    }, indent=1).encode()


class Handler(BaseHTTPRequestHandler):
    documents: dict[str, bytes] = {}
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = self.documents.get(self.path.partition("?")[0])
        tag = f'"{hash(body)}"'
        unchanged = self.headers.get("If-None-Match") == tag
        self.send_response(304 if unchanged else 200 if body else 404)
        self.send_header("ETag", tag)
        self.send_header("Content-Length", "0" if unchanged or not body else str(len(body)))
        self.end_headers()
        if not unchanged and body:
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def measure(directory: Path, variables: bool) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_address[1]}"
    Handler.documents = {f"/mesh/{i}": template(i, variables) for i in range(TEMPLATES)}
    total = sum(map(len, Handler.documents.values()))
    Handler.documents["/all"] = json.dumps([{"include": [f"{base}/mesh/{i}"]} for i in range(TEMPLATES)]).encode()
    print(f"\n{TEMPLATES} templates of {HOSTS} hosts, {total / 1e6:.1f} MB, archives {'by variable' if variables else 'one for each host'}")
    directory.mkdir()
    root = Root(f"meshes: {{big: {{url: '{base}/all', allow-private: true}}}}\n", str(directory))
    def refresh(what: str) -> None:
        run = root.refresh()
        assert run.status == 0, run
        print(f"  {what:<28} {run.cpu:6.2f} s CPU  {run.seconds:6.2f} s  {run.peak_kib / 1024:6.1f} MiB", flush=True)

    refresh("first refresh")
    refresh("nothing changed")
    Handler.documents["/mesh/7"] = template(7, variables, "changed")
    refresh("one template changed")
    expected = (root.path / "var/lib/meshprobe/mesh/expected/big").read_bytes()
    hosts = (root.path / "var/lib/meshprobe/mesh/hosts").read_bytes().count(b"\n")
    print(f"  {hosts} hosts; expected results: {len(expected) / 1e6:.2f} MB in {expected.count(10)} lines")
    server.shutdown()


if __name__ == "__main__":
    # Nothing is removed in between: ext4 does not use an inode again for seconds, and looks for another one at length.
    with tempfile.TemporaryDirectory(prefix="bench-refresh-") as both:
        measure(Path(both) / "each", variables=False)
        measure(Path(both) / "variable", variables=True)
