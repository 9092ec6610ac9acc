#!/usr/bin/python3
"""Self-signed certificates are remembered; a changed key stops its host alone."""
from sandbox import SystemTest, main

FIRST_USE = "MESSAGE_ID=6fced11d2bd8a1e6047a8387cdde8d51"
CHANGED = "MESSAGE_ID=3a124c647e02ff05b7c1dce27f7695f5"


class Trust(SystemTest):
    hosts = 20
    unlisted = 0

    def setUp(self):
        super().setUp()
        self.names = [spec["name"] for spec in self.specs]
        self.self_signed = set(self.names[:12])
        for name in self.names[12:]:
            self.peers("PATCH", f"hosts/{name}", {"tls": "ca"})
        self.sandbox.shell("cp /opt/peers/certificates/ca.pem /usr/local/share/ca-certificates/simulated.crt && update-ca-certificates")

    def hosts_of(self, message):
        return sorted(entry["MESHPROBE_HOST"] for entry in self.journal(message))

    def test_first_use_and_change(self):
        self.start()
        self.eventually("all 20 hosts delivered", lambda: len(self.delivered_hosts()) == 20)
        first = [host for host in self.hosts_of(FIRST_USE) if host in self.self_signed]
        self.assertEqual(first, sorted(self.self_signed), "one line for each self-signed host")
        self.assertLessEqual(len(self.hosts_of(FIRST_USE)), 20)

        changed = self.names[0]
        self.peers("PATCH", f"hosts/{changed}", {"key_generation": 2})
        self.eventually("the change was noticed", lambda: self.hosts_of(CHANGED) == [changed])
        moment = self.server_now()
        self.eventually("the other 19 deliver", lambda: {row[0] for row in self.query(
            f"SELECT DISTINCT host FROM results WHERE ts > {moment}")} == set(self.names[1:]))
        self.assertEqual(self.hosts_of(CHANGED), [changed], "one line, however many runs")
        self.assertEqual(self.systemctl("is-system-running").strip(), "running")

        self.sandbox.run("meshprobectl", "trust", changed, "--accept")
        self.eventually("it is collected again", lambda: self.query(
            f"SELECT count(*) FROM results WHERE host = '{changed}' AND ts > {moment}")[0][0], timeout=90)


class ClientCertificates(SystemTest):
    hosts = 2
    unlisted = 0

    def test_credentials_reach_the_probe_alone(self):
        name = self.specs[0]["name"]
        self.sandbox.shell("""cd /etc/meshprobe/credentials/probe
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=collector -keyout key -out certificate 2>/dev/null
            chmod 600 *; cp certificate /opt/peers/client.pem""")
        self.peers("PATCH", f"hosts/{name}", {"client_ca": "/opt/peers/client.pem"})
        self.configure("hosts: {" + name + ": {tls: {certificate: certificate, key: key}}}\n", "client")
        self.start()
        self.eventually("the host that asks for a certificate delivered", lambda: name in self.delivered_hosts())
        self.assertNotEqual(self.sandbox.status_of("runuser", "-u", "meshprobe", "--", "cat", "/etc/meshprobe/credentials/probe/key"), 0)
        self.assertNotEqual(self.sandbox.status_of("runuser", "-u", "meshprobe-archive", "--", "cat", "/etc/meshprobe/credentials/probe/key"), 0)


if __name__ == "__main__":
    main()
