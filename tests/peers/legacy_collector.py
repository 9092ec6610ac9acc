"""The collector before this one, as far as its archives and its successor can tell: what it asks, publishes and remembers.

    old = LegacyCollector(directory)                  # tmpdirectory
    old.run("127.0.0.2:8443", at=time.time())         # one cycle of one host
    old.messages                                      # what it has published, as consumers see it

Followed is ps-collector of 2019 to 2022: https first, then http; a metadata search from 1600 s ago; each allowed event type of
each entry from its checkpoint, else from 1600 s ago, until now, in pages of 1000; at most 200 points a message; then the
checkpoint, METRIC/HOST/METADATA-KEY, {"event type": last published + 1}. RSV keeps the same files and writes them in place.
"""
from __future__ import annotations

import json
import os
import ssl
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from data_model import THIRTEEN

PS_COLLECTOR = "org.osg.general.perfsonar-rabbitmq-simple"
LOOK_BACK, PAGE, CHUNK = 1600, 1000, 200
META = ("subject-type", "source", "destination", "tool-name", "measurement-agent", "input-source", "input-destination")


class LegacyCollector:
    def __init__(self, directory: str | Path, metric: str = PS_COLLECTOR, in_place: bool = False, event_types: tuple = THIRTEEN):
        self.directory = Path(directory)
        self.metric, self.in_place, self.event_types = metric, in_place, event_types
        self.messages: list[dict] = []
        self.context = ssl._create_unverified_context()

    @property
    def tree(self) -> Path:
        return self.directory / self.metric

    def run(self, host: str, at: float) -> None:
        until = int(at)
        since = until - LOOK_BACK
        base = f"https://{host}"
        try:
            entries = self.search(base, since)
        except urllib.error.URLError as error:
            if isinstance(error, urllib.error.HTTPError):
                raise
            base = f"http://{host}"
            entries = self.search(base, since)
        for entry in entries:
            self.collect(host, base, entry, since, until)

    def get(self, url: str) -> list:
        with urllib.request.urlopen(url, timeout=20, context=self.context) as answer:
            return json.load(answer)

    def search(self, base: str, since: int) -> list[dict]:
        entries: list[dict] = []
        while True:
            page = self.get(f"{base}/esmond/perfsonar/archive/?time-start={since}&offset={len(entries)}")
            entries += page
            if not page or len(entries) >= page[0]["metadata-count-total"]:
                return entries

    def collect(self, host: str, base: str, entry: dict, since: int, until: int) -> None:
        path = self.tree / host / entry["metadata-key"]
        starts = json.loads(path.read_text()) if path.exists() else {}
        points: dict[str, list] = {}
        for each in entry["event-types"]:
            event_type = each["event-type"]
            start = starts.get(event_type, since)
            if event_type in self.event_types and start <= until:
                points[event_type] = self.points(base + each["base-uri"], start, until)
        while any(points.values()):
            for event_type, left in points.items():
                chunk, points[event_type] = left[:CHUNK], left[CHUNK:]
                if chunk:
                    self.publish(entry, event_type, chunk)
                    starts[event_type] = max(starts.get(event_type, 0), chunk[-1]["ts"] + 1)
            self.remember(path, starts)

    def points(self, url: str, start: int, until: int) -> list[dict]:
        points: list[dict] = []
        while start <= until:
            page = self.get(f"{url}?time-start={start}&time-end={until}&limit={PAGE}")
            points += page
            if len(page) < PAGE:
                break
            start = page[-1]["ts"] + 1
        return sorted(points, key=lambda point: point["ts"])

    def publish(self, entry: dict, event_type: str, chunk: list[dict]) -> None:
        meta = {name.replace("-", "_"): entry.get(name) for name in META}
        meta |= {"org_metadata_key": entry["metadata-key"], "event-type": event_type, "summaries": 0, "ts_start": chunk[0]["ts"]}
        self.messages.append({"meta": meta, "version": 2, "datapoints": {str(point["ts"]): point["val"] for point in chunk}})

    def remember(self, path: Path, starts: dict) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if self.in_place:
            path.write_text(json.dumps(starts))
            return
        handle, temporary = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "w") as file:
            json.dump(starts, file)
        os.rename(temporary, path)

    def write_messages(self, path: Path) -> None:
        """JSON Lines, as they were recorded from a queue."""
        path.write_text("".join(json.dumps(message) + "\n" for message in self.messages))
