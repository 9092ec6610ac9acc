#!/usr/bin/python3
"""Back-fills run in services of their own, like those of the regular runs, and outlive a reboot."""
import json
import time

from sandbox import SystemTest, main

BACKFILL = "MESSAGE_ID=5b1f0f3c9d6e4c0b8a4d8c1e7f2a6b93"
HOUR = 3600


class Backfill(SystemTest):
    hosts = 2
    unlisted = 0

    def standings(self):
        return {each["host"]: each for each in json.loads(self.sandbox.run("meshprobectl", "backfill", "--status", "--json"))}

    def arrived(self, name, since, until):
        self.eventually("all was delivered", lambda: not self.sandbox.shell("ls /var/lib/meshprobe/spool/local/q"))
        verdict = self.verdict(since, until, only={name})
        self.assertTrue(verdict.good(once=True), verdict.text())

    def test_services_fetch_and_a_reboot_ends_nothing(self):
        self.start()
        self.eventually("both hosts delivered", lambda: len(self.delivered_hosts()) == 2)
        first, second = (spec["name"] for spec in self.specs)
        self.sandbox.write(f"/etc/systemd/system/meshprobe@{first}.service.d/mine.conf", "[Service]\nMemoryMax=77M\n")
        self.systemctl("daemon-reload")
        since, until = self.server_now() - 6 * HOUR, self.server_now() - HOUR
        self.peers("PATCH", f"hosts/{first}", {"latency": 0.2})
        self.sandbox.shell(f"meshprobectl backfill {first} --since @{since} --until @{until} >/tmp/out 2>&1 &")
        unit = self.eventually("its service runs", lambda: self.systemctl(
            "list-units", "--plain", "--no-legend", "meshprobe-backfill-default*").split(" ")[0])
        self.assertEqual(self.show(unit, "MemoryMax"), str(77 << 20), "what a drop-in makes of the regular service")
        self.assertEqual(self.show(unit, "User"), "meshprobe")
        self.assertEqual(self.show(unit, "Slice"), "meshprobe.slice")
        self.assertEqual(self.show(unit, "NoNewPrivileges"), "yes")
        self.peers("PATCH", f"hosts/{first}", {"latency": 0})
        self.eventually("it is done", lambda: self.standings()[first]["state"] == "done")
        self.arrived(first, since, until - 1)
        uid = self.sandbox.run("id", "-u", "meshprobe").strip()
        self.assertEqual({entry["_UID"] for entry in self.journal(BACKFILL)}, {uid})

        self.peers("PATCH", f"hosts/{second}", {"latency": 1})
        self.sandbox.shell(f"meshprobectl backfill {second} --since @{since} --until @{until} >/tmp/out 2>&1 &")
        self.eventually("it fetches", lambda: self.standings().get(second, {}).get("state") == "running")
        time.sleep(3)
        self.assertNotEqual(self.standings()[second]["state"], "done")
        self.sandbox.reboot(hard=True)
        self.peers("PATCH", f"hosts/{second}", {"latency": 0})
        self.eventually("after the boot it goes on, and ends", lambda: self.standings()[second]["state"] == "done", timeout=90)
        self.arrived(second, since, until - 1)
        self.assertEqual(self.systemctl("is-system-running", check=False).strip(), "running")


if __name__ == "__main__":
    main()
