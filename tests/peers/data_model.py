"""What the simulated measurement hosts have measured: a pure function of host, series and time.

The servers (archive_api.py, pscheduler_api.py, opensearch_api.py) and the checker (expect.py) all ask this module, so
"which points must have arrived" has one answer. Nothing is stored; two processes with the same host specification
agree on every byte. The numbers of a run are in measured.py; here they become the points of an archive.

A metadata entry is a repeated test. Each of its runs, at ts = phase + n * interval, is missing, failed (one
`failures` point) or successful (a point for each of the test's event types). All points of a run arrive at the
archive together: after its duration and an upload delay, some much later (`late`). A point is visible at server
time `now` once it has arrived.
"""
from __future__ import annotations

import functools
import hashlib
import json
import uuid
from collections import Counter
from dataclasses import dataclass, field, replace

from measured import METRICS, Measurements, draw, hash_text, mix, seed_of

# The thirteen event types that collectors ask for unless told otherwise.
THIRTEEN = ("packet-loss-rate", "packet-trace", "packet-retransmits", "throughput", "throughput-subintervals",
            "failures", "packet-count-sent", "packet-count-lost", "histogram-owdelay", "histogram-ttl",
            "packet-retransmits-subintervals", "packet-loss-rate-bidir", "packet-count-lost-bidir")

# Event types that a successful run of each test type yields, as pScheduler's esmond archiver maps its result.
RESULTS = {
    "latencybg": ("packet-loss-rate", "packet-count-sent", "packet-count-lost", "packet-duplicates", "packet-reorders",
                  "histogram-owdelay", "histogram-ttl", "time-error-estimates"),
    "rtt": ("histogram-rtt", "histogram-ttl-reverse", "packet-loss-rate-bidir", "packet-count-sent", "packet-count-lost-bidir",
            "packet-duplicates-bidir", "packet-reorders-bidir"),
    "trace": ("packet-trace", "path-mtu"),
}
COUNTS = ("packet-loss-rate", "packet-count-sent", "packet-count-lost")
# Listed by elmond because the test type could have them; there is never a point (or, for the last, an error).
ELMOND_EMPTY = {"throughput": COUNTS, "rtt": ("histogram-rtt", "histogram-ttl-reverse")}
ELMOND_LACKS = ("packet-rtt", "tcp-windowsize")  # whole families
ALWAYS = ("failures", "pscheduler-run-href")
TOOLS = {"latencybg": "powstream", "throughput": "iperf3", "rtt": "ping", "trace": "tracepath"}
# What pScheduler's esmond archiver writes if a failed run does not say why.
UNSPECIFIED = "The test failed for an unspecified reason. See the server logs of the testing host(s)."
INTERVALS = {"latencybg": 60, "throughput": 3600, "rtt": 300, "trace": 600}
DURATIONS = {"latencybg": 60, "throughput": 30, "rtt": 10, "trace": 15}
SUMMARIES = {"throughput": [("average", 86400)], "packet-loss-rate": [("aggregation", 300), ("aggregation", 3600), ("aggregation", 86400)],
             "histogram-owdelay": [("aggregation", 300), ("statistics", 0), ("statistics", 300)]}


def statistics_of(histogram: dict[str, int]) -> dict[str, object]:
    """Of a histogram, as esmond: percentiles interpolated at p(n+1)/100, population variance."""
    values = sorted((float(bucket), count) for bucket, count in histogram.items())
    samples = [value for value, count in values for _ in range(count)]
    mean = sum(samples) / len(samples)
    variance = sum((sample - mean) ** 2 for sample in samples) / len(samples)

    def percentile(share: int) -> float:
        place = min(max(share * (len(samples) + 1) / 100, 1), len(samples))
        below = samples[int(place) - 1]
        return below + (samples[min(int(place), len(samples) - 1)] - below) * (place - int(place))

    most = max(count for _, count in values)
    return {"minimum": samples[0], "maximum": samples[-1], "mean": mean, "median": percentile(50), "percentile-25": percentile(25),
            "percentile-75": percentile(75), "percentile-95": percentile(95), "variance": variance,
            "standard-deviation": variance ** 0.5, "mode": [value for value, count in values if count == most]}


def result_types(test: str, udp: bool, parallel: int) -> tuple[str, ...]:
    """Event types of a successful run."""
    if test != "throughput":
        return RESULTS[test]
    series = [kind for metric in (("throughput",) if udp else METRICS) for kind in (metric, f"{metric}-subintervals")]
    return (*series, *(f"streams-{kind}" for kind in series if parallel > 1), *(COUNTS if udp else ()))


@dataclass(frozen=True)
class Entry:
    """One metadata document: a test that is repeated for ever."""
    index: int
    key: str
    test: str
    interval: int
    duration: int
    phase: int
    seed: int
    source: str
    destination: str
    input_source: str
    input_destination: str
    checksum: str      # 64 digits: the key of elmond, and of the documents in OpenSearch
    types: tuple       # event types that its successful runs have points of
    udp: bool = False      # throughput
    parallel: int = 1      # throughput: streams
    ip_version: int = 0    # that the test asks for; 0: it does not say
    until: int = 0    # last ts there is; 0: goes on as long as the host does
    failing: int = 0  # from this ts on each run fails; 0: never

    @property
    def multi(self) -> bool:
        """One long run in the background has many results (pScheduler's class background-multi)."""
        return self.test == "latencybg"

    @property
    def task(self) -> str:
        """Id of its pScheduler task."""
        return str(uuid.UUID(hex=self.checksum[32:], version=4))

    def first_run_at_or_after(self, ts: int) -> int:
        return ts + (self.phase - ts) % self.interval


@dataclass
class HostData:
    """The measurements of one host. The fields are the keys of a host specification in the simulator's JSON."""
    name: str
    flavour: str = "esmond"       # of its archive API: esmond (2.x), esmond1 (1.x), elmond
    faces: list | None = None     # what it serves of "esmond" (or "elmond"), "pscheduler", "opensearch"; default: its archive API only
    entries: int = 4              # metadata documents
    tests: list = field(default_factory=lambda: ["latencybg", "throughput", "rtt", "trace"])
    interval: int = 0             # between runs; 0: as usual for the test type
    duration: int = -1            # of a run; -1: as usual for the test type
    since: int = 0                # first ts there is
    until: int = 0                # last ts there is; 0: goes on for ever
    missing: float = 0.02         # share of runs that left nothing
    failed: float = 0.03          # share of runs that left a failure
    late: float = 0.05            # share of runs that arrive late ...
    late_max: int = 1800          # ... by up to so many seconds
    nulls: float = 0.1            # elmond: share of rows whose value is null, dropped after `limit` was applied
    buckets: int = 40             # of a histogram
    pairs: list = field(default_factory=list)  # instead of `entries` made up: {"test", "destination"} and, if not as usual,
                                  # "source", "input-source", "input-destination", "interval", "phase", "until", "failing",
                                  # "ip-version", and of a throughput test "udp", "parallel"
    keep_runs_tasks: int = 2 * 86400  # pScheduler forgets a run so many seconds after its end
    utc_offset: int = 0           # of the times that pScheduler writes, seconds
    seed: str = ""                # other seed, other data; a renamed host keeps its data with the seed of its old name

    def __post_init__(self) -> None:
        archive = "elmond" if self.elmond else "esmond"
        self.faces = [archive] if self.faces is None else list(self.faces)
        if unknown := set(self.faces) - {archive, "pscheduler", "opensearch"}:
            raise ValueError(f"{self.name}: an {self.flavour} host has no face {sorted(unknown)}")
        self._identity = self.seed or self.name
        self.measured = Measurements(self._identity, self.buckets)
        self.documents = [self._entry(i, pair) for i, pair in enumerate(self.pairs or [{}] * self.entries)]
        self.by_key = {entry.key: entry for entry in self.documents}
        self._arrivals: tuple[int, dict] = (0, {})  # of the current second

    @property
    def elmond(self) -> bool:
        return self.flavour == "elmond"

    def _entry(self, index: int, pair: dict) -> Entry:
        seed = seed_of(self._identity, "entry", index)
        test = pair.get("test") or self.tests[index % len(self.tests)]
        interval = pair.get("interval") or self.interval or INTERVALS[test]
        digest = hashlib.sha256(f"{self._identity} {index}".encode()).hexdigest()
        version, udp, parallel = pair.get("ip-version", 0), pair.get("udp", False), pair.get("parallel", 1)
        types = result_types(test, udp, parallel)
        if self.elmond:
            types = tuple(t for t in types if t not in ELMOND_EMPTY.get(test, ()) and not any(family in t for family in ELMOND_LACKS))
        source, destination = (f"203.0.113.{seed % 250 + 1}", f"198.18.{index >> 8 & 255}.{index & 255}") if version != 6 else \
            (f"2001:db8:1::{seed % 250 + 1:x}", f"2001:db8:2::{index + 1:x}")
        return Entry(index, digest if self.elmond else digest[:32], test, interval,
                     self.duration if self.duration >= 0 else min(DURATIONS[test], interval),
                     pair.get("phase", seed % interval), seed,
                     pair.get("source", source), pair.get("destination", destination),
                     pair.get("input-source", self.name), pair.get("input-destination", f"peer{index}.example.net"),
                     digest, types, udp, parallel, version, pair.get("until", 0), pair.get("failing", 0))

    @functools.cached_property
    def mapped(self) -> "HostData":
        """The same runs in the archive that pScheduler's esmond archiver would have filled with their results."""
        return self if self.flavour == "esmond" else replace(self, flavour="esmond", faces=None)

    # -- runs ---------------------------------------------------------------------------------------------

    def outcome(self, entry: Entry, ts: int) -> str:
        """Of the run at ts: missing, failed or done."""
        if entry.failing and ts >= entry.failing:
            return "failed"
        share = mix(entry.seed, ts) % 10000 / 10000
        return "missing" if share < self.missing else "failed" if share < self.missing + self.failed else "done"

    def arrival(self, entry: Entry, ts: int) -> int:
        """When the results of the run at ts reach the archive, in the host's time."""
        h = mix(entry.seed ^ 0xA55A, ts)
        late = (h >> 32) % self.late_max if self.late_max and h % 10000 < self.late * 10000 else 0
        return ts + entry.duration + (h >> 16) % 5 + late

    def runs(self, entry: Entry, since: int, until: int):
        """ts of all runs in [since, until], ascending, the missing ones included."""
        for end in (self.until, entry.until):
            until = min(until, end) if end else until
        return range(entry.first_run_at_or_after(max(since, self.since)), until + 1, entry.interval)

    # -- series -------------------------------------------------------------------------------------------

    def event_types(self, entry: Entry) -> list[str]:
        """As the document lists them."""
        return [*entry.types, *(ELMOND_EMPTY.get(entry.test, ()) if self.elmond else ()), *ALWAYS]

    def selects(self, entry: Entry, event_type: str, outcome: str) -> bool:
        """Whether a run that ended so has a row for the event type (on elmond its value may still be null)."""
        if event_type == "failures":
            return outcome == "failed"
        if event_type == "pscheduler-run-href":
            return outcome == "done" or (outcome == "failed" and not self.elmond)
        return outcome == "done" and event_type in entry.types

    def is_null(self, entry: Entry, event_type: str, ts: int) -> bool:
        """elmond only: the row is there and counts against `limit`, but has no value."""
        if not self.elmond or event_type in ALWAYS:
            return False
        return mix(entry.seed ^ hash_text(event_type), ts) % 10000 < self.nulls * 10000

    def rows(self, entry: Entry, event_type: str, since: int, until: int, now: int, limit: int | None = None):
        """(ts, JSON text of the value or None) of what is visible at `now`, ascending, at most `limit`."""
        found = []
        for ts in self.runs(entry, since, min(until, now)):
            if self.arrival(entry, ts) > now or not self.selects(entry, event_type, self.outcome(entry, ts)):
                continue
            found.append((ts, None if self.is_null(entry, event_type, ts) else self.value(entry, event_type, ts)))
            if limit is not None and len(found) >= limit:
                break
        return found

    def points(self, entry: Entry, event_type: str, since: int, until: int, now: int) -> dict[int, str]:
        return {ts: value for ts, value in self.rows(entry, event_type, since, until, now) if value is not None}

    def last_update(self, entry: Entry, event_type: str, now: int) -> int | None:
        """Arrival of the newest result, None if nothing arrived yet. All types of a run arrive together, so it is
        worked out once for the successful and once for the failed runs of an entry."""
        outcomes = [outcome for outcome in ("done", "failed") if self.selects(entry, event_type, outcome)]
        arrivals = [arrival for outcome in outcomes if (arrival := self._last_arrival(entry, outcome, now)) is not None]
        return max(arrivals, default=None)

    def _last_arrival(self, entry: Entry, outcome: str, now: int) -> int | None:
        if self._arrivals[0] != now:
            self._arrivals = now, {}
        known = self._arrivals[1]
        if (entry.index, outcome) in known:
            return known[entry.index, outcome]
        best = None
        slowest = entry.duration + 5 + (self.late_max if self.late else 0)
        for ts in reversed(self.runs(entry, self.since, now)) if outcome == "done" or self.failed or entry.failing else ():
            if best is not None and ts + slowest < best:
                break
            arrived = self.arrival(entry, ts)
            if arrived <= now and self.outcome(entry, ts) == outcome:
                best = arrived if best is None else max(best, arrived)
        known[entry.index, outcome] = best
        return best

    # -- summaries ----------------------------------------------------------------------------------------

    def summary(self, entry: Entry, event_type: str, kind: str, width: int, since: int, until: int, now: int) -> list[tuple[int, object]]:
        """(begin of the window, value), ascending, of windows that begin in [since, until]; empty ones are left out.
        esmond keeps them up to date with each result that arrives, elmond makes them when it is asked."""
        windows: dict[int, list[tuple[int, object]]] = {}
        for ts, value in self.rows(entry, event_type, since, until + max(width - 1, 0), now):
            if value is not None:
                windows.setdefault(ts - ts % width if width else ts, []).append((ts, json.loads(value)))
        make = {"average": self._average, "aggregation": self._aggregation, "statistics": self._statistics}[kind]
        return [(begin, make(entry, event_type, values)) for begin, values in sorted(windows.items()) if since <= begin <= until]

    @staticmethod
    def _average(_entry: Entry, _event_type: str, values: list) -> object:
        return sum(value for _, value in values) / len(values)

    def _aggregation(self, entry: Entry, event_type: str, values: list) -> object:
        if event_type.startswith("packet-loss-rate"):
            packets = [self.measured.packets(entry, ts) for ts, _ in values]
            return sum(lost for _, lost in packets) / sum(sent for sent, _ in packets)
        if event_type.startswith("histogram"):
            return dict(sum((Counter(value) for _, value in values), Counter()))
        return sum(value for _, value in values)

    def _statistics(self, entry: Entry, event_type: str, values: list) -> object:
        if not self.elmond:
            return statistics_of(self._aggregation(entry, event_type, values))
        each = [statistics_of(value) for _, value in values]
        mean = {name: sum(one[name] for one in each) / len(each) for name in each[0] if name != "mode"}
        return mean | {"minimum": min(one["minimum"] for one in each), "maximum": max(one["maximum"] for one in each),
                       "mode": each[0]["mode"][:1]}

    # -- values -------------------------------------------------------------------------------------------

    def number(self, value: int) -> str:
        """esmond reads integers back as floats, elmond gives them as they are."""
        return str(value) if self.elmond else f"{value / 1e9:.6f}e9" if value > 10**9 else f"{value}.0"

    def href(self, entry: Entry, run: str) -> str:
        """Of a run by its id, as the host itself calls it."""
        return f"https://{self.name}/pscheduler/tasks/{entry.task}/runs/{run}"

    def value(self, entry: Entry, event_type: str, ts: int) -> str:
        measured = self.measured
        if entry.test == "throughput" and event_type.removeprefix("streams-").removesuffix("-subintervals") in METRICS:
            return self._throughput(entry, event_type, ts)
        match event_type:
            case "packet-loss-rate" | "packet-loss-rate-bidir":
                sent, lost = measured.packets(entry, ts)
                return json.dumps(lost / sent)
            case "packet-count-sent":
                return self.number(measured.packets(entry, ts)[0])
            case "packet-count-lost" | "packet-count-lost-bidir":
                return self.number(measured.packets(entry, ts)[1])
            case "packet-duplicates" | "packet-reorders" | "packet-duplicates-bidir" | "packet-reorders-bidir":
                return self.number(measured.oddities(entry, event_type, ts))
            case "histogram-owdelay":
                return measured.delays(entry, ts)
            case "histogram-ttl":
                return json.dumps(measured.ttls(entry, ts))
            case "histogram-rtt" | "histogram-ttl-reverse":
                return json.dumps(measured.round_trip_histogram(entry, event_type, ts))
            case "time-error-estimates":
                return json.dumps(measured.clock_error(entry, ts))
            case "packet-trace":
                return json.dumps(measured.trace(entry, ts))
            case "path-mtu":
                return self.number(measured.mtu(entry, ts))
            case "failures":
                return json.dumps({"error": measured.error(entry, ts) or UNSPECIFIED})
            case "pscheduler-run-href":
                href = json.dumps(self.href(entry, measured.run_id(entry, ts)))
                return href if self.elmond else f'{{"href": {href}}}'
        raise KeyError(event_type)

    def _throughput(self, entry: Entry, event_type: str, ts: int) -> str:
        metric = event_type.removeprefix("streams-").removesuffix("-subintervals")
        measured = self.measured
        if event_type == metric:
            return self.number(measured.metric(entry, metric, ts))
        if event_type == "streams-" + metric:
            return json.dumps(measured.streams(entry, metric, ts))
        if event_type.startswith("streams-"):
            return json.dumps([[{"start": float(i), "duration": 1.0, "val": val} for i, val in enumerate(slices)]
                               for slices in measured.stream_slices(entry, metric, ts)])
        quote = '"' if draw(entry, event_type, ts) % 2 else ""  # numbers may be strings
        return "[" + ",".join(f'{{"start": {quote}{i}.0{quote}, "duration": "1.0", "val": {val}}}'
                              for i, val in enumerate(measured.slices(entry, metric, ts))) + "]"
