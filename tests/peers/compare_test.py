#!/usr/bin/python3
"""Archives in shadow, and what meshprobe has compared with what an old collector publishes."""
import json
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import expect  # noqa: E402
import rabbitmq  # noqa: E402
from hand import BUILD, FAILURE, PARTIAL, SKIPPED, SUCCESS, UNREACHABLE, USAGE, Root, Run  # noqa: E402
from legacy_collector import LegacyCollector  # noqa: E402
from simulator import Simulator  # noqa: E402

DAY = 86400
HOST = "127.0.0.2"
EXCHANGE = "osg.ps.raw"


class Case(unittest.TestCase):
    """What the old collector has published, meshprobe has noted down in shadow."""
    port = 1  # where nobody listens

    def setUp(self) -> None:
        self.peers = Simulator({"hosts": [{"name": HOST, "address": HOST, "late": 0.0, "entries": 8}], "history": DAY, "meshes": []})
        self.addCleanup(self.peers.__exit__)
        self.endpoint = self.peers.hosts[HOST]["endpoint"]
        self.peers.mesh_hosts("all", [self.endpoint])
        directory = tempfile.TemporaryDirectory(prefix="compare-")
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        self.old = LegacyCollector(self.directory / "tree")
        self.root = Root()
        self.addCleanup(self.root.__exit__)
        self.configure(shadow=True)

    def configure(self, **keys: object) -> None:
        self.root.configure(json.dumps({
            "meshes": {"all": {"url": self.peers.mesh, "allow-private": True}},
            "archives": {"mq": {"archiver": "rabbitmq", "url": f"amqp://127.0.0.1:{self.port}/"} | keys},
            "tasks": {"default": {"archives": ["mq"], "first-run": "1h"}}}))

    def collect(self) -> None:
        """Both, at about the same time."""
        self.assertEqual(self.root.refresh().status, SUCCESS)
        self.old.run(self.endpoint, time.time())
        run = self.root.probe(self.endpoint)
        self.assertEqual(run.status, SUCCESS, run)

    def drain(self) -> Run:
        run = self.root.drain("mq")
        self.assertEqual(run.status, SUCCESS, run)
        return run

    @property
    def notes(self) -> Path:
        return self.root.path / "var/lib/meshprobe/archive/mq.shadow.db"

    def recorded(self) -> str:
        path = self.directory / "messages"
        self.old.write_messages(path)
        return str(path)

    def compare(self, *arguments: str, status: int) -> dict:
        run = self.root.run("meshprobectl", "compare", *arguments, "--json")
        self.assertEqual(run.status, status, run)
        return json.loads(run.stdout)


class Shadow(Case):
    def test_everything_is_done_but_the_delivery(self):
        self.collect()
        queue = self.root.path / "var/lib/meshprobe/spool/mq/q"
        collected = {found.point for found in expect.from_spool(queue)}
        self.assertGreater(len(collected), 50)
        self.assertIn("nothing is delivered", self.drain().stderr)  # nobody listens at the broker's port
        self.assertEqual(list(queue.iterdir()), [])
        self.assertEqual({found.point for found in expect.from_sqlite(self.notes)}, collected)

    def test_other_formats_are_taken_as_well(self):
        self.configure(shadow=True, format="opensearch", exchange="x")
        self.collect()
        self.drain()
        self.assertEqual(list((self.root.path / "var/lib/meshprobe/spool/mq/q").iterdir()), [])

    def test_a_local_archive_in_shadow_stays_as_it_is(self):
        self.root.configure(json.dumps({"meshes": {"all": {"url": self.peers.mesh, "allow-private": True}}, "archives": {"local": {"shadow": True}}}))
        self.collect()
        self.assertEqual(self.root.drain().status, SUCCESS)
        self.assertFalse(self.root.database.exists())
        self.assertTrue((self.root.path / "var/lib/meshprobe/archive/local.shadow.db").exists())

    def test_status_says_so(self):
        archives = json.loads(self.root.run("meshprobectl", "status", "--json").stdout)["archives"]
        self.assertEqual({each["archive"]: each["shadow"] for each in archives}, {"local": False, "mq": True})
        self.assertIn("in shadow", self.root.run("meshprobectl", "status").stdout)


class Files(Case):
    def test_no_difference(self):
        self.collect()
        self.drain()
        answer = self.compare(self.recorded(), status=SUCCESS)
        self.assertGreater(answer["both"], 50)
        self.assertEqual((answer["only-here"], answer["only-there"], answer["rows"]), (0, 0, []))

    def test_what_is_missing_there_and_what_is_missing_here(self):
        self.collect()
        self.drain()
        lost = next(message for message in self.old.messages if message["meta"]["event-type"] == "packet-loss-rate")
        self.old.messages.remove(lost)
        more = next(message for message in self.old.messages if message["meta"]["event-type"] == "packet-count-sent")
        ts = int(more["meta"]["ts_start"]) + 7
        more["datapoints"][str(ts)] = 1
        answer = self.compare(self.recorded(), status=FAILURE)
        self.assertEqual((answer["only-here"], answer["only-there"]), (len(lost["datapoints"]), 1))
        self.assertEqual({row["host"] for row in answer["rows"]}, {self.endpoint})
        self.assertEqual({row["event-type"] for row in answer["rows"] if row["only-here"]}, {"packet-loss-rate"})
        only_there = [row for row in answer["rows"] if row["only-there"]]
        self.assertEqual([(row["event-type"], row["hour"]) for row in only_there],
                         [("packet-count-sent", time.strftime("%Y-%m-%dT%H:00:00Z", time.gmtime(ts)))])
        table = self.root.run("meshprobectl", "compare", self.recorded())
        self.assertEqual(table.status, FAILURE)
        self.assertIn("ONLY HERE", table.stdout)

    def test_nothing_of_ours(self):
        self.old.run(self.endpoint, time.time())
        answer = self.compare(self.recorded(), status=FAILURE)
        self.assertEqual((answer["both"], answer["only-here"]), (0, 0))
        self.assertGreater(answer["only-there"], 50)

    def test_nonsense_among_the_messages(self):
        self.collect()
        self.drain()
        path = Path(self.recorded())
        path.write_text('{"meta": \n' + path.read_text())
        self.assertEqual(self.compare(str(path), status=PARTIAL)["refused-messages"], 1)
        path.write_text("nonsense\n")
        self.assertEqual(self.root.run("meshprobectl", "compare", str(path)).status, USAGE)

    def test_only_a_range(self):
        self.collect()
        self.drain()
        until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 600))
        everything = self.compare(self.recorded(), "--all", status=SUCCESS)
        ranged = self.compare(self.recorded(), "--until", until, "--all", status=SUCCESS)
        self.assertLess(0, ranged["both"])
        self.assertLess(ranged["both"], everything["both"])


class Queues(Case):
    broker: rabbitmq.Broker

    @classmethod
    def setUpClass(cls) -> None:
        cls.broker = rabbitmq.Broker()
        cls.addClassCleanup(cls.broker.__exit__)
        cls.port = cls.broker.port

    def setUp(self) -> None:
        super().setUp()
        self.broker.tool("declare-exchange", EXCHANGE, ",", "declare-queue", "consumer", ",", "bind", "consumer", EXCHANGE, "perfsonar.raw.#")
        self.addCleanup(self.broker.tool, "delete-exchange", EXCHANGE, ",", "delete-queue", "consumer")

    def listen(self, *arguments: str) -> subprocess.Popen:
        process = subprocess.Popen([BUILD / "bin/meshprobectl", "--root", self.root.path, "compare", *arguments, "--json"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (process.kill(), process.wait(), process.stdout.close(), process.stderr.close()))
        self.assertIn("listening", process.stderr.readline())
        return process

    def ended(self, process: subprocess.Popen, status: int) -> dict:
        time.sleep(1)  # what was published is on its way
        process.send_signal(signal.SIGINT)
        answer, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, status, errors + answer)
        return json.loads(answer)

    def test_the_consumers_get_everything_and_we_deliver_nothing(self):
        process = self.listen("--amqp", f"amqp://127.0.0.1:{self.port}")
        self.collect()
        self.drain()
        self.assertEqual(self.broker.count("consumer"), 0)
        self.broker.tool("publish", EXCHANGE, self.recorded())
        answer = self.ended(process, SUCCESS)
        self.assertEqual(answer["messages"], len(self.old.messages))
        self.assertGreater(answer["both"], 50)
        self.assertEqual(self.broker.count("consumer"), len(self.old.messages))

    def test_a_difference(self):
        process = self.listen("--amqp", "mq")
        self.collect()
        self.drain()
        lost = next(message for message in self.old.messages if message["meta"]["event-type"] == "packet-loss-rate")
        self.old.messages.remove(lost)
        self.broker.tool("publish", EXCHANGE, self.recorded())
        answer = self.ended(process, FAILURE)
        # Of a series that did not come at all, what others of its kind let expect: nothing from before the first of them.
        first = min(int(ts) for message in self.old.messages if message["meta"]["event-type"] == "packet-loss-rate"
                    for ts in message["datapoints"])
        missed = [ts for ts in lost["datapoints"] if int(ts) >= first]
        self.assertGreater(len(missed), 0)
        self.assertEqual((answer["only-here"], answer["only-there"]), (len(missed), 0))

    def test_it_ends_by_itself(self):
        self.assertEqual(self.root.run("meshprobectl", "compare", "--amqp", "mq", "--for", "1s", timeout=60).status, USAGE)

    def test_no_such_exchange_and_no_broker(self):
        run = self.root.run("meshprobectl", "compare", "--amqp", "mq", "--exchange", "nothing")
        self.assertEqual(run.status, UNREACHABLE)
        self.assertIn('exchange "nothing"', run.stderr)
        run = self.root.run("meshprobectl", "compare", "--amqp", "amqp://127.0.0.1:1")
        self.assertIn("Connection refused", run.stderr)

    def test_the_broker_goes_away(self):
        process = self.listen("--amqp", "mq")
        self.broker.kill()
        answer, errors = process.communicate(timeout=60)
        self.assertNotEqual(process.returncode, SUCCESS)
        self.assertIn("missed", errors)
        self.broker.start()


if __name__ == "__main__":
    if why := rabbitmq.missing():
        print(f"skipped: {why}")
        sys.exit(SKIPPED)
    unittest.main()
