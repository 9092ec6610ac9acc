#!/usr/bin/python3
"""Archive types tcp, udp and syslog against plain sockets, and against socat."""
import json
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from archiver_case import ArchiverCase, eventually  # noqa: E402
from certificates import Certificates  # noqa: E402
from hand import SUCCESS, UNREACHABLE, UNTRUSTED  # noqa: E402
from sinks import DatagramSink, TcpSink  # noqa: E402

CONFIGURATION = 78
STRUCTURED = re.compile(rb'<(\d+)>1 (\S+) (\S+) (\S+) (\d+) (\S+) \[meshprobe@32473 id="([^"]+)" host="([^"]+)" event-type="([^"]+)" '
                        rb'task="default" archive="out"\] (.*)', re.DOTALL)


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(type=kind) as each:
        each.bind(("127.0.0.1", 0))
        return each.getsockname()[1]


class Tcp(ArchiverCase):
    def sink(self, **options: object) -> TcpSink:
        sink = TcpSink(**options)
        self.addCleanup(sink.close)
        return sink

    def configure_tcp(self, port: int, **keys: object) -> None:
        self.configure(archiver="tcp", url=f"tcp://127.0.0.1:{port}", **keys)

    def test_a_line_for_each_message(self):
        sink = self.sink()
        self.configure_tcp(sink.port)
        expected = self.fill(segments=50)
        self.drain(says="sent (best effort)")
        eventually(lambda: len(sink.lines()) >= len(expected), "all lines")
        self.assert_exactly(sink.lines(), expected)
        self.assertEqual(len(sink.connections), 1)

    def test_octets_counted(self):
        sink = self.sink()
        self.configure_tcp(sink.port, framing="octet-counted", syslog_format="rfc5424", facility="local3", severity="notice", identifier="results")
        expected = self.fill()
        self.drain()
        eventually(lambda: expected[-1] in sink.data(), "the last message")
        data, found = sink.data(), []
        while data:
            length, data = data.split(b" ", 1)
            found.append(data[:int(length)])
            data = data[int(length):]
        matches = [STRUCTURED.fullmatch(message) for message in found]
        self.assertEqual([match and match[10] for match in matches], expected)
        first = matches[0]
        self.assertEqual((first[1], first[3].decode(), first[4]), (b"157", socket.gethostname(), b"results"))
        self.assertLess(abs(datetime.now(timezone.utc) - datetime.fromisoformat(first[2].decode().replace("Z", "+00:00"))), timedelta(hours=1))
        self.assertEqual((first[6], first[7], first[8], first[9]), (b"throughput", b"run00000000-0", b"ps0.example.org", b"throughput"))

    def test_lines_for_a_syslog_daemon(self):
        sink = self.sink()
        self.configure_tcp(sink.port, syslog_format="rfc3164")
        expected = self.fill(segments=1)
        self.drain()
        eventually(lambda: len(sink.lines()) >= len(expected), "all lines")
        for line, body in zip(sink.lines(), expected, strict=True):
            head = line.removesuffix(body).decode()
            self.assertRegex(head, rf"^<14>[A-Z][a-z]{{2}} [ 1-3]\d \d\d:\d\d:\d\d {re.escape(socket.gethostname())} meshprobe\[\d+\]: $")

    def test_a_close_is_noticed_before_anything_is_sent(self):
        sink = self.sink()
        self.configure_tcp(sink.port, idle="1h")
        process = self.start()
        expected = self.fill()
        eventually(lambda: not self.left(), "delivery")
        for _ in range(5):
            sink.hang_up()
            eventually(lambda: not sink.open, "closed")
            expected += self.fill()
            eventually(lambda: not self.left(), "delivery over a new connection")
        eventually(lambda: len(sink.lines()) >= len(expected), "all lines")
        self.assert_exactly(sink.lines(), expected)
        self.assertEqual(len(sink.connections), 6)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(10), 0)

    def test_nobody_there_at_first(self):
        port = free_port()
        self.configure_tcp(port)
        expected = self.fill()
        self.drain(UNREACHABLE, "Connection refused")
        sink = self.sink(port=port)
        self.drain()
        eventually(lambda: len(sink.lines()) >= len(expected), "all lines")
        self.assert_exactly(sink.lines(), expected)

    def test_restarted_in_the_middle(self):
        """What is not acknowledged is sent again over the next connection."""
        sink = self.sink()
        self.configure_tcp(sink.port, idle="1h", window=100)
        expected = self.fill(segments=400, messages=50)
        process = self.start()
        got = Counter()
        for _ in range(3):
            eventually(lambda: len(sink.lines()) > 1000, "some lines")
            port = sink.port
            sink.close()
            got += Counter(sink.lines())
            sink = self.sink(port=port)
        eventually(lambda: not self.left(), "the rest delivered", 120)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(10), 0)
        eventually(lambda: got.keys() | Counter(sink.lines()).keys() >= set(expected), "all lines")
        self.assert_at_least_once([*got.elements(), *sink.lines()], expected)

    def test_somebody_who_reads_slowly_or_not_at_all(self):
        sink = self.sink(small=True)
        self.configure_tcp(sink.port, idle="1h")
        sink.reading.clear()
        expected = self.fill(segments=100, messages=50, points=100)
        process = self.start()
        state = self.root.path / "run/meshprobe/archives/out"
        eventually(lambda: state.exists() and "takes nothing" in state.read_text(), "it is told")
        self.assertNotEqual(self.left(), [])
        waiting = len(self.left())
        sink.reading.set()
        eventually(lambda: not self.left(), "the rest delivered", 120)
        eventually(lambda: len(sink.lines()) >= len(expected), "all lines")
        self.assert_exactly(sink.lines(), expected)
        self.assertGreater(waiting, 50)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(10), 0)

    def test_a_drain_does_not_wait_for_ever(self):
        sink = self.sink(small=True)
        self.configure_tcp(sink.port)
        sink.reading.clear()
        self.fill(segments=100, messages=50, points=100)
        self.drain(UNREACHABLE, "connected, but takes nothing")

    def test_whatever_is_said_to_it(self):
        """A banner, and much of it, is no news."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.configure_tcp(server.getsockname()[1], idle="1h")
            expected = self.fill()
            process = self.start()
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"welcome\n" * 50000)
                data = b""
                while data.count(b"\n") < len(expected):
                    data += connection.recv(65536)
                self.assert_exactly(data.split(b"\n")[:-1], expected)
                eventually(lambda: not self.left(), "delivery")
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(10), 0)

    def test_socat(self):
        port = free_port()
        target = self.root.path / "lines"
        socat = subprocess.Popen(["socat", "-u", f"TCP-LISTEN:{port},bind=127.0.0.1,fork", f"OPEN:{target},creat,append"])
        self.addCleanup(lambda: (socat.kill(), socat.wait()))
        self.configure_tcp(port)
        expected = self.fill(segments=20)
        eventually(lambda: self.root.drain("out").status == SUCCESS, "it listens")
        eventually(lambda: target.read_bytes().count(b"\n") >= len(expected), "all lines")
        self.assert_exactly(target.read_bytes().split(b"\n")[:-1], expected)

    def test_the_configuration_is_checked(self):
        for keys, says in (({}, "expected a url:"), ({"url": "tcp://127.0.0.1"}, "no port"), ({"url": "udp://127.0.0.1:1"}, "tcp://"),
                           ({"url": "tcp://u@127.0.0.1:5"}, "a user"), ({"url": "tcp://127.0.0.1:5", "framing": "lines"}, "octet-counted")):
            self.configure(archiver="tcp", **keys)
            self.fill(segments=1)
            self.drain(CONFIGURATION, says)


class Tls(Tcp):
    def setUp(self):
        super().setUp()
        self._directory = tempfile.TemporaryDirectory()
        self.addCleanup(self._directory.cleanup)
        self.certificates = Certificates(self._directory.name)

    def sink(self, **options: object) -> TcpSink:
        return super().sink(context=self.certificates.context("localhost", "ca", 1), **options)

    def configure_tcp(self, port: int, host: str = "localhost", **keys: object) -> None:
        tls = {"ca": str(self.certificates.ca)} | keys.pop("tls", {})
        self.configure(archiver="tcp", url=f"tls://{host}:{port}", tls=tls, connect_to="127.0.0.1", **keys)

    test_socat = test_whatever_is_said_to_it = test_the_configuration_is_checked = None

    def test_wrong_name(self):
        self.configure_tcp(self.sink().port, host="elsewhere.example.org")
        self.fill()
        self.drain(UNTRUSTED, "ostname mismatch")

    def test_unknown_authority(self):
        other = Certificates(Path(self._directory.name) / "other")
        self.configure_tcp(self.sink().port, tls={"ca": str(other.ca)})
        self.fill()
        self.drain(UNTRUSTED, "not trusted")

    def test_pinned(self):
        sink = self.sink()
        self.configure_tcp(sink.port, host="elsewhere.example.org",
                           tls={"trust": "pin", "pins": [self.certificates.pin("localhost", "ca", 1)]})
        expected = self.fill()
        self.drain()
        eventually(lambda: len(sink.lines()) >= len(expected), "all lines")

    def test_client_certificate(self):
        context = self.certificates.client_context("localhost", "ca", 1, str(self.certificates.ca))
        sink = TcpSink(context=context)
        self.addCleanup(sink.close)
        certificate, key = self.certificates.pair("collector", "ca")
        self.configure_tcp(sink.port, tls={"certificate": str(certificate), "key": str(key)})
        expected = self.fill()
        self.drain()
        eventually(lambda: len(sink.lines()) >= len(expected), "all lines")

    def test_no_tls_there(self):
        with TcpSink(limit=1) as plain:
            self.configure_tcp(plain.port)
            self.fill()
            self.drain(UNREACHABLE, "TLS with localhost")


class Udp(ArchiverCase):
    def configure_udp(self, port: int, **keys: object) -> None:
        self.configure(archiver="udp", url=f"udp://127.0.0.1:{port}", **keys)

    def test_a_datagram_for_each_message(self):
        with DatagramSink() as sink:
            self.configure_udp(sink.port)
            expected = self.fill(segments=100)
            self.drain()
            eventually(lambda: len(sink.datagrams) >= len(expected), "all datagrams")
            self.assert_exactly(sink.datagrams, expected)

    def test_too_large_ones_are_refused(self):
        with DatagramSink() as sink:
            self.configure_udp(sink.port, payload_size="2000")
            expected = self.fill(segments=3, messages=3, big=3000)
            large = [body for body in expected if len(body) > 2000]
            self.drain()
            small = [body for body in expected if len(body) <= 2000]
            eventually(lambda: len(sink.datagrams) >= len(small), "all small datagrams")
            self.assert_exactly(sink.datagrams, small)
            self.assertEqual(len(large), 1)
            self.assertIn(f"a datagram of {len(large[0])} bytes; payload-size: allows 2000", self.refused())

    def test_larger_than_any_datagram(self):
        with DatagramSink() as sink:
            self.configure_udp(sink.port)
            expected = self.fill(segments=1, messages=3, big=100_000)
            self.drain()
            eventually(lambda: len(sink.datagrams) >= 2, "the others")
            self.assert_exactly(sink.datagrams, expected[:2])
            self.assertIn("payload-size: allows 65507", self.refused())

    def test_for_a_syslog_daemon(self):
        with DatagramSink() as sink:
            self.configure_udp(sink.port, syslog_format="rfc5424")
            expected = self.fill(segments=1)
            self.drain()
            eventually(lambda: len(sink.datagrams) >= len(expected), "all datagrams")
            self.assertEqual([(match := STRUCTURED.fullmatch(each)) and match[10] for each in sink.datagrams], expected)

    def test_nobody_there(self):
        """Where that is told (on this machine at once), nothing leaves the spool."""
        port = free_port(socket.SOCK_DGRAM)
        self.configure_udp(port)
        expected = self.fill(segments=3)
        self.drain(UNREACHABLE, "Connection refused")
        self.assertEqual(len(self.left()), 3)
        with DatagramSink(port=port) as sink:
            self.drain()
            eventually(lambda: len(sink.datagrams) >= len(expected), "all datagrams")
            self.assert_exactly(sink.datagrams, expected)


class Syslog(ArchiverCase):
    def setUp(self):
        super().setUp()
        self.socket = str(self.root.path / "log")

    def configure_syslog(self, **keys: object) -> None:
        self.configure(archiver="syslog", path=self.socket, **keys)

    def test_as_syslog_writes_it(self):
        self.configure_syslog(facility="daemon", severity="warning", identifier="results")
        expected = self.fill(segments=1)
        with DatagramSink(self.socket) as sink:
            self.drain()
            eventually(lambda: len(sink.datagrams) >= len(expected), "all datagrams")
        for datagram, body in zip(sink.datagrams, expected, strict=True):
            self.assertRegex(datagram.removesuffix(body).decode(), r"^<28>[A-Z][a-z]{2} [ 1-3]\d \d\d:\d\d:\d\d results\[\d+\]: $")

    def test_structured(self):
        self.configure_syslog(syslog_format="rfc5424")
        expected = self.fill(segments=2)
        with DatagramSink(self.socket) as sink:
            self.drain()
            eventually(lambda: len(sink.datagrams) >= len(expected), "all datagrams")
        matches = [STRUCTURED.fullmatch(each) for each in sink.datagrams]
        self.assertEqual([match and match[10] for match in matches], expected)
        self.assertEqual(len({match[7] for match in matches}), len(expected))

    def test_somebody_who_reads_slowly(self):
        """The socket's queue is short: what does not fit waits, and nothing is dropped."""
        self.configure_syslog(idle="1h")
        expected = self.fill(segments=30)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
            server.bind(self.socket)
            process = self.start()
            server.settimeout(60)
            got = []
            while len(got) < len(expected):
                got.append(server.recv(1 << 20))
                time.sleep(0.001)
            self.assertEqual([each.split(b": ", 1)[1] for each in got], expected)
            eventually(lambda: not self.left(), "delivery")
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(10), 0)

    def test_the_daemon_comes_later_and_restarts(self):
        self.configure_syslog()
        expected = self.fill(segments=2)
        self.drain(UNREACHABLE, f"{self.socket}: No such file or directory")
        for _ in range(2):
            with DatagramSink(self.socket) as sink:
                self.drain()
                eventually(lambda: len(sink.datagrams) >= len(expected), "all datagrams")
                self.assertEqual([each.split(b": ", 1)[1] for each in sink.datagrams], expected)
            expected = self.fill(segments=2)
            self.drain(UNREACHABLE, "Connection refused")
            Path(self.socket).unlink()

    def test_what_does_not_fit_is_refused(self):
        self.configure_syslog()
        expected = self.fill(segments=1, messages=3, big=20_000_000)
        with DatagramSink(self.socket) as sink:
            self.drain()
            eventually(lambda: len(sink.datagrams) >= 2, "the others")
        self.assertEqual([each.split(b": ", 1)[1] for each in sink.datagrams], expected[:2])
        self.assertRegex(self.refused(), r"a datagram of 2\d{7} bytes; the system takes less")


if __name__ == "__main__":
    unittest.main(verbosity=2)
