#!/usr/bin/python3
"""meshprobe-archive against the RabbitMQ of the distribution."""
import json
import signal
import subprocess
import sys
import time
import unittest
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import rabbitmq  # noqa: E402
from hand import BUILD, LEFT_OVER, SKIPPED, SUCCESS, UNREACHABLE, UNTRUSTED, Root, Run  # noqa: E402

CREDENTIALS, CONFIGURATION = 77, 78
EXCHANGE = "osg.ps.raw"


def eventually(condition, seconds: float = 60, what: str = "") -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"did not happen within {seconds} s: {what}")
        time.sleep(0.05)


class Case(unittest.TestCase):
    broker: rabbitmq.Broker
    settings = "max_message_size = 300000"

    @classmethod
    def setUpClass(cls) -> None:
        cls.broker = rabbitmq.Broker(cls.settings)
        cls.addClassCleanup(cls.broker.__exit__)

    def setUp(self) -> None:
        self.broker.tool("declare-exchange", EXCHANGE, ",", "declare-queue", "all", ",", "bind", "all", EXCHANGE, "perfsonar.raw.#")
        self.addCleanup(self.broker.tool, "delete-exchange", EXCHANGE, ",", "delete-queue", "all")
        self.root = self.make_root()
        self.filled = 0

    def make_root(self, **keys: object) -> Root:
        root = Root()
        self.addCleanup(root.__exit__)
        self.root = root
        self.configure(**keys)
        return root

    def configure(self, **keys: object) -> None:
        archive = {"archiver": "rabbitmq", "url": f"amqp://127.0.0.1:{self.broker.port}/"} | {name.replace("_", "-"): value for name, value in keys.items()}
        self.root.configure(json.dumps({"archives": {"mq": archive}}))

    def credential(self, name: str, text: str) -> None:
        path = self.root.path / "etc/meshprobe/credentials/archive" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def fill(self, segments: int = 10, messages: int = 9, **options: object) -> set[str]:
        """The ids of what is now to be delivered in addition."""
        words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]
        subprocess.run([BUILD / "tests/bin/fill-spool", str(self.root.path), "mq", "--segments", str(segments), "--messages", str(messages),
                        "--start", str(self.filled), *words], check=True, stdout=subprocess.DEVNULL)
        first, self.filled = self.filled, self.filled + segments
        return {f"run{segment:08}-{message}" for segment in range(first, self.filled) for message in range(messages)}

    def left(self, directory: str = "q") -> list[str]:
        return sorted(path.name for path in (self.root.path / "var/lib/meshprobe/spool/mq" / directory).iterdir() if not path.name.startswith("."))

    def drain(self, status: int = SUCCESS, says: str = "") -> Run:
        run = self.root.drain("mq")
        self.assertEqual(run.status, status, run)
        self.assertIn(says, run.stderr)
        return run

    def delivered(self, queue: str = "all") -> Counter:
        return Counter(message["id"] for message in self.broker.take(queue))

    def start(self) -> subprocess.Popen:
        process = subprocess.Popen([BUILD / "bin/meshprobe-archive", "--root", str(self.root.path), "mq"], stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: (process.kill(), process.wait()))
        return process


class Delivery(Case):
    def test_as_consumers_know_it(self):
        ids = self.fill(segments=4, hosts=2)
        self.drain()
        messages = self.broker.take("all")
        self.assertEqual(sorted(message["id"] for message in messages), sorted(ids))
        for message in messages:
            body = json.loads(message["body"])
            self.assertEqual(message["key"], "perfsonar.raw." + body["meta"]["event-type"])
            self.assertEqual((message["mode"], message["type"]), (2, "application/json"))
        self.assertEqual((self.left(), self.left("failed")), ([], []))

    def test_messages_of_many_frames(self):
        ids = self.fill(segments=2, messages=20, points=100, buckets=150)
        self.drain()
        messages = self.broker.take("all")
        self.assertGreater(min(message["size"] for message in messages), 131072)
        self.assertEqual(Counter(message["id"] for message in messages), Counter(ids))
        self.assertTrue(all(len(json.loads(message["body"])["datapoints"]) == 100 for message in messages))

    def test_empty_spool_needs_no_broker(self):
        self.fill(segments=1, messages=1)
        self.drain()
        self.configure(url="amqp://192.0.2.1/")
        self.drain()

    def test_user_password_and_virtual_host(self):
        self.broker.tool("declare-exchange", EXCHANGE)
        self.fill()
        url = f"amqp://collector:p%40ss%2Fword@127.0.0.1:{self.broker.port}/osg%2Fnma"
        self.configure(url=url)
        # that virtual host has no such exchange, which is how we know that we are in it
        self.drain(LEFT_OVER, "osg/nma")
        self.configure(url=url.replace("osg%2Fnma", ""))
        run = self.drain(says="the password stands in the URL")
        self.assertNotIn("p@ss", run.stderr)
        self.assertEqual(self.broker.count("all"), 90)

    def test_password_from_a_credential(self):
        self.configure(url=f"amqp://collector@127.0.0.1:{self.broker.port}/", credential="mq-password")
        self.fill()
        self.drain(CREDENTIALS, "mq-password")  # it is not there yet
        self.credential("mq-password", "wrong\n")
        run = self.drain(CREDENTIALS, 'does not let user "collector" in')
        self.assertIn("10 segments are left", run.stderr)
        self.credential("mq-password", "p@ss/word\n")
        self.drain()
        self.assertEqual(self.broker.count("all"), 90)

    def test_password_as_people_put_it(self):
        self.configure(url=f"amqp://collector@127.0.0.1:{self.broker.port}/", credential="mq-password")
        self.fill(segments=1)
        self.credential("mq-password", "p@ss/word\r\n")
        self.drain()
        of_archives = self.root.path / "etc/meshprobe/credentials/archive/mq-password"
        of_archives.rename(of_archives.parents[1] / "mq-password")
        self.fill(segments=1)
        self.drain()
        self.assertEqual(self.broker.count("all"), 18)

    def test_names_longer_than_the_protocol_takes(self):
        """One such segment must not close the connection again and again, and so hold up all behind it."""
        self.configure(routing_key="perfsonar.raw.{event-type}.{host}")
        self.fill(segments=1, messages=2, domain="x" * 5000)
        ids = self.fill(segments=2, messages=2)
        self.drain(says="longer than 255 bytes")
        self.assertEqual(set(self.delivered()), ids)
        self.assertEqual(self.left(), [])
        self.assertEqual(len(self.left("failed")), 2)

    def test_unknown_virtual_host(self):
        self.configure(url=f"amqp://127.0.0.1:{self.broker.port}/nowhere")
        self.fill()
        self.drain(LEFT_OVER, 'virtual host "nowhere"')

    def test_nobody_there(self):
        free = rabbitmq.free_ports(1)[0]
        self.configure(url=f"amqp://127.0.0.1:{free}/")
        self.fill()
        self.drain(UNREACHABLE, "Connection refused")
        self.assertEqual(len(self.left()), 10)

    def test_missing_exchange(self):
        self.broker.tool("delete-exchange", EXCHANGE)
        ids = self.fill()
        self.drain(LEFT_OVER, f'declare the exchange "{EXCHANGE}"')
        self.assertEqual((len(self.left()), self.left("failed")), (10, []))
        self.broker.tool("declare-exchange", EXCHANGE, ",", "bind", "all", EXCHANGE, "#")
        self.drain()
        self.assertEqual(self.delivered(), Counter(ids))

    def test_message_too_large_stands_alone(self):
        ids = self.fill(segments=5, messages=50, big=300000)
        run = self.drain(says="refused for good")
        self.assertIn("max size", run.stderr)
        delivered = self.delivered()
        self.assertEqual(set(delivered), ids - {"run00000000-49"})
        print(f"  repeated while the bad message was looked for: {delivered.total() - len(delivered)}")
        self.assertEqual(self.left(), [])
        failed = self.left("failed")
        self.assertEqual(len(failed), 2)
        self.assertIn("run00000000-49", (self.root.path / "var/lib/meshprobe/spool/mq/failed" / failed[0]).read_text())
        self.assertIn("max size", (self.root.path / "var/lib/meshprobe/spool/mq/failed" / failed[1]).read_text())


class Unroutable(Case):
    TYPES = "packet-loss-rate,histogram-owdelay,throughput"

    def setUp(self) -> None:
        super().setUp()
        self.broker.tool("delete-queue", "all", ",", "declare-queue", "all")  # without a binding

    def bind(self, key: str) -> None:
        self.broker.tool("bind", "all", EXCHANGE, f"perfsonar.raw.{key}")

    def test_one_key_only_leaves_no_backlog(self):
        self.bind("throughput")
        # throughput comes last: what came back before it must not have been judged too early, nor be kept
        self.fill(segments=30, event_types="packet-loss-rate,histogram-owdelay")
        ids = self.fill(segments=3, event_types="throughput")
        self.fill(segments=30, event_types="histogram-owdelay,packet-loss-rate")
        self.drain()
        self.assertEqual((self.left(), self.left("failed")), ([], []))
        self.assertEqual(self.delivered(), Counter(ids))

    def test_one_key_only_is_remembered(self):
        self.bind("throughput")
        self.fill(event_types=self.TYPES)
        run = self.drain(says="such messages are dropped")
        self.fill(event_types="packet-loss-rate")
        self.assertNotIn("dropped", self.drain().stderr)  # said once
        self.assertEqual((self.left(), self.left("failed")), ([], []))

    def test_nothing_bound_is_no_reason_to_drop(self):
        ids = self.fill(segments=40, event_types=self.TYPES)
        self.drain(LEFT_OVER, "has no queue bound for any of the routing keys")
        self.assertEqual((len(self.left()), self.left("failed")), (40, []))
        self.bind("#")
        self.drain()
        self.assertEqual(self.delivered(), Counter(ids))

    def test_last_binding_gone_is_no_reason_to_drop(self):
        self.bind("throughput")
        self.fill(event_types=self.TYPES)
        self.drain()
        self.broker.tool("delete-queue", "all", ",", "declare-queue", "all")
        ids = self.fill(event_types="throughput")
        self.drain(LEFT_OVER)
        self.bind("throughput")
        self.drain()
        self.assertEqual(self.delivered(), Counter(ids))
        self.assertEqual(self.left(), [])

    def test_retry(self):
        self.configure(unroutable="retry")
        self.bind("throughput")
        ids = self.fill(event_types=self.TYPES)
        self.drain(LEFT_OVER, "routes \"perfsonar.raw.")
        self.assertEqual(self.left("failed"), [])
        self.bind("#")
        self.drain()
        self.assertEqual(set(self.delivered()), ids)
        self.assertEqual(self.left(), [])

    def test_fail(self):
        self.configure(unroutable="fail")
        self.bind("throughput")
        ids = self.fill(event_types=self.TYPES)
        self.drain()
        delivered = self.delivered()
        self.assertEqual(delivered.total(), 30)
        failed = [path for path in (self.root.path / "var/lib/meshprobe/spool/mq/failed").iterdir() if path.suffix != ".reason"]
        kept = {json.loads(line)["id"] for path in failed for line in path.read_text().splitlines() if line.startswith('{"id"')}
        self.assertEqual(kept, ids - set(delivered))

    def test_service_waits_for_a_binding(self):
        ids = self.fill(event_types=self.TYPES)
        process = self.start()
        state = self.root.path / "run/meshprobe/archives/mq"
        eventually(lambda: state.exists() and json.loads(state.read_text())["logins"] == 1, what="login")
        self.bind("#")
        eventually(lambda: not self.left(), what="delivery after the binding")
        self.assertEqual(set(self.delivered()), ids)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(10), 0)


class Tls(Case):
    def configure_tls(self, host: str = "localhost", user: str = "collector:p%40ss%2Fword@", **tls: object) -> None:
        self.configure(url=f"amqps://{user}{host}:{self.broker.tls_port}/", connect_to="127.0.0.1", tls=tls)

    def check_delivers(self) -> None:
        ids = self.fill()
        self.drain()
        self.assertTrue(ids <= set(self.delivered()))

    def test_authority(self):
        self.configure_tls(ca=str(self.broker.certificates.ca))
        self.check_delivers()

    def test_large_messages(self):
        self.configure_tls(ca=str(self.broker.certificates.ca))
        ids = self.fill(segments=3, messages=30, points=100, buckets=100)
        self.drain()
        self.assertEqual(self.delivered(), Counter(ids))

    def test_unknown_authority(self):
        self.configure_tls()
        self.fill()
        self.drain(UNTRUSTED, "certificate is not trusted")
        self.assertEqual(len(self.left()), 10)

    def test_other_name(self):
        self.configure_tls(host="elsewhere.example.org", ca=str(self.broker.certificates.ca))
        self.fill()
        self.drain(UNTRUSTED, "ostname mismatch")

    def test_any(self):
        self.configure_tls(host="elsewhere.example.org", trust="any")
        self.check_delivers()

    def test_pin(self):
        pin = self.broker.certificates.pin("localhost", "ca", 1)
        self.configure_tls(host="elsewhere.example.org", trust="pin", pins=[pin])
        self.check_delivers()
        self.configure_tls(trust="pin", pins=["sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="])
        self.fill()
        self.drain(UNTRUSTED, "not one of tls.pins")

    def test_client_certificate_is_the_identity(self):
        certificate, key = self.broker.certificates.pair("collector", "ca")
        self.credential("collector-cert", certificate.read_text())
        self.credential("collector-key", key.read_text())
        start = len(self.broker.log)
        self.configure_tls(user="", ca=str(self.broker.certificates.ca), certificate="collector-cert", key="collector-key")
        self.check_delivers()
        self.broker.wait_for_log("user 'collector' authenticated", 10, start)

    def test_certificate_of_an_unknown_user(self):
        certificate, key = self.broker.certificates.pair("stranger", "ca")
        self.configure_tls(user="", ca=str(self.broker.certificates.ca), certificate=str(certificate), key=str(key))
        self.fill()
        self.drain(CREDENTIALS, "does not let the client certificate in")

    def test_plain_port(self):
        self.configure(url=f"amqps://localhost:{self.broker.port}/", connect_to="127.0.0.1")
        self.fill()
        self.drain(UNREACHABLE, "no TLS on that port")


class Faults(Case):
    def wait_for_messages(self, at_least: int) -> None:
        eventually(lambda: self.broker.count("all") >= at_least, what=f"{at_least} messages")

    def check_complete(self, ids: set[str], most_repeated: int) -> None:
        delivered = self.delivered()
        repeated = delivered.total() - len(delivered)
        print(f"  {len(ids)} messages, {repeated} of them repeated", flush=True)
        self.assertEqual(set(delivered), ids)
        self.assertLessEqual(repeated, most_repeated)
        self.assertEqual(self.left("failed"), [])

    def restart(self, end) -> None:
        self.configure(window=200)
        ids = self.fill(segments=600, messages=50)
        process = self.start()
        self.wait_for_messages(500)
        end()
        self.assertNotEqual(self.left(), [], "the broker ended too late to test anything")
        self.broker.start()
        eventually(lambda: not self.left(), 120, "the rest delivered")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(10), 0)
        self.check_complete(ids, 200)

    def test_broker_restarted(self):
        self.restart(self.broker.stop)

    def test_broker_killed(self):
        self.restart(self.broker.kill)

    def test_archiver_killed(self):
        self.configure(window=100)
        ids = self.fill(segments=400, messages=50)
        kills = 0
        while self.left():
            before = len(self.left())
            process = self.start()
            eventually(lambda: len(self.left()) < before - 20 or not self.left(), what="some progress")
            process.kill()
            process.wait()
            kills += 1
        self.assertGreater(kills, 3)
        self.check_complete(ids, kills * 150)  # the window, and the segment that was confirmed last

    def test_full_queue(self):
        self.broker.tool("delete-queue", "all", ",", "declare-queue", "all", 40, ",", "bind", "all", EXCHANGE, "#")
        ids = self.fill(segments=10, messages=10)
        self.drain(LEFT_OVER, "basic.nack")
        self.assertEqual(self.left("failed"), [])
        got = self.delivered()
        for _ in range(20):
            if not self.left():
                break
            self.root.drain("mq")
            got += self.delivered()
        self.assertEqual(set(got), ids)
        self.assertEqual(self.left(), [])

    def test_one_login_while_there_is_little_to_do(self):
        self.configure(heartbeat="1s", idle="1h")
        before = self.broker.logins()
        process = self.start()
        for _ in range(4):
            self.fill(segments=1)
            eventually(lambda: not self.left(), what="delivery")
            time.sleep(3)  # the broker gives a silent client up after two heartbeats
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(10), 0)
        self.assertEqual(self.broker.logins() - before, 1)

    def test_ends_when_idle(self):
        self.configure(idle="1s")
        self.fill()
        process = self.start()
        self.assertEqual(process.wait(30), 0)
        self.assertEqual(self.left(), [])
        self.assertEqual(self.broker.count("all"), 90)

    def test_two_archivers(self):
        self.configure(idle="1h")
        self.fill()
        process = self.start()
        eventually(lambda: not self.left(), what="delivery")
        self.drain(LEFT_OVER, "another meshprobe-archive")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(10), 0)


if __name__ == "__main__":
    if reason := rabbitmq.missing():
        print(f"skipped: {reason}")
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
