#!/usr/bin/python3
"""kill -9 of probe and archiver at random moments, more than 200 times: every point arrives, none twice."""
import os
import time

from sandbox import HERE, SystemTest, main

PROBES, ARCHIVERS = 150, 75


class Kill(SystemTest):
    hosts = 8
    unlisted = 0
    settings = {"entries": 3, "interval": 2, "duration": 0, "buckets": 200}
    configuration = SystemTest.configuration.replace("first-run: 10min", "first-run: 5min, timeout: 1min")

    def test_nothing_is_lost_or_doubled(self):
        self.sandbox.write("/etc/systemd/system/meshprobe-archive@.service.d/soon.conf", "[Service]\nRestartSec=100ms\n")
        self.start()
        since = self.server_now()
        self.eventually("all hosts delivered", lambda: len(self.delivered_hosts()) == 8)
        self.sandbox.tool("cp", str(HERE / "killer.py"), f"{self.sandbox.name}:/opt/killer.py")
        seed = os.environ.get("MESHPROBE_SEED", str(time.time_ns() % 10**6))
        services = [f"meshprobe@{spec['name']}.service" for spec in self.specs]
        print(f"  seed {seed}:", self.sandbox.run("python3", "/opt/killer.py", str(PROBES), str(ARCHIVERS), seed, *services).strip())
        until = self.server_now()
        self.peers("PATCH", "hosts/*", {"until": until})

        def complete():
            self.systemctl("start", *services, check=False)
            return not self.verdict(since, until).missing
        self.eventually("nothing is missing", complete)
        verdict = self.verdict(since, until)
        print(" ", verdict.text())
        self.assertTrue(verdict.good(once=True))
        self.assertGreater(verdict.must, 1000)
        self.eventually("the spool is empty", lambda: not self.sandbox.shell("ls /var/lib/meshprobe/spool/*/q"))
        self.assertEqual(self.sandbox.shell("ls -A /var/lib/meshprobe/spool/*/failed"), "")
        self.assertEqual(self.query("SELECT sum(points) FROM volume"), self.query("SELECT count(*) FROM results"))


if __name__ == "__main__":
    main()
