#!/usr/bin/python3
"""Archives of one task that want different bodies, from a simulated measurement host to the spools.

    MESHPROBE_BINARY_DIR=DIR format_test.py [unittest arguments]
"""
from __future__ import annotations

import json
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from probe_test import DAY, HOUR, MINUTE, SUCCESS, ProbeTest  # noqa: E402


def broker(**settings) -> dict:
    return {"archiver": "rabbitmq", "url": "amqp://collector@127.0.0.1/x", "exchange": "x"} | settings


class Formats(ProbeTest):
    def configure_archives(self, archives: dict, transforms: dict | None = None) -> None:
        (self.root / "etc/meshprobe").mkdir(parents=True, exist_ok=True)
        (self.root / "etc/meshprobe/meshprobe.yaml").write_text(json.dumps(
            {"archives": archives, "transforms": transforms or {},
             "tasks": {"default": {"archives": {"local": True} | {name: True for name in archives}}}}))

    def spooled(self, archive: str) -> tuple[str, list[tuple[dict, str]]]:
        """The format, and each message with what stands in front of its body."""
        form, messages = "", []
        for segment in sorted((self.root / "var/lib/meshprobe/spool" / archive / "q").iterdir()):
            lines = segment.read_text("ascii").splitlines()
            form = json.loads(lines[0])["format"]
            messages += [(json.loads(head), body) for head, body in zip(lines[1:-1:2], lines[2:-1:2])]
        return form, messages

    def points(self) -> dict[tuple[str, str, int], object]:
        """By key, event type and time, of the archive with format raw."""
        form, messages = self.spooled("local")
        self.assertEqual(form, "raw")
        bodies = [json.loads(body) for _, body in messages]
        return {(body["meta"]["org_metadata_key"], body["meta"]["event-type"], int(ts)): value
                for body in bodies for ts, value in body["datapoints"].items()}

    def test_each_archive_gets_its_own_form_of_the_same_points(self) -> None:
        self.simulate(until=int(time.time()) - 2 * HOUR)
        self.configure_archives({name: broker(format=name) for name in ("lines", "esmond", "pscheduler", "opensearch")})
        run = self.run_probe()
        self.assertEqual(run.code, SUCCESS, run.text)
        self.assert_collected(-DAY + MINUTE, -2 * HOUR)
        points = self.points()

        form, lines = self.spooled("lines")
        self.assertEqual(form, "lines")
        self.assertEqual(len(lines), len(points))
        for head, body in lines:
            measurement, tags = body.split(" ")[0].split(",", 1)
            key = dict(tag.split("=", 1) for tag in tags.split(","))["metadata_key"]
            self.assertEqual(head["event-type"], measurement)
            value = points[key, measurement, int(body.rsplit(" ", 1)[1]) // 10**9]
            if isinstance(value, float):
                self.assertIn(f" value={value!r} ", body)

        _, messages = self.spooled("esmond")
        found = {(body["org-metadata-key"], value["event-type"], point["ts"]): value["val"]
                 for body in (json.loads(body) for _, body in messages) for point in body["data"] for value in point["val"]}
        self.assertEqual(found.keys(), points.keys())
        for key, value in found.items():
            if isinstance(value, dict) and "numerator" in value:
                value = value["numerator"] / value["denominator"]
            self.assertEqual(value, points[key])

        _, messages = self.spooled("pscheduler")
        self.assertEqual(len({json.loads(body)["id"] for _, body in messages}), len(points))
        _, messages = self.spooled("opensearch")
        found = {(body["pscheduler"]["test_checksum"], body["event_type"]) for body in (json.loads(body) for _, body in messages)}
        self.assertEqual(found, {key[:2] for key in points})

    def test_a_transform_changes_what_one_archive_gets(self) -> None:
        self.simulate(until=int(time.time()) - 2 * HOUR)
        script = 'if .meta."event-type" != $only then null else {n: (.datapoints | length)} end'
        self.configure_archives({"few": broker(transform="few")}, {"few": {"script": script, "args": {"only": "throughput"}}})
        run = self.run_probe()
        self.assertEqual(run.code, SUCCESS, run.text)
        form, messages = self.spooled("few")
        self.assertEqual(form, "raw+few")
        wanted = [key for key in self.points() if key[1] == "throughput"]
        self.assertGreater(len(wanted), 0)
        self.assertEqual(sum(json.loads(body)["n"] for _, body in messages), len(wanted))

    def test_a_transform_that_fails_is_told_and_leaves_a_gap(self) -> None:
        self.simulate(until=int(time.time()) - 2 * HOUR)
        self.configure_archives({"few": broker(transform="bad")}, {"bad": {"script": 'if .version == 2 then error("no use") else . end'}})
        run = self.run_probe()
        self.assertEqual(run.code, SUCCESS, run.text)
        self.assertIn("transform bad", run.text)
        self.assertIn("no use", run.text)
        self.assertEqual(self.spooled("few")[1], [])
        self.assert_collected(-DAY + MINUTE, -2 * HOUR)


if __name__ == "__main__":
    unittest.main()
