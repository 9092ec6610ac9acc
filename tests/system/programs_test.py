#!/usr/bin/python3
"""Limit documents and jq programs, run by real services: the child that runs them lives in the unit's sandbox."""
import json

from sandbox import SystemTest, main

PARTIAL = "151"
DOCUMENT = "/etc/meshprobe/limits.conf"
RUN_NEWS = "MESSAGE_ID=3ceaaf308142c8ea91d93080f9b439fc"

POLICY = """\
{
    "schema": 4,
    "limits": [
        {
            "name": "rtt-only", "description": "", "type": "jq",
            "data": {"script": "SCRIPT"}
        }
    ],
    "identifiers": [{"name": "all", "description": "", "type": "always", "data": {}}],
    "classifiers": [{"name": "everybody", "description": "", "identifiers": ["all"]}],
    "applications": [{"classifier": "everybody", "apply": [{"require": "all", "limits": ["rtt-only"]}]}]
}
"""
GOOD = '.test.type == \\"rtt\\"'

CONFIGURATION = """\
limits:
  policy: {type: pscheduler, file: %s, action: flag}
  quiet: {type: event-type, deny: [packet-trace*, failures, pscheduler-run-href]}
transforms:
  short:
    script:
      - 'import "pscheduler/iso8601" as iso;'
      - '{source: .meta.input_source, type: .meta."event-type", n: (.datapoints | length),'
      - ' flagged: .meta.limits, per: iso::duration_as_seconds($per)}'
    args: {per: PT1M}
archives:
  # Nobody answers there: what would be sent stays in the spool, where it can be looked at.
  few: {archiver: rabbitmq, url: "amqp://192.0.2.250/", exchange: x, routing-key: k, transform: short}
tasks:
  default: {limits: [policy, quiet], archives: [local, few]}
  plain: {interval: 10s, event-types: [throughput], archives: [local]}
""" % DOCUMENT


class Programs(SystemTest):
    hosts = 2
    unlisted = 0
    settings = {"tests": ["rtt", "throughput", "trace"], "entries": 3}

    def document(self, script):
        self.sandbox.write(DOCUMENT, POLICY.replace("SCRIPT", script))

    def messages(self, archive):
        text = self.sandbox.run("meshprobectl", "spool", "export", archive, "-")
        return [json.loads(line)["body"] for line in text.splitlines()]

    def test_they_run_in_the_sandbox_of_the_service(self):
        self.document(GOOD)
        self.configure(CONFIGURATION, "programs")
        self.start()
        names = {spec["name"] for spec in self.specs}
        self.eventually("all hosts delivered", lambda: {row[0] for row in self.query(
            "SELECT DISTINCT host FROM results WHERE event_type = 'packet-loss-rate-bidir'")} == names)

        # Limited and flagged, as the local archive has it.
        types = {row[0] for row in self.query("SELECT DISTINCT event_type FROM results")}
        self.assertTrue({"packet-loss-rate-bidir", "throughput"} <= types, types)
        self.assertFalse(types & {"packet-trace", "packet-trace-multi", "failures", "pscheduler-run-href"}, types)
        flagged = {tuple(row) for row in self.query("SELECT DISTINCT event_type, flagged_by FROM results")}
        self.assertIn(("throughput", "policy"), flagged)
        self.assertIn(("packet-loss-rate-bidir", None), flagged)
        self.assertFalse([row for row in flagged if row[0] == "packet-loss-rate-bidir" and row[1]], flagged)
        counted = [int(entry["MESHPROBE_FLAGGED"]) for entry in self.journal(RUN_NEWS, "MESHPROBE_TASK=default")]
        self.assertGreater(sum(counted), 0)

        # Transformed, as the other archive would get it.
        self.eventually("both hosts are in the spool", lambda: {body["source"] for body in self.messages("few")} != set())
        bodies = self.messages("few")
        self.assertEqual({tuple(sorted(body)) for body in bodies}, {("flagged", "n", "per", "source", "type")})
        self.assertEqual({body["per"] for body in bodies}, {60})
        self.assertEqual({(body["type"] == "throughput", body["flagged"] == ["policy"]) for body in bodies
                          if body["type"] in ("throughput", "packet-loss-rate-bidir")}, {(True, True), (False, False)})
        self.assertNotIn("transform", self.sandbox.run("meshprobectl", "gaps"))

        # In the sandbox that the unit describes, and nothing of it was in the way.
        for name in sorted(names):
            unit = f"meshprobe@{name}.service"
            self.assertEqual(self.show(unit, "MemoryDenyWriteExecute"), "yes")
            self.assertNotIn("setrlimit", self.show(unit, "SystemCallFilter").split())
            self.assertEqual(self.show(unit, "Result"), "success")
        self.assertEqual(self.sandbox.run("meshprobectl", "check").strip(), "No problems found.")

        # What the unit forbids is forbidden to the child as well; and without its bounds it runs nothing.
        self.sandbox.write(f"/etc/systemd/system/{unit}.d/forbid.conf", "[Service]\nSystemCallFilter=~prlimit64\n")
        self.systemctl("daemon-reload")
        self.eventually("it says what is forbidden", lambda: [entry for entry in self.journal("-u", unit)
                                                            if "its bounds cannot be set: Operation not permitted" in str(entry["MESSAGE"])])
        self.assertEqual(self.show(unit, "ExecMainStatus"), PARTIAL)

    def test_a_broken_one_stops_what_uses_it_and_nothing_else(self):
        self.document(GOOD + " and")
        self.configure(CONFIGURATION, "programs")
        self.assertEqual(self.sandbox.status_of("meshprobectl", "check"), 1)
        told = self.sandbox.run("meshprobectl", "check", check=False)
        self.assertRegex(told, rf"{DOCUMENT}:6:32: /limits/0/data/script: .*\[task default collects nothing\]")
        self.start()
        name = self.specs[0]["name"]
        self.eventually("the other task delivers", lambda: self.query("SELECT DISTINCT event_type FROM results") == [["throughput"]])
        unit = f"meshprobe@{name}.service"
        self.eventually("the broken one says why", lambda: [entry for entry in self.journal("-u", unit)
                                                           if f"{DOCUMENT}: /limits/0/data/script" in str(entry["MESSAGE"])])
        self.assertEqual(self.messages("few"), [])
        self.document(GOOD)
        self.eventually("mended, nothing is missing", lambda: self.query(
            "SELECT DISTINCT event_type FROM results WHERE event_type = 'packet-loss-rate-bidir'"), timeout=60)


if __name__ == "__main__":
    main()
