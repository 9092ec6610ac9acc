"""The points that pScheduler's esmond archiver makes of a result, written from what is known of it and not from the data
model: what the tests hold the simulated results against."""
from __future__ import annotations

import re

UNSPECIFIED = "The test failed for an unspecified reason. See the server logs of the testing host(s)."
LATENCY = {"histogram-latency": "histogram-owdelay", "histogram-ttl": "histogram-ttl", "packets-sent": "packet-count-sent",
           "packets-lost": "packet-count-lost", "packets-reordered": "packet-reorders", "packets-duplicated": "packet-duplicates",
           "max-clock-error": "time-error-estimates"}
RTT = {"sent": "packet-count-sent", "lost": "packet-count-lost-bidir", "duplicates": "packet-duplicates-bidir", "reorders": "packet-reorders-bidir"}
THROUGHPUT = {"throughput-bits": "throughput", "retransmits": "packet-retransmits", "rtt": "packet-rtt", "tcp-window-size": "tcp-windowsize"}


def seconds(duration: str) -> float:
    return float(re.fullmatch(r"PT([\d.]+)S", duration)[1])


def points(test: dict, result: dict) -> dict[str, object]:
    """Event type -> value, of a merged result."""
    if not result["succeeded"]:
        return {"failures": {"error": result.get("error") or UNSPECIFIED}}
    return {"latencybg": latency, "rtt": rtt, "trace": trace, "throughput": throughput}[test["type"]](test["spec"], result)


def latency(_: dict, result: dict) -> dict:
    return {own: result[name] for name, own in LATENCY.items()} | {"packet-loss-rate": result["packets-lost"] / result["packets-sent"]}


def rtt(_: dict, result: dict) -> dict:
    times, ttls = {}, {}
    for trip in result["roundtrips"]:
        bucket, ttl = f"{seconds(trip['rtt']) * 1000:.2f}", str(trip["ttl"])
        times[bucket], ttls[ttl] = times.get(bucket, 0) + 1, ttls.get(ttl, 0) + 1
    return {own: result[name] for name, own in RTT.items()} | {"packet-loss-rate-bidir": result["lost"] / result["sent"],
                                                               "histogram-rtt": times, "histogram-ttl-reverse": ttls}


def trace(_: dict, result: dict) -> dict:
    hops, mtu = [], None
    for ttl, hop in enumerate(result["paths"][0], 1):
        mapped = {"ttl": ttl, "query": 1, "success": 0 if hop.get("error") else 1}
        mapped |= {name: hop[name] for name in ("ip", "hostname", "as") if name in hop}
        if "error" in hop:
            mapped["error-message"] = hop["error"]
        if "rtt" in hop:
            mapped["rtt"] = seconds(hop["rtt"]) * 1000
        mtu = hop.get("mtu", mtu)
        hops.append(mapped if mtu is None else mapped | {"mtu": mtu})
    return {"packet-trace": hops, "path-mtu": min(hop["mtu"] for hop in result["paths"][0] if "mtu" in hop)}


def throughput(spec: dict, result: dict) -> dict:
    members = {"throughput-bits": "throughput"} if spec.get("udp") else THROUGHPUT
    summary, found = result["summary"]["summary"], {}
    for member, own in members.items():
        found[own] = summary[member]
        found[own + "-subintervals"] = slices([each["summary"] for each in result["intervals"]], member)
        if spec.get("parallel", 1) > 1:
            streams = sorted(result["summary"]["streams"], key=lambda stream: stream["stream-id"])
            found[f"streams-{own}"] = [stream[member] for stream in streams]
            found[f"streams-{own}-subintervals"] = [
                slices([part for each in result["intervals"] for part in each["streams"] if part["stream-id"] == stream["stream-id"]], member)
                for stream in streams]
    if spec.get("udp"):
        found |= {"packet-count-sent": summary["sent"], "packet-count-lost": summary["lost"], "packet-loss-rate": summary["lost"] / summary["sent"]}
    return found


def slices(parts: list[dict], member: str) -> list[dict]:
    return [{"start": part["start"], "duration": part["end"] - part["start"], "val": part[member]} for part in parts]
