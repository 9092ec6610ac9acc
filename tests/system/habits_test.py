#!/usr/bin/python3
"""The table of meshprobe(7), "What systemctl does to one host": every cell is tried, for several kinds of hosts."""
import re
from pathlib import Path

from sandbox import SystemTest, main

MANUAL = Path(__file__).resolve().parents[2] / "man" / "meshprobe.7"
# What an administrator types, once the host runs. T is its timer, S its service, H its name.
EDIT = 'script -qec "systemctl edit $T" /dev/null </dev/null'
COMMANDS = {
    "stop": "systemctl stop $T",
    "disable --now": "systemctl disable --now $T",
    "mask": "systemctl mask $T",
    "edit": EDIT,
    "revert": f"{EDIT} && systemctl set-property $S CPUQuota=50% && systemctl revert $T $S",
    "set-property": "systemctl set-property $S CPUQuota=50%",
    "meshprobectl disable": "meshprobectl disable $H",
    "meshprobectl enable": "meshprobectl disable $H && meshprobectl enable $H",
}
EVENTS = ("refresh", "reload", "reboot")
# "manual": a mesh lists the host, its task leaves enabling to the administrator, who enabled it. As good as "hand".
ORIGINS = {"mesh": "mesh", "hand": "hand", "manual": "hand"}
EDITOR = """#!/bin/sh
for file; do :; done
sed -i '/will become the new contents/a [Timer]\\nOnCalendar=\\nOnCalendar=*-*-* 03:00 UTC' "$file"
"""


def table() -> dict[tuple[str, str, str], str]:
    """{(command, enabled by, event): "on" | "off" | "kept"} as the manual page says."""
    section = MANUAL.read_text().split(".Ss What systemctl does to one host", 1)[1].split(".El", 1)[0]
    rows = re.findall(r'^\.It Li "?([^"\n]+?)"? Ta (mesh|hand) Ta (\w+) Ta (\w+) Ta (\w+)$', section, re.M)
    return {(command, by, event): state for command, by, *states in rows for event, state in zip(EVENTS, states)}


class Habits(SystemTest):
    maxDiff = None
    hosts = 2 * 3 * len(COMMANDS)   # listed by the mesh: "mesh" and "manual"
    unlisted = 3 * len(COMMANDS) + 3
    settings = {"entries": 1, "tests": ["rtt"]}
    configuration = SystemTest.configuration.replace("interval: 10s", "interval: 1h")

    def setUp(self):
        super().setUp()
        self.expected = table()
        self.assertEqual(set(self.expected), {(command, by, event) for command in COMMANDS for by in ("mesh", "hand") for event in EVENTS})
        names = [spec["name"] for spec in self.specs]
        self.listed, self.spare = names[:self.hosts], names[-3:]
        cells = [(event, origin, command) for origin in ("mesh", "manual", "hand") for event in EVENTS for command in COMMANDS]
        self.host_of = dict(zip(cells, names))

    def of_origin(self, *origins):
        return [name for (_, origin, _), name in self.host_of.items() if origin in origins]

    def states(self):
        """{host: (ActiveState of the timer, what of an administrator's settings is in force)}"""
        found = {}
        for kind in ("timer", "service"):
            units = [f"meshprobe@{name}.{kind}" for name in self.host_of.values()]
            for block in self.systemctl("show", "-p", "Id,ActiveState,TimersCalendar,CPUQuotaPerSecUSec", *units).strip().split("\n\n"):
                name = re.search(r"^Id=meshprobe@(.*)\.\w+$", block, re.M)[1]
                settings = {setting for setting, mark in (("edit", "OnCalendar=*-*-* 03:00:00"), ("set-property", "=500ms")) if mark in block}
                if kind == "timer":
                    found[name] = re.search(r"^ActiveState=(.*)$", block, re.M)[1], settings
                else:
                    found[name][1].update(settings)
        return found

    def idle(self):
        return [name for name, (state, _) in self.states().items() if state != "active"]

    def compare(self, column, acted):
        """Of the hosts that were acted upon so far."""
        wrong, states = [], self.states()
        for (event, origin, command), name in self.host_of.items():
            if event not in acted:
                continue
            state, settings = states[name]
            expected = self.expected[command, ORIGINS[origin], column]
            good = {"off": state in ("inactive", "failed"), "on": state == "active" and not settings,
                    "kept": state == "active" and settings == {command}}[expected]
            if not good:
                wrong.append(f"{command}, {origin}, after {column} (acted before {event}): {state} {settings or ''}, expected {expected}")
        self.assertEqual(wrong, [])

    def act(self, event):
        script = "".join(f"(T=meshprobe@{name}.timer S=meshprobe@{name}.service H={name}; export T S H; {COMMANDS[command]}) >/dev/null || exit 1\n"
                         for (before, _, command), name in self.host_of.items() if before == event)
        self.sandbox.shell(f"export SYSTEMD_EDITOR=/opt/editor\n{script}")

    def test_every_cell(self):
        self.sandbox.write("/opt/editor", EDITOR)
        self.sandbox.run("chmod", "+x", "/opt/editor")
        self.configure("hosts:\n" + "".join(f"  {name}: {{enable: manual}}\n" for name in self.of_origin("manual")), "manual")
        self.start()
        by_hand = [f"meshprobe@{name}.timer" for name in self.of_origin("manual", "hand")]
        self.systemctl("enable", "--now", "--quiet", *by_hand)
        self.eventually("all timers run", lambda: not self.idle())
        self.converged()

        self.act("refresh")
        self.mesh([*self.listed, self.spare[0]])
        self.refresh()
        self.assertTrue(self.active(f"meshprobe@{self.spare[0]}.timer"), "there was something to apply")
        self.compare("refresh", ["refresh"])
        self.assertEqual(self.systemctl("is-system-running", check=False).strip(), "running", "what is masked has not failed")

        self.act("reload")
        self.systemctl("daemon-reload")
        self.compare("reload", ["refresh", "reload"])

        self.act("reboot")
        self.sandbox.reboot()
        self.converged()
        self.compare("reboot", EVENTS)
        self.assertEqual(self.systemctl("is-system-running", check=False).strip(), "running")
        self.presets()

    def presets(self):
        """Everything is off until somebody enables the target; a host goes back to what its mesh says."""
        by_hand, by_mesh = (f"meshprobe@{self.host_of['reboot', origin, 'edit']}.timer" for origin in ("hand", "mesh"))
        self.systemctl("preset", "--quiet", by_hand, by_mesh, "meshprobe.target", "meshprobe-apply.path")
        answers = self.systemctl("is-enabled", by_hand, by_mesh, "meshprobe.target", "meshprobe-apply.path", check=False).split()
        self.assertEqual(answers, ["disabled", "enabled-runtime", "enabled", "disabled"])


if __name__ == "__main__":
    main()
