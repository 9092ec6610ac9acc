#!/usr/bin/python3
"""Hosts come, go and are renamed in the mesh."""
from sandbox import SystemTest, main


class Mesh(SystemTest):
    hosts = 3
    unlisted = 2

    def setUp(self):
        super().setUp()
        self.names = [spec["name"] for spec in self.specs]
        self.start()
        self.eventually("the first hosts delivered", lambda: self.delivered_hosts() == set(self.names[:3]))

    def test_added_host_delivers_within_a_minute(self):
        self.mesh(self.names[:4])
        self.systemctl("start", "meshprobe-refresh.service")
        self.eventually("the added host delivered", lambda: self.names[3] in self.delivered_hosts(), timeout=60)
        self.assertTrue(self.active(f"meshprobe@{self.names[3]}.timer"))

    def test_removed_host_ends_and_keeps_its_checkpoint(self):
        gone = self.names[2]
        self.mesh(self.names[:2])
        self.refresh()
        self.eventually("its timer stopped", lambda: not self.active(f"meshprobe@{gone}.timer"))
        self.eventually("its service ended", lambda: not self.active(f"meshprobe@{gone}.service"))
        self.assertTrue(self.active(f"meshprobe@{self.names[0]}.timer"))
        self.assertIn(gone, self.sandbox.shell("ls /var/lib/meshprobe/checkpoint"))
        self.assertEqual(self.systemctl("is-system-running").strip(), "running")
        self.systemctl("daemon-reload")
        self.assertFalse(self.active(f"meshprobe@{gone}.timer"))

    def test_hosts_come_and_go_without_a_daemon_reload(self):
        reloaded = self.show_manager("GeneratorsStartTimestampMonotonic")
        self.mesh([self.names[0], *self.names[3:]])
        self.refresh()
        self.eventually("who came delivers", lambda: set(self.names[3:]) <= self.delivered_hosts())
        for name in self.names[1:3]:
            self.assertFalse(self.active(f"meshprobe@{name}.timer"), name)
        self.assertEqual(self.show_manager("GeneratorsStartTimestampMonotonic"), reloaded)
        self.assertEqual(self.show(f"meshprobe@{self.names[4]}.timer", "NeedDaemonReload"), "no")

    def test_renamed_host_leaves_no_gap(self):
        old, new = self.specs[0], "renamed.example.org"
        since = self.server_now() - 60
        self.sandbox.shell(f"echo '{old['address']} {new}' >>/etc/hosts")
        self.mesh([new, *self.names[1:3]])
        self.refresh()
        self.eventually("the old name stopped", lambda: not self.active(f"meshprobe@{old['name']}.timer"))
        self.eventually("the new name delivered", lambda: new in self.delivered_hosts())
        until = self.server_now()
        both = {old["name"]: {new}}
        self.eventually("nothing is missing", lambda: not self.verdict(since, until, both, only={old["name"]}).missing)
        verdict = self.verdict(since, until, both, only={old["name"]})
        print(" ", verdict.text())
        self.assertTrue(verdict.good())

    def test_a_broken_mesh_disturbs_nothing(self):
        for name, fault in {"not found": {"do": "error", "status": 404}, "failing": {"do": "error", "status": 500},
                            "login page": {"do": "page", "body": "<html>please log in</html>"}, "truncated": {"do": "truncate", "after": 40},
                            "empty object": {"do": "page", "type": "application/json", "body": "{}"}}.items():
            with self.subTest(name):
                self.peers("PATCH", "hosts/mesh", {"faults": [fault]})
                self.systemctl("start", "meshprobe-refresh.service")
                self.converged()
                for host in self.names[:3]:
                    self.assertTrue(self.active(f"meshprobe@{host}.timer"), f"{host} with a mesh that is {name}")
        self.assertEqual(self.systemctl("is-system-running").strip(), "running")


if __name__ == "__main__":
    main()
