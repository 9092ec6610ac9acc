"""What the runs of a simulated host have measured, as numbers. Each face renders them in its own way, so all faces agree.

Every number is drawn from the seed of the entry, the name of the quantity and the ts of the run.
"""
from __future__ import annotations

import hashlib
import uuid

MASK = (1 << 64) - 1
# Event type of a throughput test -> member of pScheduler's result.
METRICS = {"throughput": "throughput-bits", "packet-retransmits": "retransmits", "packet-rtt": "rtt", "tcp-windowsize": "tcp-window-size"}
SLICES = 5  # of a throughput run: intervals of one second
PACKETS = {"rtt": 10}  # that a run sends; others 600
# Microseconds that are the same number of ms whether or not the arithmetic goes by way of seconds.
EXACT = [us for us in range(20, 10000) if us / 1e6 * 1000 == us / 1e3]
SPREAD = 0x9E3779B1  # odd, so multiplication by it modulo 2^32 can be undone


def mix(seed: int, number: int) -> int:
    """splitmix64 of a seed and a number: 64 well-mixed bits, cheap enough for a million points."""
    x = (seed + number * 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def seed_of(*parts: object) -> int:
    return int.from_bytes(hashlib.blake2b("\0".join(map(str, parts)).encode(), digest_size=8).digest(), "big")


def hash_text(text: str, _known: dict = {}) -> int:
    value = _known.get(text)
    if value is None:
        value = _known[text] = seed_of("event type", text)
    return value


def draw(entry, quantity: str, ts: int) -> int:
    return mix(entry.seed ^ hash_text(quantity), ts * 2 + 1)


class Measurements:
    """Of one host. `entry`: a data_model.Entry; `ts`: of one of its runs."""

    def __init__(self, identity: str, buckets: int):
        self._identity = identity
        self._buckets = buckets
        self._bodies: list[tuple[int, str]] = []  # packets, buckets

    # -- packets ------------------------------------------------------------------------------------------

    def packets(self, entry, ts: int) -> tuple[int, int]:
        """Sent and lost."""
        run = mix(entry.seed ^ 0x10, ts)
        return PACKETS.get(entry.test, 600), run % 7 if run % 5 == 0 else 0

    def oddities(self, entry, event_type: str, ts: int) -> int:
        """Packets that came twice, or out of order."""
        return draw(entry, event_type, ts) % (3 if entry.test == "rtt" else 50)

    def clock_error(self, entry, ts: int) -> float:
        """ms, two decimals"""
        return draw(entry, "time-error-estimates", ts) % 1000 / 100

    def ttls(self, entry, ts: int) -> dict[str, int]:
        sent, lost = self.packets(entry, ts)
        return {str(52 + draw(entry, "histogram-ttl", ts) % 8): sent - lost}

    def delays(self, entry, ts: int) -> str:
        """JSON of a histogram in ms: one of 64 prepared bodies and a bucket of the run's own, so that hundreds of
        megabytes can be made quickly. The own one holds what is left of the packets, at least one."""
        h = draw(entry, "histogram-owdelay", ts)
        if not self._bodies:
            seed = seed_of(self._identity, "histogram-owdelay")
            for variant in range(64):
                counts = [mix(seed, variant * 1000 + i) % 20 + 1 for i in range(max(0, self._buckets - 1))]
                self._bodies.append((sum(counts), "".join(f', "{12.0 + 0.01 * (i + variant):.2f}": {n}' for i, n in enumerate(counts))))
        sent, lost = self.packets(entry, ts)
        there, body = self._bodies[h % 64]
        return f'{{"{(h >> 8) % 1200 / 100:.2f}": {max(1, sent - lost - there)}{body}}}'

    def round_trips(self, entry, ts: int) -> list[dict]:
        """`seq` from 1, `us` the round trip in microseconds, `ttl`; lost packets leave none."""
        sent, lost = self.packets(entry, ts)
        h, ttl = draw(entry, "histogram-rtt", ts), 52 + draw(entry, "histogram-ttl-reverse", ts) % 8
        return [{"seq": seq, "us": 11000 + mix(h, seq) % 40 * 10, "ttl": ttl} for seq in range(lost + 1, sent + 1)]

    def round_trip_histogram(self, entry, event_type: str, ts: int) -> dict[str, int]:
        histogram: dict[str, int] = {}
        for each in self.round_trips(entry, ts):
            bucket = f"{each['us'] / 1000:.2f}" if event_type == "histogram-rtt" else str(each["ttl"])
            histogram[bucket] = histogram.get(bucket, 0) + 1
        return histogram

    # -- throughput ---------------------------------------------------------------------------------------

    def metric(self, entry, metric: str, ts: int) -> int:
        """Of the whole run: bit/s, segments, microseconds, bytes."""
        h = draw(entry, metric, ts)
        match metric:
            case "throughput":
                return 10**9 + h % 9 * 10**9 + h % 10**6 * 1000
            case "packet-retransmits":
                return h % 50
            case "packet-rtt":
                return 10000 + h % 1000
        return (1 << 20) + h % 1024 * 1024

    def slices(self, entry, metric: str, ts: int) -> list[int]:
        h = draw(entry, metric + "-subintervals", ts)
        scale = {"throughput": 10**9, "packet-retransmits": 1, "packet-rtt": 100, "tcp-windowsize": 65536}[metric]
        return [(h >> i) % 10 * scale for i in range(SLICES)]

    def streams(self, entry, metric: str, ts: int) -> list[int]:
        """By stream; never 0, which pScheduler's esmond archiver would leave out."""
        return [self.metric(entry, metric, ts) // entry.parallel + i + 1 for i in range(entry.parallel)]

    def stream_slices(self, entry, metric: str, ts: int) -> list[list[int]]:
        return [[val // entry.parallel + i for val in self.slices(entry, metric, ts)] for i in range(entry.parallel)]

    # -- paths --------------------------------------------------------------------------------------------

    def hops(self, entry, ts: int) -> list[dict]:
        """As in pScheduler's result, but `us` for the round trip: the fourth answers nothing, the last an error."""
        h = draw(entry, "packet-trace", ts)
        hops = [{"ip": f"10.{ttl}.{h >> ttl & 3}.1", "us": EXACT[(h >> ttl) % len(EXACT)],
                 "as": {"number": 64500 + ttl, "owner": "EXAMPLE"}} if ttl != 4 else {} for ttl in range(1, 6)]
        hops[0]["mtu"], hops[2]["mtu"] = 9000, self.mtu(entry, ts)
        return [*hops, {"ip": "10.6.0.1", "us": EXACT[h % len(EXACT)], "error": "host-unreachable"}]

    def mtu(self, entry, ts: int) -> int:
        return 1400 + draw(entry, "path-mtu", ts) % 101

    def trace(self, entry, ts: int) -> list[dict]:
        """As pScheduler's esmond archiver maps it: a hop that did not answer has not failed, and an MTU holds until
        the next one."""
        found, mtu = [], {}
        for ttl, hop in enumerate(self.hops(entry, ts), 1):
            mtu = {"mtu": hop["mtu"]} if "mtu" in hop else mtu
            mapped = {"ttl": ttl, "query": 1, "success": 0 if "error" in hop else 1}
            mapped |= {name: hop[name] for name in ("ip", "as") if name in hop}
            mapped |= {"error-message": hop["error"]} if "error" in hop else {}
            found.append(mapped | ({"rtt": hop["us"] / 1000} if "us" in hop else {}) | mtu)
        return found

    # -- runs ---------------------------------------------------------------------------------------------

    def error(self, entry, ts: int) -> str | None:
        """Why a failed run failed; the results of rtt and trace do not always say."""
        h = draw(entry, "failures", ts)
        if entry.test in ("rtt", "trace") and h >> 32 & 1:
            return None
        return f'archiver said "no": Zeit\u00fcberschreitung nach {h % 90} s, \u00e9teint \u2603'

    def run_id(self, entry, ts: int, kind: str = "run") -> str:
        """A UUID of which ts_of_run_id() finds the ts again."""
        first = (ts * SPREAD ^ entry.seed) & 0xFFFFFFFF
        rest = mix(entry.seed ^ hash_text(kind), ts) << 32 | mix(entry.seed, ts) & 0xFFFFFFFF
        return str(uuid.UUID(int=first << 96 | rest, version=4))

    def ts_of_run_id(self, entry, run: str) -> int:
        return ((int(run[:8], 16) ^ entry.seed) & 0xFFFFFFFF) * pow(SPREAD, -1, 1 << 32) & 0xFFFFFFFF
