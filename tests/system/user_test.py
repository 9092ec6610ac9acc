#!/usr/bin/python3
"""systemctl --user: an unprivileged user collects with the same package, and touches nothing of the system's."""
import json

from sandbox import QUERY, SystemTest, main

USER = "researcher"
HOME = f"/home/{USER}"


class User(SystemTest):
    hosts = 3
    configuration = ""  # of the system
    own = """\
meshes:
  campus: {url: "https://mesh.example.org/pub/config", tls: {ca: mesh-ca}, refresh: 1h}
tasks:
  default: {interval: 10s, first-run: 10min}
  often: {interval: 15s, first-run: 10min, event-types: [packet-loss-rate]}
"""

    def setUp(self):
        super().setUp()
        self.names = [spec["name"] for spec in self.specs]
        self.listed = set(self.names[:self.hosts])
        self.state = f"{HOME}/.local/state/meshprobe"
        self.sandbox.shell(f"useradd --create-home --shell /bin/bash {USER}")
        self.uid = self.sandbox.run("id", "-u", USER).strip()
        # Where PAM does not tell it, as on a machine without libpam-systemd.
        self.sandbox.write("/etc/systemd/system/user@.service.d/runtime.conf", "[Service]\nEnvironment=XDG_RUNTIME_DIR=/run/user/%i\n")
        self.sandbox.shell(f"mkdir -p /var/lib/systemd/linger && touch /var/lib/systemd/linger/{USER}")
        self.systemctl("daemon-reload")
        self.systemctl("start", f"user@{self.uid}.service")
        self.as_user("mkdir -p ~/.config/meshprobe/meshprobe.yaml.d ~/.config/meshprobe/credentials/mesh"
                     " && install -m 600 /etc/meshprobe/mesh-ca.pem ~/.config/meshprobe/credentials/mesh/mesh-ca")
        self.as_user("cat >~/.config/meshprobe/meshprobe.yaml <<'END'\n" + self.own + "END")

    def as_user(self, script, check=True):
        return self.sandbox.run("setpriv", f"--reuid={self.uid}", f"--regid={self.uid}", "--init-groups", "env", f"HOME={HOME}", f"USER={USER}",
                                f"XDG_RUNTIME_DIR=/run/user/{self.uid}", "/bin/bash", "-c", f"cd && {script}", check=check)

    def results(self, sql):
        return json.loads(self.sandbox.run("python3", "-c", QUERY, f"{self.state}/archive/local.db", sql))

    def delivered_since(self, moment):
        return {row[0] for row in self.results(f"SELECT DISTINCT host FROM results WHERE ts > {moment}")}

    def own_active(self, unit):
        return self.as_user(f"systemctl --user is-active {unit}", check=False).strip() in ("active", "activating")

    def test_collects_alone(self):
        self.as_user("systemctl --user daemon-reload")
        self.assertIn("(systemctl --user start meshprobe.target)", self.as_user("meshprobectl --user status", check=False))
        self.as_user("systemctl --user enable --quiet --now meshprobe.target")
        self.eventually("everyone delivered", lambda: self.delivered_since(0) == self.listed)
        timers = self.as_user("systemctl --user list-timers --no-legend 'meshprobe*'")
        for name in self.listed:
            self.assertIn(f"meshprobe@{name}.timer", timers)
            self.assertIn(f"meshprobe-often@{name}.timer", timers)
        self.assertEqual(self.as_user("systemctl --user --failed --plain --no-legend").strip(), "")

        status = json.loads(self.as_user("meshprobectl --user status --json"))
        self.assertEqual({host["host"] for host in status["hosts"]}, self.listed)
        self.assertIn("success", self.as_user(f"meshprobectl --user run {self.names[0]}"))
        self.as_user(f"meshprobectl --user disable {self.names[0]}")
        self.assertFalse(self.own_active(f"meshprobe@{self.names[0]}.timer"))
        self.as_user("systemctl --user start meshprobe-refresh.service && systemctl --user daemon-reload")
        self.assertFalse(self.own_active(f"meshprobe@{self.names[0]}.timer"))
        self.as_user(f"meshprobectl --user enable {self.names[0]}")
        self.assertTrue(self.own_active(f"meshprobe@{self.names[0]}.timer"))

        self.mesh(self.names[:2])
        self.as_user(f"echo 'hosts: {{{self.names[3]}: {{}}}}' >~/.config/meshprobe/meshprobe.yaml.d/x.yaml && meshprobectl --user apply")
        self.eventually("the removed host ended", lambda: not self.own_active(f"meshprobe@{self.names[2]}.timer"))
        self.as_user(f"systemctl --user enable --now --quiet meshprobe@{self.names[3]}.timer")
        self.eventually("a host enabled by hand delivers", lambda: self.names[3] in self.delivered_since(0))

        # The next boot, with the state elsewhere and nobody logged in.
        self.as_user("mkdir -p data ~/.config/environment.d && systemctl --user stop meshprobe.target meshprobe.slice && mv ~/.local/state/meshprobe data/"
                     f" && echo XDG_STATE_HOME={HOME}/data >~/.config/environment.d/state.conf")
        self.state = f"{HOME}/data/meshprobe"
        self.sandbox.reboot()
        moment = self.server_now()
        self.eventually("collected after the boot", lambda: self.delivered_since(moment) == {*self.names[:2], self.names[3]})
        self.assertIn(f"{self.state}/mesh/hosts", self.as_user("systemctl --user show -p Paths meshprobe-converge.path"))
        self.sandbox.shell(f"test ! -e {HOME}/.local/state/meshprobe")

        self.assertEqual(self.sandbox.shell(f"find /etc /run /var -xdev -user {USER} -path '*meshprobe*'").strip(), "", "only below the user's directories")
        self.assertEqual(self.sandbox.shell("find /var/lib/meshprobe -type f").strip(), "", "nothing of the system's scope")
        self.assertEqual(self.sandbox.status_of("meshprobectl", "status"), 3)

    def test_a_user_without_configuration_has_nothing(self):
        self.as_user("rm -r ~/.config/meshprobe && systemctl --user daemon-reload")
        self.assertEqual(self.as_user("ls $XDG_RUNTIME_DIR/systemd/generator 2>/dev/null", check=False).strip(), "")
        self.assertEqual(self.as_user("systemctl --user is-active meshprobe.target", check=False).strip(), "inactive")


if __name__ == "__main__":
    main()
