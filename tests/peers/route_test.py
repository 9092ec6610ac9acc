#!/usr/bin/python3
"""By which way the probe reaches its host: proxies of every kind, other addresses, IPv4 or IPv6, from which address.

    MESHPROBE_BINARY_DIR=DIR route_test.py [unittest arguments]
"""
from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from certificates import Certificates  # noqa: E402
from probe_test import CTL, SUCCESS, UNREACHABLE, ProbeTest  # noqa: E402
from proxy import Proxy  # noqa: E402
from simulator import Simulator  # noqa: E402

NAME, PLACE = "ps1.example.org", "127.0.0.2"  # a name that only proxies and connect-to can tell the address of
CONFIGURATION, CREDENTIALS = 78, 77


class RouteTest(ProbeTest):
    def simulate(self, **host) -> Simulator:
        peers = Simulator({"history": 3600, "hosts": [{"name": NAME, "address": PLACE, "entries": 1} | host]})
        peers.__enter__()
        self.addCleanup(peers.__exit__, None, None, None)
        self.peers = peers
        only = next(iter(peers.hosts.values()))
        self.endpoint, self.port = only["endpoint"], only["https"] or only["http"]
        return peers

    def fresh(self) -> None:
        self.root = self.root / "x"

    def proxy(self, **settings) -> Proxy:
        proxy = Proxy(names={NAME: PLACE}, **settings).__enter__()
        self.addCleanup(proxy.__exit__, None, None, None)
        return proxy

    def credential(self, name: str, text: str) -> None:
        directory = self.root / "etc/meshprobe/credentials/probe"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)

    def assert_reached(self, run=None) -> None:
        run = run or self.run_probe()
        self.assertEqual(run.code, SUCCESS, run.text)
        self.assertGreater(self.result["points"], 0)


class Proxies(RouteTest):
    def test_every_kind(self) -> None:
        self.simulate()
        for scheme, protocol in (("http", "connect"), ("socks4a", "socks4a"), ("socks5h", "socks5h")):
            with self.subTest(scheme):
                self.fresh()
                proxy = self.proxy()
                self.configure(proxy=f"{scheme}://127.0.0.1:{proxy.port}")
                self.assert_reached()
                self.assertEqual(set(proxy.asked), {(protocol, NAME, self.port)}, "the proxy looks the name up")

    def test_kinds_that_get_addresses(self) -> None:
        self.simulate(name=PLACE)
        for scheme in ("socks4", "socks5"):
            with self.subTest(scheme):
                self.fresh()
                proxy = self.proxy()
                self.configure(proxy=f"{scheme}://127.0.0.1:{proxy.port}")
                self.assert_reached()
                self.assertEqual(set(proxy.asked), {(scheme, PLACE, self.port)})

    def test_plain_http_goes_through_it_too(self) -> None:
        self.simulate(https=None, http=0)
        proxy = self.proxy()
        self.configure(**{"proxy": f"http://127.0.0.1:{proxy.port}", "http-fallback": True})
        self.assert_reached()
        self.assertIn(("http", NAME, self.port), proxy.asked)

    def test_over_tls_the_key_of_the_proxy_is_not_taken_for_the_hosts(self) -> None:
        self.simulate(tls="self-signed")
        certificates = Certificates(tempfile.mkdtemp(prefix="proxy-", dir=self.root))
        proxy = self.proxy(tls=tuple(str(path) for path in certificates.pair("localhost", "ca")))
        settings = {"proxy": f"https://localhost:{proxy.port}"}
        self.configure(**settings)
        run = self.run_probe()
        self.assertEqual(run.code, CONFIGURATION, "its certificate is signed by nobody known")
        self.assertIn("proxy-ca", run.text)
        self.fresh()
        self.configure(**settings, **{"proxy-ca": str(certificates.ca)})
        run = self.run_probe()
        self.assert_reached(run)
        self.assertIn(self.peers.hosts[NAME]["pin"], run.text, "what is remembered is the host's")
        self.assertEqual(self.run_probe().code, SUCCESS)

    def test_credentials(self) -> None:
        self.simulate()
        for scheme in ("http", "socks5h"):
            for url_user, secret in (("", "reader:p@ss:w/rd\n"), ("reader@", "p@ss:w/rd")):
                with self.subTest(f"{scheme} {url_user}"):
                    self.fresh()
                    proxy = self.proxy(user="reader", password="p@ss:w/rd")
                    settings = {"proxy": f"{scheme}://{url_user}127.0.0.1:{proxy.port}", "proxy-credential": "way-out"}
                    self.configure(**settings)
                    run = self.run_probe()
                    self.assertEqual(run.code, CREDENTIALS, run.text)
                    self.assertIn("way-out", run.text)
                    self.assertEqual(proxy.refused, 0)
                    self.credential("way-out", secret)
                    process = self.start()
                    listed = Path(f"/proc/{process.pid}/cmdline").read_bytes() + Path(f"/proc/{process.pid}/environ").read_bytes()
                    self.assertNotIn(b"p@ss", listed)
                    process.wait()
                    process.stderr.close()
                    self.assertEqual(process.returncode, SUCCESS)
                    self.assertEqual((proxy.refused, set(host for _, host, _ in proxy.asked)), (0, {NAME}))

    def test_a_refusal_names_the_proxy_and_no_password(self) -> None:
        self.simulate()
        proxy = self.proxy(user="reader", password="secret")
        self.configure(proxy=f"http://reader:wrong-one@127.0.0.1:{proxy.port}")
        run = self.run_probe()
        self.assertEqual(run.code, UNREACHABLE)
        self.assertIn(f"through proxy http://reader:***@127.0.0.1:{proxy.port}", run.text)
        self.assertIn("407", run.text)
        self.assertNotIn("http-fallback", run.text)
        shown = subprocess.run([CTL, "config", "--root", self.root, NAME], capture_output=True, text=True, check=True).stdout
        for text in (run.text, shown, json.dumps(self.result)):
            self.assertNotIn("wrong-one", text)
        warnings = subprocess.run([CTL, "check", "--root", self.root], capture_output=True, text=True).stdout
        self.assertIn("tasks.default.proxy: a password in a URL", warnings)

    def test_no_proxy(self) -> None:
        self.simulate()
        for exempt, is_direct in (([NAME], True), (["example.org"], True), ([".example.org"], True), (["*"], True),
                                  (["ps2.example.org"], False), (["xample.org"], False), ([], False)):
            with self.subTest(exempt):
                self.fresh()
                proxy = self.proxy()
                # to a proxy by name, or else to where connect-to says
                self.configure(**{"proxy": f"socks5h://127.0.0.1:{proxy.port}", "no-proxy": exempt} | ({"connect-to": PLACE} if is_direct else {}))
                self.assert_reached()
                self.assertEqual(not proxy.asked, is_direct)

    def test_no_proxy_for_networks(self) -> None:
        self.simulate(name=PLACE)
        for exempt, is_direct in (("127.0.0.0/8", True), (PLACE, True), ("127.0.1.0/24", False)):
            with self.subTest(exempt):
                self.fresh()
                proxy = self.proxy()
                self.configure(**{"proxy": f"socks5://127.0.0.1:{proxy.port}", "no-proxy": [exempt]})
                self.assert_reached()
                self.assertEqual(not proxy.asked, is_direct)

    def test_the_environment_is_not_consulted(self) -> None:
        self.simulate()
        self.configure(**{"connect-to": PLACE})
        nowhere = {name: "http://127.0.0.1:9" for name in ("https_proxy", "HTTPS_PROXY", "ALL_PROXY", "http_proxy")}
        with unittest.mock.patch.dict(os.environ, nowhere):
            self.assert_reached()


class Places(RouteTest):
    def test_connect_to(self) -> None:
        self.simulate(tls="ca")
        trust = {"tls": {"trust": "ca", "ca": self.peers.ca}}
        for entries in (PLACE, [PLACE], f"{PLACE}:{self.port}", [f"{NAME}:{self.port}:{PLACE}:{self.port}"], [f"::{PLACE}:"],
                        ["other.example.org::192.0.2.9:", f"{NAME}::{PLACE}:"], [f"[::1]:1:{PLACE}:", PLACE]):
            with self.subTest(entries):
                self.fresh()
                self.configure(**{"connect-to": entries}, **trust)  # and the certificate is that of the name
                self.assert_reached()
        self.fresh()
        self.configure(**{"connect-to": [f"other.example.org::{PLACE}:"]}, **trust)
        self.assertEqual(self.run_probe().code, UNREACHABLE)

    def test_connect_to_another_port(self) -> None:
        self.simulate()
        self.endpoint = NAME
        self.configure(**{"connect-to": [f"{NAME}:443:{PLACE}:{self.port}"]})
        self.assert_reached()

    def test_ip_version(self) -> None:
        for listening, address in (("4", "127.0.0.1"), ("6", "::1")):
            peers = Simulator({"history": 3600, "hosts": [{"name": "localhost", "address": address, "entries": 1}]})
            with peers:
                self.peers, self.endpoint = peers, peers.hosts["localhost"]["endpoint"]
                for wanted in ("4", "6", "any"):
                    with self.subTest(f"{wanted} where there is {listening}"):
                        self.fresh()
                        self.configure(**{"ip-version": wanted})
                        if wanted in (listening, "any"):
                            self.assert_reached()
                        else:
                            self.assertEqual(self.run_probe().code, UNREACHABLE)

    def test_bind_address(self) -> None:
        self.simulate()
        with socket.create_server((PLACE, 0)) as listener:
            self.configure(**{"connect-to": f"{PLACE}:{listener.getsockname()[1]}", "bind-address": "127.0.0.77"})
            process = self.start()
            connection, (address, _) = listener.accept()
            connection.close()
            self.assertEqual(address, "127.0.0.77")
            listener.close()
            process.terminate()
            process.wait()
            process.stderr.close()
        self.fresh()
        self.configure(**{"connect-to": PLACE, "bind-address": "127.0.0.77"})
        self.assert_reached()

    def test_a_bind_address_of_another_machine_is_a_local_fault(self) -> None:
        self.simulate()
        self.configure(**{"connect-to": PLACE, "bind-address": "192.0.2.77"})
        run = self.run_probe()
        self.assertEqual(run.code, CONFIGURATION, run.text)
        self.assertIn("bind-address 192.0.2.77", run.text)

    def test_interface(self) -> None:
        self.simulate()
        self.configure(**{"connect-to": PLACE, "context": {"type": "linuxvrf", "interface": "lo"}})
        self.assert_reached()
        self.fresh()
        self.configure(**{"connect-to": PLACE, "context": {"type": "linuxvrf", "interface": "nosuch0"}})
        run = self.run_probe()
        self.assertEqual(run.code, CONFIGURATION, run.text)
        self.assertIn("bind to nosuch0: No such device", run.text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
