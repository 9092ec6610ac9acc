"""What the simulated measurement hosts have measured: a pure function of host, series and time.

The server (archive_api.py) and the checker (expect.py) both ask this module, so "which points must have
arrived" has one answer. Nothing is stored; two processes with the same host specification agree on every byte.

A metadata entry is a repeated test. Each of its runs, at ts = phase + n * interval, is missing, failed (one
`failures` point) or successful (a point for each of the test's event types). All points of a run arrive at the
archive together: after its duration and an upload delay, some much later (`late`). A point is visible at server
time `now` once it has arrived.
"""
from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

MASK = (1 << 64) - 1

# The thirteen event types that collectors ask for unless told otherwise.
THIRTEEN = ("packet-loss-rate", "packet-trace", "packet-retransmits", "throughput", "throughput-subintervals",
            "failures", "packet-count-sent", "packet-count-lost", "histogram-owdelay", "histogram-ttl",
            "packet-retransmits-subintervals", "packet-loss-rate-bidir", "packet-count-lost-bidir")

# Event types that a successful run of each test type yields.
RESULTS = {
    "latencybg": ("packet-loss-rate", "packet-count-sent", "packet-count-lost", "packet-duplicates",
                  "histogram-owdelay", "histogram-ttl", "time-error-estimates"),
    "throughput": ("throughput", "throughput-subintervals", "packet-retransmits", "packet-retransmits-subintervals"),
    "rtt": ("histogram-rtt", "packet-loss-rate-bidir", "packet-count-sent", "packet-count-lost-bidir"),
    "trace": ("packet-trace", "path-mtu"),
}
# Listed by elmond because the test type could have them; there is never a point (or, for the second, an error).
ELMOND_EMPTY = {"throughput": ("packet-loss-rate", "packet-count-sent", "packet-count-lost"), "rtt": ("histogram-ttl-reverse",)}
ALWAYS = ("failures", "pscheduler-run-href")
INTERVALS = {"latencybg": 60, "throughput": 3600, "rtt": 300, "trace": 600}
DURATIONS = {"latencybg": 60, "throughput": 30, "rtt": 10, "trace": 15}
SUMMARIES = {"throughput": [("average", 86400)], "packet-loss-rate": [("aggregation", 300), ("aggregation", 3600), ("aggregation", 86400)],
             "histogram-owdelay": [("aggregation", 300), ("statistics", 0), ("statistics", 300)]}


def mix(seed: int, number: int) -> int:
    """splitmix64 of a seed and a number: 64 well-mixed bits, cheap enough for a million points."""
    x = (seed + number * 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def seed_of(*parts: object) -> int:
    return int.from_bytes(hashlib.blake2b("\0".join(map(str, parts)).encode(), digest_size=8).digest(), "big")


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
    until: int = 0    # last ts there is; 0: goes on as long as the host does
    failing: int = 0  # from this ts on each run fails; 0: never

    def first_run_at_or_after(self, ts: int) -> int:
        return ts + (self.phase - ts) % self.interval


@dataclass
class HostData:
    """The measurements of one host. The fields are the keys of a host specification in the simulator's JSON."""
    name: str
    flavour: str = "esmond"       # esmond (2.x), esmond1 (1.x), elmond
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
                                  # "source", "input-source", "input-destination", "interval", "phase", "until", "failing"
    seed: str = ""                # other seed, other data; a renamed host keeps its data with the seed of its old name

    def __post_init__(self) -> None:
        self._identity = self.seed or self.name
        self.documents = [self._entry(i, pair) for i, pair in enumerate(self.pairs or [{}] * self.entries)]
        self.by_key = {entry.key: entry for entry in self.documents}
        self._histograms: dict[str, list[str]] = {}
        self._arrivals: tuple[int, dict] = (0, {})  # of the current second

    @property
    def elmond(self) -> bool:
        return self.flavour == "elmond"

    def _entry(self, index: int, pair: dict) -> Entry:
        seed = seed_of(self._identity, "entry", index)
        test = pair.get("test") or self.tests[index % len(self.tests)]
        interval = pair.get("interval") or self.interval or INTERVALS[test]
        digest = hashlib.sha256(f"{self._identity} {index}".encode()).hexdigest()
        return Entry(index, digest if self.elmond else digest[:32], test, interval,
                     self.duration if self.duration >= 0 else min(DURATIONS[test], interval),
                     pair.get("phase", seed % interval), seed,
                     pair.get("source", f"203.0.113.{seed % 250 + 1}"),
                     pair.get("destination", f"198.18.{index >> 8 & 255}.{index & 255}"),
                     pair.get("input-source", self.name), pair.get("input-destination", f"peer{index}.example.net"),
                     pair.get("until", 0), pair.get("failing", 0))

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
        extra = ELMOND_EMPTY.get(entry.test, ()) if self.elmond else ()
        return [*RESULTS[entry.test], *extra, *ALWAYS]

    def selects(self, entry: Entry, event_type: str, outcome: str) -> bool:
        """Whether a run that ended so has a row for the event type (on elmond its value may still be null)."""
        if event_type == "failures":
            return outcome == "failed"
        if event_type == "pscheduler-run-href":
            return outcome == "done" or (outcome == "failed" and not self.elmond)
        if event_type not in RESULTS[entry.test] or (self.elmond and event_type == "histogram-rtt"):
            return False
        return outcome == "done"

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

    # -- values -------------------------------------------------------------------------------------------

    def number(self, value: int) -> str:
        """esmond reads integers back as floats, elmond gives them as they are."""
        return str(value) if self.elmond else f"{value / 1e9:.6f}e9" if value > 10**9 else f"{value}.0"

    def value(self, entry: Entry, event_type: str, ts: int) -> str:
        h = mix(entry.seed ^ hash_text(event_type), ts * 2 + 1)
        run = mix(entry.seed ^ 0x10, ts)  # shared by the event types of a run: they fit together
        sent, lost = 600, run % 7 if run % 5 == 0 else 0
        match event_type:
            case "throughput":
                return self.number(10**9 + h % 9 * 10**9 + h % 10**6 * 1000)
            case "throughput-subintervals" | "packet-retransmits-subintervals":
                scale = 10**9 if event_type.startswith("throughput") else 1
                quote = '"' if h % 2 else ""  # numbers may be strings
                return "[" + ",".join(f'{{"start": {quote}{i}.0{quote}, "duration": "1.0", "val": {(h >> i) % 10 * scale}}}'
                                      for i in range(5)) + "]"
            case "packet-loss-rate" | "packet-loss-rate-bidir":
                return json.dumps(lost / sent)
            case "packet-count-sent":
                return self.number(sent)
            case "packet-count-lost" | "packet-count-lost-bidir":
                return self.number(lost)
            case "histogram-owdelay" | "histogram-rtt":
                return self.histogram(event_type, h, 12.0, 0.01)
            case "histogram-ttl":
                return f'{{"{52 + h % 8}": {sent - lost}}}'
            case "time-error-estimates":
                return json.dumps(h % 10000 / 10000)
            case "packet-trace":
                return self.trace(entry, h)
            case "failures":
                return '{"error": "archiver said \\"no\\": Zeit\\u00fcberschreitung nach %d s, \u00e9teint \u2603"}' % (h % 90)
            case "pscheduler-run-href":
                href = json.dumps(f"https://{self.name}/pscheduler/tasks/{entry.key[:8]}/runs/{h:x}")
                return href if self.elmond else f'{{"href": {href}}}'
            case _:
                return self.number(h % 50)

    def histogram(self, event_type: str, h: int, start: float, step: float) -> str:
        """One of 64 prepared bodies and one bucket of the point's own, so that no two points are equal and
        hundreds of megabytes can be made quickly."""
        bodies = self._histograms.get(event_type)
        if bodies is None:
            seed = seed_of(self._identity, event_type)
            bodies = [", ".join(f'"{start + step * (i + variant):.2f}": {mix(seed, variant * 1000 + i) % 40 + 1}'
                                for i in range(max(0, self.buckets - 1))) for variant in range(64)]
            self._histograms[event_type] = bodies
        own = f'"{(h >> 8) % 10**9 / 10**7:.7f}": 1'
        body = bodies[h % 64]
        return f"{{{own}, {body}}}" if body else f"{{{own}}}"

    def trace(self, entry: Entry, h: int) -> str:
        hops = [{"ttl": ttl, "query": 1, "success": 1, "ip": f"10.{ttl}.{h >> ttl & 3}.1", "rtt": (h >> ttl) % 1000 / 100,
                 "as": {"number": 64500 + ttl, "owner": "EXAMPLE"}} for ttl in range(1, 6)]
        hops.append({"ttl": 6, "query": 1, "success": 0, "error-message": "requestTimedOut"})
        return json.dumps(hops)


def hash_text(text: str, _known: dict = {}) -> int:
    value = _known.get(text)
    if value is None:
        value = _known[text] = seed_of("event type", text)
    return value
