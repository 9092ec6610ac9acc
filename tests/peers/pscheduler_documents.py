"""What pScheduler writes about a task and its runs: specification, result, run, and the document that it archives.

`base` is the URL before `/tasks/…`. The results are the numbers of measured.py, so that mapping them as pScheduler's
esmond archiver does gives the points that the host's archive shows. latencybg histograms of odd entries name their
bucket width, of even ones leave it at the default; both are in ms.
"""
from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

from data_model import TOOLS, Entry, HostData
from measured import METRICS, SLICES, seed_of
from pscheduler_runs import CONTAINER_DURATION, DISPLAY, Run


def iso_duration(seconds: int) -> str:
    """As PostgreSQL and pScheduler write it: whole seconds, days folded into weeks, zero is P0D."""
    days, rest = divmod(seconds, 86400)
    parts = [(days // 7, "W"), (days % 7, "D")], [(rest // 3600, "H"), (rest // 60 % 60, "M"), (rest % 60, "S")]
    date, clock = ("".join(f"{n}{unit}" for n, unit in part if n) for part in parts)
    return "P" + (date + (f"T{clock}" if clock else "") or "0D")


def iso_micros(us: float) -> str:
    return f"PT{us / 1e6:.6f}".rstrip("0").rstrip(".") + "S" if us else "P0D"


def bits(value: int, **more: object) -> dict:
    """Members of a throughput item, as iperf3 has them."""
    return {"throughput-bytes": value // 8, "throughput-bits": float(value)} | more


class Documents:
    def __init__(self, data: HostData):
        self.data = data
        self.base = f"https://{data.name}/pscheduler"

    def timestamp(self, seconds: int) -> str:
        zone = timezone(timedelta(seconds=self.data.utc_offset))
        text = datetime.fromtimestamp(seconds, zone).isoformat()
        return text if self.data.utc_offset else text.replace("+00:00", "Z")

    # -- tasks --------------------------------------------------------------------------------------------

    def key(self, entry: Entry) -> str | None:
        """Tasks of two participants always have one."""
        return f"{seed_of(entry.checksum, 'key'):016x}" if len(self.participants(entry)) > 1 else None

    @staticmethod
    def participants(entry: Entry) -> list[str]:
        return [entry.input_source, entry.input_destination] if entry.test == "throughput" else [entry.input_source]

    @staticmethod
    def test(entry: Entry) -> dict:
        spec = {"schema": 1, "source": entry.input_source, "dest": entry.input_destination}
        spec |= {"ip-version": entry.ip_version} if entry.ip_version else {}
        match entry.test:
            case "throughput":
                spec |= {"duration": iso_duration(SLICES)} | ({"udp": True, "bandwidth": 10**9} if entry.udp else {})
                spec |= {"parallel": entry.parallel} if entry.parallel > 1 else {}
            case "latencybg":
                spec |= {"packet-count": 600, "packet-interval": round(entry.interval / 600, 4), "duration": "PT24H"}
                spec |= {"bucket-width": 0.001} if entry.index % 2 else {}
            case "rtt":
                spec |= {"count": 10, "interval": "PT0.5S", "length": 1000}
            case "trace":
                spec |= {"hops": 30, "as": True, "wait": "PT5S"}
        return {"type": entry.test, "spec": spec}

    @staticmethod
    def tool(entry: Entry) -> dict:
        return {"name": TOOLS[entry.test], "version": "1.0"}

    @staticmethod
    def schedule(entry: Entry) -> dict:
        """`repeat` and `slip` in seconds."""
        return {"repeat": 86400} if entry.multi else {"repeat": entry.interval, "slip": entry.interval // 2, "sliprand": True}

    def reference(self, entry: Entry) -> dict:
        return {"display-task-name": f"{entry.test} to {entry.input_destination}", "display-set-name": "Simulated measurements",
                "psconfig": {"created-by": {"agent-hostname": self.data.name, "user-agent": "psconfig-pscheduler-agent"}}}

    def task(self, entry: Entry, base: str, now: int, detail: bool = False, secrets: bool = False, archives: bool = True) -> dict:
        schedule = {name: iso_duration(value) if not isinstance(value, bool) else value for name, value in self.schedule(entry).items()}
        task = {"schema": 1, "test": self.test(entry), "tool": TOOLS[entry.test], "tools": [TOOLS[entry.test]], "schedule": schedule,
                "reference": self.reference(entry), "href": f"{base}/tasks/{entry.task}"}
        if key := self.key(entry):
            task["_key"] = key if secrets else None
        if archives:
            task["archives"] = [{"archiver": "http", "data": {"schema": 2, "op": "put", "_url": "https://localhost/logstash" if secrets else None}}]
        return task | ({"detail": self.detail(entry, base, now)} if detail else {})

    def detail(self, entry: Entry, base: str, now: int) -> dict:
        first, href = entry.first_run_at_or_after(self.data.since), f"{base}/tasks/{entry.task}"
        duration = CONTAINER_DURATION if entry.multi else entry.duration
        return {"added": self.timestamp(self.data.since), "anytime": entry.test != "throughput", "exclusive": entry.test == "throughput",
                "multi-result": entry.multi, "enabled": True, "cli": self.cli(entry), "diags": "Hints:\n  requester: 127.0.0.1\n",
                "duration": iso_duration(duration), "post": "P0D", "slip": iso_duration(self.schedule(entry).get("slip", 0)),
                "start": self.timestamp(first), "hints": {"requester": "127.0.0.1", "server": "127.0.0.1"}, "participant": 0,
                "participants": self.participants(entry), "runs": len(self.data.runs(entry, 0, now + 86400)),
                "runs-started": len(self.data.runs(entry, 0, now)), "href": href, "runs-href": f"{href}/runs",
                "first-run-href": f"{href}/runs/first", "next-run-href": f"{href}/runs/next"}

    @staticmethod
    def cli(entry: Entry) -> list[str]:
        return ["--source", entry.input_source, "--dest", entry.input_destination]

    # -- results ------------------------------------------------------------------------------------------

    def result(self, run: Run) -> dict | None:
        """The merged one; None for runs that never get one."""
        if run.outcome == "missing":
            return None
        if run.outcome == "failed":
            schema = {} if run.entry.test == "throughput" else {"schema": 1}
            error = self.data.measured.error(run.entry, run.start)
            return schema | {"succeeded": False} | ({"error": error} if error else {})
        return {"throughput": self._throughput, "latencybg": self._latencybg, "rtt": self._rtt, "trace": self._trace}[run.entry.test](run)

    def _throughput(self, run: Run) -> dict:
        entry, ts, measured = run.entry, run.start, self.data.measured
        others = {} if entry.udp else {metric: member for metric, member in METRICS.items() if metric != "throughput"}
        sent, lost = measured.packets(entry, ts)
        counts = {"sent": sent, "lost": lost, "jitter": 0.05} if entry.udp else {}

        def item(values, start: float, end: float, **more: object) -> dict:
            return {"start": start, "end": end} | bits(values("throughput"), **{member: values(metric) for metric, member in others.items()}, **more)

        def items(whole, stream, start: float, end: float, **more: object) -> dict:
            streams = [item(lambda metric, n=n: stream(metric, n) if entry.parallel > 1 else whole(metric), start, end, **{"stream-id": 5 + 2 * n})
                       for n in range(entry.parallel)]
            return {"streams": streams[::-1], "summary": item(whole, start, end, **more)}

        intervals = [items(lambda metric: measured.slices(entry, metric, ts)[i], lambda metric, n: measured.stream_slices(entry, metric, ts)[n][i],
                           i, i + 1.0, omitted=False) for i in range(SLICES)]
        summary = items(lambda metric: measured.metric(entry, metric, ts), lambda metric, n: measured.streams(entry, metric, ts)[n], 0, float(SLICES),
                        **{"receiver-throughput-bits": measured.metric(entry, "throughput", ts) * 0.99}, **counts)
        return {"succeeded": True, "diags": f"iperf3 -c {entry.destination} -t {SLICES} --json", "mss": 8948, "intervals": intervals, "summary": summary}

    def _latencybg(self, run: Run) -> dict:
        entry, ts, measured = run.entry, run.start, self.data.measured
        sent, lost = measured.packets(entry, ts)
        return {"schema": 1, "succeeded": True, "packets-sent": sent, "packets-received": sent - lost, "packets-lost": lost,
                "packets-duplicated": measured.oddities(entry, "packet-duplicates", ts),
                "packets-reordered": measured.oddities(entry, "packet-reorders", ts), "max-clock-error": measured.clock_error(entry, ts),
                "histogram-latency": json.loads(measured.delays(entry, ts)), "histogram-ttl": measured.ttls(entry, ts)}

    def _rtt(self, run: Run) -> dict:
        entry, ts, measured = run.entry, run.start, self.data.measured
        sent, lost = measured.packets(entry, ts)
        trips = measured.round_trips(entry, ts)
        lowest, mean, highest, deviation = self.round_trip_times(run)
        return {"schema": 1, "succeeded": True, "sent": sent, "received": sent - lost, "lost": lost, "loss": lost / sent,
                "duplicates": measured.oddities(entry, "packet-duplicates-bidir", ts), "reorders": measured.oddities(entry, "packet-reorders-bidir", ts),
                "min": iso_micros(lowest), "mean": iso_micros(mean), "max": iso_micros(highest), "stddev": iso_micros(deviation),
                "roundtrips": [{"seq": trip["seq"], "ip": entry.destination, "length": 1008, "ttl": trip["ttl"], "rtt": iso_micros(trip["us"])}
                               for trip in trips]}

    def round_trip_times(self, run: Run) -> tuple[float, float, float, float]:
        """Least, mean, greatest and standard deviation in microseconds."""
        times = [trip["us"] for trip in self.data.measured.round_trips(run.entry, run.start)]
        mean = sum(times) / len(times)
        return min(times), mean, max(times), (sum((us - mean) ** 2 for us in times) / len(times)) ** 0.5

    def _trace(self, run: Run) -> dict:
        hops = [{name: value for name, value in hop.items() if name != "us"} | ({"rtt": iso_micros(hop["us"])} if hop else {})
                for hop in self.data.measured.hops(run.entry, run.start)]
        return {"schema": 1, "succeeded": True, "paths": [hops]}

    # -- runs ---------------------------------------------------------------------------------------------

    def run(self, run: Run, base: str, now: int) -> dict:
        """As the API shows it."""
        task, state, entry = f"{base}/tasks/{run.entry.task}", run.state(now), run.entry
        merged = self.result(run) if run.is_merged(now) else None
        full = None if merged is None or entry.multi else self.full(run, merged)
        document = {"start-time": self.timestamp(run.start), "end-time": self.timestamp(run.end), "duration": iso_duration(run.duration),
                    "participant": 0, "participants": self.participants(entry), "participant-data": None if entry.multi else {},
                    "participant-data-full": None if entry.multi else [{} for _ in self.participants(entry)],
                    "result": merged if entry.multi else full[0] if full else None, "result-full": full, "result-merged": merged,
                    "state": state, "state-display": DISPLAY[state], "errors": run.errors(now), "added": self.timestamp(max(self.data.since, run.start - 86400)),
                    "priority": 0, "limit-diags": "Passed", "href": f"{task}/runs/{run.id}", "task-href": task, "result-href": f"{task}/runs/{run.id}/result"}
        if state == "failed":
            document["clock-survey"] = [{"time": self.timestamp(run.end), "synchronized": True, "source": "ntp", "offset": 0.0002, "reference": "ntp.example.net"}
                                        for _ in self.participants(entry)]
        return document

    def full(self, run: Run, merged: dict) -> list[dict]:
        """One of each participant: of most tools in a wrapper."""
        if run.entry.test == "throughput":
            return [merged, {"succeeded": merged["succeeded"]}]
        return [{"schema": 1, "succeeded": merged["succeeded"], "result": merged, "error": run.errors(1 << 40), "diags": ""}]

    def scheduled(self, run: Run, base: str, now: int) -> dict:
        """As /schedule lists it."""
        task, state = f"{base}/tasks/{run.entry.task}", run.state(now)
        return {"start-time": self.timestamp(run.start), "end-time": self.timestamp(run.end), "href": f"{task}/runs/{run.id}",
                "result-href": f"{task}/runs/{run.id}/result", "state": state, "state-display": DISPLAY[state],
                "task": self.task(run.entry, base, now), "cli": self.cli(run.entry), "test": self.test(run.entry), "tool": self.tool(run.entry),
                "errors": run.errors(now), "priority": 0}

    def archived(self, run: Run) -> dict:
        """What archivers get of a merged run, under the host's own name."""
        entry, now = run.entry, run.merged_at
        document = self.run(run, self.base, now)
        own = {name: document[name] for name in document if name not in ("result", "participant-data", "participant-data-full", "result-href")}
        planned = CONTAINER_DURATION if entry.multi else entry.duration
        return {"id": run.id, "schedule": {"start": document["start-time"], "duration": iso_duration(planned)}, "test": self.test(entry),
                "tool": self.tool(entry), "participants": self.participants(entry), "result": document["result-merged"],
                "reference": self.reference(entry), "run": own,
                "task": self.task(entry, self.base, now, detail=True, secrets=True, archives=False)}
