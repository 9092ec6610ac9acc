#!/usr/bin/python3
"""Raw messages, judged by the parser that their consumers use: whatever way a page is written, each message is
one line of ASCII and holds the same values under the same timestamps."""

import json
import random
import subprocess
import sys

PROGRAM = sys.argv[1]


def value(rng, depth=0):
    kind = rng.randrange(9 if depth < 4 else 5)
    if kind == 0:
        return rng.choice([True, False, "", "plain", "Zürich", "\u2028", "💡 \\ \" / \b\f\n\r\t\x7f", "\u0000"])
    if kind == 1:
        return rng.randrange(-(10**18), 10**18)
    if kind < 4:
        return rng.choice([0.0, -0.0, 1e-7, 123456.789, 7.1e9, rng.uniform(-1e6, 1e6)])
    if kind == 4:
        return {f"{rng.uniform(-1, 90):.2f}": rng.randrange(1, 600) for _ in range(rng.randrange(40))}
    if kind < 7:
        return [value(rng, depth + 1) for _ in range(rng.randrange(5))]
    return {rng.choice(["ip", "as", "größe", "a b", "\n"]) + str(i): value(rng, depth + 1) for i in range(rng.randrange(5))}


def check(round_number):
    rng = random.Random(round_number)
    start = rng.randrange(1, 2 * 10**9)
    points = [{"ts": start + 60 * i, "val": value(rng)} for i in range(rng.randrange(1, 450))]
    page = json.dumps(
        points,
        ensure_ascii=rng.random() < 0.5,
        indent=rng.choice([None, 1, "\t"]),
        separators=rng.choice([(",", ":"), (", ", ": "), (" , ", " : ")]),
    )
    done = subprocess.run([PROGRAM, "key", "packet-trace"], input=page.encode(), stdout=subprocess.PIPE, check=True)
    lines = done.stdout.decode("ascii").splitlines()
    assert "".join(lines).isprintable() or "\x7f" in "".join(lines), "control characters"
    got = {}
    for line in lines:
        message = json.loads(line)
        datapoints = message["datapoints"]
        assert 1 <= len(datapoints) <= 200, len(datapoints)
        assert message["version"] == 2 and message["meta"]["org_metadata_key"] == "key"
        assert message["meta"]["ts_start"] == min(int(ts) for ts in datapoints)
        assert not got.keys() & datapoints.keys(), "a point twice"
        got.update(datapoints)
    wanted = {str(point["ts"]): point["val"] for point in points}
    # As text, so that 0.0 and -0.0, 1 and 1.0 and True are told apart.
    assert list(got) == list(wanted), "order or timestamps"
    assert json.dumps(got) == json.dumps(wanted), "values"


for number in range(40):
    check(number)
