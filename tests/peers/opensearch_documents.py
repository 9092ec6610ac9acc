"""The documents of the simulated host's OpenSearch: results as perfSONAR 5 normalises them, one a run that left something.

They are made of the document that pScheduler archives (pscheduler_documents.py). `@timestamp` is the arrival.
"""
from __future__ import annotations

from datetime import datetime, timezone

from data_model import TOOLS, Entry, HostData
from measured import SLICES
from pscheduler_documents import Documents
from pscheduler_runs import CONTAINER_DURATION, Run


def percentile(values: list[float], counts: list[int], percent: float) -> float:
    """By the NIST rule, of a sorted histogram."""
    ranked = [value for value, count in zip(values, counts) for _ in range(count)]
    rank = percent / 100 * (len(ranked) + 1)
    below = int(rank)
    if below < 1 or below >= len(ranked):
        return ranked[0 if below < 1 else -1]
    return ranked[below - 1] + (rank - below) * (ranked[below] - ranked[below - 1])


def statistics(histogram: dict[str, int]) -> dict:
    buckets = sorted((float(bucket), count) for bucket, count in histogram.items())
    values, counts = [value for value, _ in buckets], [count for _, count in buckets]
    total = sum(counts)
    mean = sum(value * count for value, count in buckets) / total
    variance = sum(count * (value - mean) ** 2 for value, count in buckets) / total
    return {"min": values[0], "max": values[-1], "mean": mean, "median": percentile(values, counts, 50),
            "mode": [value for value, count in buckets if count == max(counts)], "p_25": percentile(values, counts, 25),
            "p_75": percentile(values, counts, 75), "p_95": percentile(values, counts, 95), "stddev": variance ** 0.5, "variance": variance,
            "histogram": {"values": values, "counts": counts}}


class SearchDocuments:
    def __init__(self, data: HostData):
        self.data = data
        self.pscheduler = Documents(data)

    @staticmethod
    def stream(entry: Entry) -> str:
        return f"pscheduler_{entry.test}"

    @staticmethod
    def index(entry: Entry) -> str:
        """The one index behind the data stream."""
        return f".ds-pscheduler_{entry.test}-000001"

    def document(self, run: Run) -> dict:
        entry, archived = run.entry, self.pscheduler.archived(run)
        spec = dict(archived["test"]["spec"])
        if entry.test == "throughput":
            spec["duration"] = SLICES
        spec |= {"interval": 0.5} if entry.test == "rtt" else {"wait": 5} if entry.test == "trace" else {}
        return {
            "@timestamp": datetime.fromtimestamp(self.data.arrival(entry, run.start), timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "pscheduler": {"start_time": archived["run"]["start-time"], "end_time": archived["run"]["end-time"], "added": archived["run"]["added"],
                           "test_checksum": entry.checksum, "tool": TOOLS[entry.test], "participants": archived["participants"],
                           "duration": CONTAINER_DURATION if entry.multi else entry.duration, "task_href": archived["task"]["href"],
                           "run_href": archived["run"]["href"], "task_id": entry.task, "run_id": run.id},
            "schedule": self.pscheduler.schedule(entry), "reference": archived["reference"], "test": {"type": entry.test, "spec": spec},
            "meta": {"source": {"ip": entry.source, "hostname": entry.input_source}, "destination": {"ip": entry.destination, "hostname": entry.input_destination},
                     "observer": {"ip": entry.source, "hostname": entry.input_source}, "ip_version": 6 if ":" in entry.source else 4},
            "result": self._result(run, archived["result"])}

    def _result(self, run: Run, result: dict) -> dict:
        normalised = {name: result[name] for name in ("succeeded", "error") if name in result}
        if result["succeeded"]:
            normalised |= {"throughput": self._throughput, "latencybg": self._latencybg, "rtt": self._rtt, "trace": self._trace}[run.entry.test](run, result)
        return normalised

    @staticmethod
    def _throughput(run: Run, result: dict) -> dict:
        names = {"throughput-bits": "throughput", "retransmits": "retransmits", "rtt": "rtt", "sent": "packets_sent", "lost": "packets_lost", "jitter": "jitter"}
        summary = result["summary"]["summary"]
        streams = {"streams": {"json": result["summary"]["streams"]}} if run.entry.parallel > 1 else {}
        return {own: summary[name] for name, own in names.items() if name in summary} | streams | {"mss": result["mss"], "intervals": {"json": result["intervals"]}}

    @staticmethod
    def _latencybg(_: Run, result: dict) -> dict:
        counts = {name: result["packets-" + name] for name in ("sent", "lost", "received", "duplicated", "reordered")}
        return {"packets": counts | {"loss": counts["lost"] / counts["sent"]}, "max_clock_error": result["max-clock-error"],
                "latency": statistics(result["histogram-latency"]), "ttl": statistics(result["histogram-ttl"])}

    def _rtt(self, run: Run, result: dict) -> dict:
        counts = {name: result[name] for name in ("sent", "lost", "received", "loss")}
        times = (us / 1e6 for us in self.pscheduler.round_trip_times(run))
        return {"packets": counts | {"duplicated": result["duplicates"], "reordered": result["reorders"], "json": result["roundtrips"]},
                "rtt": dict(zip(("min", "mean", "max", "stddev"), times))}

    @staticmethod
    def _trace(_: Run, result: dict) -> dict:
        hops = result["paths"][0]
        ips = [hop["ip"] for hop in hops if "ip" in hop]
        systems = [hop["as"] for hop in hops if "as" in hop]
        return {"hop": {"count": len(hops), "success_count": len(ips), "error_count": len(hops) - len(ips), "ip": ips, "ip_str": " ".join(ips),
                        "as_number": [each["number"] for each in systems], "as_organization": [each["owner"] for each in systems]},
                "mtu": min(hop["mtu"] for hop in hops if "mtu" in hop), "json": result["paths"]}
