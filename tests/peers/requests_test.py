#!/usr/bin/python3
"""How many requests, and over how many connections: the number that matters to an archive that many collectors ask.

    MESHPROBE_BINARY_DIR=DIR requests_test.py [unittest arguments]
"""
from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from certificates import Certificates  # noqa: E402
from data_model import ALWAYS, RESULTS  # noqa: E402
from probe_test import ADDRESS, DAY, HOUR, SUCCESS, ProbeTest  # noqa: E402

ENTRIES, LIVING, PAGES = 300, 15, 1
TYPES = [*RESULTS["latencybg"], *ALWAYS]


def pair(index: int, until: int) -> dict:
    return {"test": "latencybg", "destination": f"ps{index}.example.org", "interval": 600, "until": until}


class Requests(ProbeTest):
    def test_what_changed_is_asked_for(self) -> None:
        """300 metadata of ten event types each; of 15 there is something new."""
        stopped = int(time.time()) - 2 * HOUR
        self.simulate(pairs=[pair(i, 0 if i < LIVING else stopped) for i in range(ENTRIES)], late=0.0, missing=0.0, failed=0.0)
        self.configure(**{"first-run": "3h", "event-types": TYPES, "max-requests": 8})
        first = self.run_probe()
        self.assertEqual(first.code, SUCCESS, first.text)
        self.peers.change(ADDRESS, skew=HOUR)
        asked = self.requests_of(self.run_probe)
        # two event types of the ten come of failed runs and of a link to each run only
        self.assertGreaterEqual(len(asked), LIVING * len(RESULTS["latencybg"]) + PAGES, asked[:20])
        self.assertLessEqual(len(asked), LIVING * len(TYPES) + PAGES + 3)
        self.assertEqual(len(asked), len(set(asked)), "nothing is asked for twice")
        self.assertEqual(len(self.requests_of(self.run_probe)), PAGES)

    def test_http2_carries_all_over_one_connection(self) -> None:
        self.simulate(late=0.0)
        port, log = self.offer_http2()
        self.endpoint = f"{ADDRESS}:{port}"
        self.configure(**{"first-run": "1d", "max-requests": 8})
        run = self.run_probe()
        self.assertEqual(run.code, SUCCESS, run.text)
        seen = [line.split() for line in log.read_text().splitlines()]
        self.assertEqual(len(seen), self.result["requests"])
        self.assertGreater(len(seen), 10)
        self.assertEqual({protocol for _, protocol in seen}, {"h2"})
        self.assertEqual(len({connection for connection, _ in seen}), 1, "one connection")
        self.assertTrue(self.verdict(-DAY + HOUR, -HOUR).good(once=True))

    def offer_http2(self) -> tuple[int, Path]:
        """nghttpx before the simulated host; its log has the client's port and the protocol of each request."""
        program = shutil.which("nghttpx") or shutil.which("nghttpx", path="/usr/sbin")
        if not program:
            self.skipTest("there is no nghttpx here (package nghttp2-proxy)")
        with socket.create_server((ADDRESS, 0)) as taken:
            port = taken.getsockname()[1]
        behind = self.peers.hosts[ADDRESS]["https"]
        certificate, key = Certificates(self.root / "certificates").pair(ADDRESS)
        log = self.root / "nghttpx.log"
        proxy = subprocess.Popen(
            [program, "--conf=/dev/null", f"--frontend={ADDRESS},{port}", f"--backend={ADDRESS},{behind};;tls", "--insecure", "--workers=1", "--log-level=ERROR",
             "--accesslog-format=$remote_port $alpn", f"--accesslog-file={log}", f"--errorlog-file={self.root / 'nghttpx.err'}", key, certificate],
            stdin=subprocess.DEVNULL)
        self.addCleanup(proxy.wait)
        self.addCleanup(proxy.terminate)
        end = time.monotonic() + 20
        while True:
            try:
                socket.create_connection((ADDRESS, port), 1).close()
                return port, log
            except OSError:
                self.assertIsNone(proxy.poll(), "nghttpx ended")
                self.assertLess(time.monotonic(), end)
                time.sleep(0.05)


if __name__ == "__main__":
    unittest.main(verbosity=2)
