#!/usr/bin/python3
"""What the pScheduler of a simulated host pushes to its archivers (http, rabbitmq, …): one JSON document a line.

    pushed.py (--config FILE | --control URL | --host-spec JSON) [--host NAME]... --since TS --until TS
              [--visible-at TS] [--runs succeeded|failed|all] [--repeat SHARE]

The documents of the runs that started in [since, until] and were merged by --visible-at (default: until), in the
order in which they were merged; of all hosts unless --host says which. --runs: as in an archive specification
(default: all). --repeat: so many of them (0.1: every tenth) come once more right after, as from an archiver that is not
sure of its first try. Times are UNIX seconds, or relative to now: -3600. As a module: documents().
"""
from __future__ import annotations

import argparse
import json
import sys
import urllib.request
from pathlib import Path
from typing import Iterator

sys.path.insert(0, str(Path(__file__).parent))
from data_model import HostData  # noqa: E402
from expect import chosen_hosts, moment  # noqa: E402
from pscheduler_documents import Documents  # noqa: E402
from pscheduler_runs import Run  # noqa: E402


def documents(data: HostData, since: int, until: int, visible_at: int, runs: str = "all") -> Iterator[dict]:
    """The state of the run decides, not `succeeded`: a failed result of a background test is of a finished run."""
    merged = (Run(data, entry, ts) for entry in data.documents for ts in data.runs(entry, since, until))
    for run in sorted((run for run in merged if run.is_merged(visible_at)), key=lambda run: (run.merged_at, run.id)):
        if runs == "all" or (run.state(visible_at) == "finished") == (runs == "succeeded"):
            yield Documents(data).archived(run)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--config", metavar="FILE")
    where.add_argument("--control", metavar="URL")
    where.add_argument("--host-spec", metavar="JSON")
    parser.add_argument("--host", action="append", default=[], metavar="NAME")
    parser.add_argument("--since", type=moment, required=True)
    parser.add_argument("--until", type=moment, required=True)
    parser.add_argument("--visible-at", type=moment)
    parser.add_argument("--runs", choices=("succeeded", "failed", "all"), default="all")
    parser.add_argument("--repeat", type=float, default=0.0, metavar="SHARE")
    arguments = parser.parse_args()
    if arguments.host_spec:
        config = {"hosts": [json.loads(arguments.host_spec)]}
    elif arguments.config:
        config = json.loads(Path(arguments.config).read_text())
    else:
        with urllib.request.urlopen(arguments.control + "/control/config", timeout=30) as answer:
            config = json.load(answer)
    for data, _ in chosen_hosts(config, arguments.host):
        written = documents(data, arguments.since, arguments.until, arguments.visible_at or arguments.until, arguments.runs)
        for number, document in enumerate(written, 1):
            line = json.dumps(document, separators=(",", ":"))
            again = int(number * arguments.repeat) > int((number - 1) * arguments.repeat)
            print("\n".join([line] * (2 if again else 1)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
