"""test_network.py - nodes find each other on real networks, if they are meant to.

Each scenario is a network of namespaces of its own (lab.py).
"""
import random
import signal
import subprocess
import time
import unittest

import lab
from lab import ms

OBSTACLE = lab.obstacle()


@unittest.skipIf(OBSTACLE, OBSTACLE)
class Networks(lab.Scenario):
    """Hosts on one network."""

    def test_found_although_datagrams_get_lost(self):
        network, hosts = self.hosts(3)
        network.drop("meta l4proto udp numgen random mod 100 < 30")
        nodes = [host.node(f"{name}{i}") for host, name in zip(hosts, "abc") for i in (1, 2)]
        self.note(f"found after {ms(self.met_after(nodes))}")

    def test_found_although_the_first_datagrams_get_lost_all(self):
        network, hosts = self.hosts(2)
        network.drop("meta l4proto udp")
        nodes = [host.node(name) for host, name in zip(hosts, "ab")]
        time.sleep(2)  # for three hellos
        for node in nodes:
            self.never(node, "online")
        network.drop()
        self.note(f"found after {ms(self.met_after(nodes))}")

    def test_loopback_is_enough(self):
        host = self.lab.host("alone")
        nodes = [host.node(name) for name in "abc"]
        self.note(f"found after {ms(self.met_after(nodes))}")
        self.talk(nodes[0], nodes[2])

    def test_ipv6_is_enough(self):
        _, hosts = self.hosts(2, pattern="fd00:77::{}/64")
        nodes = [host.node(f"{name}{i}") for host, name in zip(hosts, "ab") for i in (1, 2)]
        self.note(f"found after {ms(self.met_after(nodes))}")
        for one, other in zip(nodes, nodes[1:]):
            self.talk(one, other)
            self.assertTrue(one.location.startswith("[fd00:77::"), one.location)

    def test_each_core_is_a_peer(self):
        _, hosts = self.hosts(2)
        a = hosts[0].node("a", "--cores", 2)
        b = hosts[1].node("b", "--cores", 3)
        a.expect("online a.1", "online b.0", "online b.1", "online b.2")
        b.expect("online b.1", "online b.2", "online a.0", "online a.1")
        self.assertEqual(a.ask("peers").split()[0], "4")
        self.assertEqual(b.ask("find", "a.1"), f"OK 10.77.0.1:{a.port_of('a.1', b)}")
        self.talk(a, b)
        self.assertEqual(a.ask("add", "10.77.0.2", b.port_of("b.2", a)), "OK")
        self.assertEqual(len(a.since(0, "online")), 4)


@unittest.skipIf(OBSTACLE, OBSTACLE)
class Secrets(lab.Scenario):
    """Clusters on one wire that have nothing to do with each other."""

    def test_clusters_do_not_mix(self):
        _, hosts = self.hosts(2)
        begin = time.monotonic()
        red = self.lab.write("red", "a secret of the red ones 0123456789\n")
        blue = self.lab.write("blue", "a secret of the blue ones 012345678\n")
        groups = [[host.node(f"{name}{i}", *options) for i, host in enumerate(hosts)]
                  for name, options in (("red", ["--secret-file", red]), ("open", []),
                                        ("blue", ["--secret-file", blue]))]
        for group in groups:
            self.all_meet(group)
            self.talk(*group)
        for group in groups:
            for node in group:
                lab.wait_until("others are noted", lambda: "discover.foreign" in node.log())
                self.assertEqual(node.ask("peers").split()[0], "1")
        self.strangers_are_refused(groups, begin)

    def strangers_are_refused(self, groups, begin):
        red, other, blue = (group[0] for group in groups)
        for one, to in ((red, blue), (blue, other), (other, red)):
            host, port = to.location.rsplit(":", 1)
            self.assertEqual(one.ask("add", host, port, 20), "CY_EAUTH")
        for group in groups:
            for node in group:
                # A line of each kind in a second; a busy machine takes many of them.
                lines = 2 + int(time.monotonic() - begin)
                self.assertLessEqual(node.log().count("discover.foreign"), lines, node.log())
                self.assertLessEqual(node.log().count("net.refused"), lines, node.log())
                self.assertEqual(len(node.since(0, "online")), 1)
        self.assertIn("net.refused", blue.log())

    def test_secret_is_changed_step_by_step(self):
        _, hosts = self.hosts(3)
        old = self.lab.write("old", "the secret until yesterday 01234567\n")
        new = self.lab.write("new", "the secret from tomorrow on 0123456\n")
        a = hosts[0].node("a", "--secret-file", old)
        b = hosts[1].node("b", "--secret-file", f"{old},{new}")
        c = hosts[2].node("c", "--secret-file", f"{new},{old}")
        d = hosts[0].node("d", "--secret-file", new)
        for one, others in ((a, "bc"), (b, "acd"), (c, "abd"), (d, "bc")):
            one.expect(*(f"online {other}.0" for other in others))
        for one, other in ((a, b), (a, c), (b, c), (b, d), (c, d)):
            self.talk(one, other)
        self.never(a, "online d.0")
        self.never(d, "online a.0")


@unittest.skipIf(OBSTACLE, OBSTACLE)
class Routes(lab.Scenario):
    """Hosts that are not on one network."""

    def two_networks(self):
        networks = [self.lab.network(f"n{i}") for i in (1, 2)]
        router = self.lab.host("router")
        for i, network in enumerate(networks, 1):
            router.join(network, f"10.{i}.0.1/24")
        router.set("net/ipv4/ip_forward", 1)
        return networks, router

    def host_behind(self, network, n, number):
        host = self.lab.host(f"x{n}{number}", network, f"10.{n}.0.{number}/24")
        host.route(f"10.{n}.0.1")
        return host

    def hide(self, gateway, udp):
        """Whoever is outside reaches 10.1.0.2 at two ports of the gateway, and nothing else."""
        gateway.nft(f"""table ip nat {{
            chain pre {{ type nat hook prerouting priority -100;
                iifname "eth1" tcp dport 40001 dnat to 10.1.0.2;
                iifname "eth1" udp dport {udp} dnat to 10.1.0.2; }}
            chain post {{ type nat hook postrouting priority 100;
                oifname "eth1" masquerade; }}
            }}""")

    def example(self, host, name, *words):
        """An example on that host, as its first lines say."""
        process = subprocess.Popen(
            host.inside(lab.BIN / "examples" / name, *words), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def test_example_finds_a_task_behind_a_gateway(self):
        (inner, outer), gateway = self.two_networks()
        self.hide(gateway, udp=51350)
        inside = self.host_behind(inner, 1, 2)
        server = self.example(inside, "task_server", "--node", "10.1.0.2", "--ext-ip-addr",
                              "10.2.0.1", "--tcp-port", 40001)
        self.assertEqual(server.stdout.readline(), "ready\n")
        visitor = self.example(self.lab.host("out", outer, "10.2.0.2/24"), "nat_peer",
                               "10.2.0.1", "hello")
        said, _ = visitor.communicate(timeout=lab.PATIENCE_S)
        self.assertEqual(visitor.returncode, 0, said)
        self.assertIn("this is 10.2.0.2:", said)
        self.assertIn("greeter is at 10.2.0.1:40001\ndelivered\n", said)
        self.assertTrue(server.stdout.readline().startswith("hello, says task "))

    def test_node_behind_a_gateway_is_reached(self):
        (inner, outer), gateway = self.two_networks()
        self.hide(gateway, udp=40001)
        inside = self.host_behind(inner, 1, 2).node("inside", "--node", "10.1.0.2",
                                                    "--ext-ip-addr", "10.2.0.1",
                                                    "--tcp-port", 40001)
        outside = self.lab.host("out", outer, "10.2.0.2/24").node("outside", "--peers",
                                                                  "10.2.0.1:40001")
        third = self.lab.host("third", outer, "10.2.0.3/24").node("third")
        self.assertIn("10.2.0.1:40001", outside.expect("online inside.0"))
        inside.expect("online outside.0")
        self.talk(inside, outside)
        outside.expect("online third.0")
        self.assertEqual(third.ask("add", "10.2.0.1", 40001), "OK")
        third.expect("online inside.0")
        self.talk(third, inside)
        self.assertEqual(third.ask("find", "inside"), "OK 10.2.0.1:40001")

    def test_host_is_found_whole_by_its_address(self):
        networks, _ = self.two_networks()
        far = self.host_behind(networks[1], 2, 2)
        there = [far.node(f"f{i}") for i in range(3)]
        here = self.host_behind(networks[0], 1, 2).node("here")
        self.all_meet(there)
        self.never(here, "online")
        self.assertEqual(here.ask("add", "10.2.0.2", 0), "OK")
        here.expect("online f0.0", "online f1.0", "online f2.0")
        for node in there:
            node.expect("online here.0")
            self.talk(here, node)
        self.assertEqual(here.ask("add", "10.2.0.2", 0), "OK")
        self.assertEqual(len(here.since(0, "online")), 3)

    def test_hung_node_does_not_hide_its_host(self):
        networks, _ = self.two_networks()
        far = self.host_behind(networks[1], 2, 2)
        there = [far.node(f"f{i}") for i in range(3)]
        self.all_meet(there)
        here = self.host_behind(networks[0], 1, 2).node("here")
        there[1].stop()
        self.assertEqual(here.ask("add", "10.2.0.2", 0), "OK")
        here.expect("online f0.0", "online f2.0")
        self.never(here, "online f1.0")
        there[1].go_on()
        self.assertEqual(here.ask("add", "10.2.0.2", 0), "OK")
        self.assertEqual(here.ask("find", "f1.0").split()[0], "OK")
        self.talk(here, there[1])

    def test_peer_announces_who_asks_for_it(self):
        networks, _ = self.two_networks()
        far = [self.host_behind(networks[1], 2, i).node(f"f{i}") for i in (2, 3, 4)]
        here = self.host_behind(networks[0], 1, 2).node("here")
        self.all_meet(far)
        self.assertEqual(here.ask("add", "10.2.0.2", far[0].port), "OK")
        here.expect("online f2.0")
        self.never(here, "online f3.0", "online f4.0")
        mark = here.mark()
        here.tell("add", "10.2.0.2", far[0].port, 60, "broadcast")
        here.expect("add 10.2.0.2 OK", "online f3.0", "online f4.0", since=mark)
        self.talk(here, far[2])

    def test_node_in_two_networks_is_one_peer(self):
        networks = [self.lab.network(f"n{i}") for i in (1, 2)]
        hosts = [self.lab.host(f"h{i}", networks[0], f"10.1.0.{i}/24")
                 .join(networks[1], f"10.2.0.{i}/24") for i in (1, 2)]
        a, b = nodes = [host.node(name) for host, name in zip(hosts, "ab")]
        self.all_meet(nodes)
        for n in (1, 2):
            self.assertEqual(a.ask("add", f"10.{n}.0.2", b.port), "OK")
            self.assertEqual(b.ask("add", f"10.{n}.0.1", 0), "OK")
        self.talk(a, b)
        for node in nodes:
            self.assertEqual(node.ask("peers").split()[0], "1")
            self.assertEqual(len(node.since(0, "online")), 1)
            self.never(node, "offline")

    def test_who_is_not_to_be_found_is_not(self):
        _, hosts = self.hosts(2)
        a = hosts[0].node("a")
        hidden = [host.node(f"s{i}", "--no-discover-peers") for i, host in enumerate(hosts)]
        b = hosts[1].node("b")
        self.all_meet([a, b])
        self.assertEqual(a.ask("add", "10.77.0.2", 0), "OK")  # finds b, not the hidden one
        for node in hidden:
            self.never(node, "online")
        for node in (a, b):
            self.never(node, "online s0.0", "online s1.0")
        host, port = hidden[1].location.rsplit(":", 1)
        self.assertEqual(a.ask("add", host, port), "OK")
        a.expect("online s1.0")
        hidden[1].expect("online a.0")
        self.talk(a, hidden[1])
        self.never(b, "online s1.0")
        self.never(hidden[1], "online b.0", "online s0.0")
        self.assertEqual(hidden[1].ask("peers"), "1 a.0")


@unittest.skipIf(OBSTACLE, OBSTACLE)
class Certificates(lab.Scenario):
    """Three hosts that talk over TLS, and a fourth."""

    def given(self, node, *blocks):
        """Its file, made anew: the key and the certificates of these files, ours first."""
        text = blocks[0].read_text()
        for path in blocks[1:]:
            other = path.read_text()
            text += other[other.index("-----BEGIN CERTIFICATE"):]
        path = self.lab.write(f"{node}.pem", text)
        return path

    def reload(self, node, *blocks):
        self.given(node.name, *blocks)
        before = node.log().count("event=net.certificate")
        node.signal(signal.SIGHUP)
        lab.wait_until("it has loaded its certificate again",
                       lambda: node.log().count("event=net.certificate") > before)

    def secured(self, *options):
        """Three nodes with the specification's certificate, each with a file of its own."""
        self.first = self.lab.certificate("first")
        network, hosts = self.hosts(4)
        nodes = [host.node(name, "--certfile", self.given(name, self.first), *options)
                 for host, name in zip(hosts, "abc")]
        self.all_meet(nodes)
        return network, hosts, nodes

    def retry(self, stranger, node, word):
        """Complaints are limited to one a second, so it may take some tries."""
        stranger.ask("add", node.location.rsplit(":", 1)[0], node.port, 10)
        return word in node.log()

    def test_three_hosts_talk_over_tls(self):
        secret = self.lab.write("secret", "which is proved within the tunnel 0123\n")
        _, hosts, (a, b, c) = self.secured("--secret-file", secret)
        for one, other in ((a, b), (b, c), (c, a)):
            self.talk(one, other)
        a.tell("stream", "b", 20000, 0)
        b.expect("streamed 20000 wrong 0")
        other = self.lab.certificate("other")
        for name, options, told, logged in (
                ("d", ("--secret-file", secret), "CY_ETLS", "CY_EPLAIN"),
                ("e", ("--secret-file", secret, "--certfile", other), "CY_ECERT",
                 "CY_EREJECTED"),
                ("f", ("--certfile", self.first), "CY_EAUTH", "CY_EOPEN")):
            node = hosts[3].node(name, *options)
            self.assertEqual(node.ask("add", "10.77.0.1", a.port, 10), told)
            lab.wait_until(f"a says {logged}", lambda: self.retry(node, a, logged))
            node.kill()
        for node in (a, b, c):
            self.never(node, "online d.0", "online e.0", "online f.0", "offline")

    def bring_files(self, *options):
        taken, path = self.lab.folder / "taken", self.lab.folder / "large"
        taken.mkdir()
        content = random.Random(1).randbytes((9 << 20) + 1)
        path.write_bytes(content)
        _, _, (a, b, c) = self.secured("--dest-path", taken, *options)
        there = ("10.77.0.2", b.port)
        self.assertEqual(a.ask("file_put", *there, path, "in"), "sent")
        self.assertEqual((taken / "in/large").read_bytes(), content)
        self.assertEqual(a.ask("file_put", *there, path, "in"), "same")
        self.assertEqual(c.ask("file_rm", *there, "large", "in"), "EPERM")
        path.write_bytes(b"another")
        self.assertEqual(a.ask("file_put", *there, path, "in"), "differs")
        self.assertEqual(a.ask("file_put", *there, path, ".."), "EINVAL")
        self.assertEqual(a.ask("file_rm", *there, "large", "in"), "OK")
        self.assertFalse((taken / "in").exists())
        self.assertEqual(a.ask("file_rm", *there, "large", "in"), "ENOENT")
        self.talk(a, b)

    def test_files_over_tls(self):
        self.bring_files()

    def test_files_over_tls_with_a_secret(self):
        self.bring_files("--secret-file",
                         self.lab.write("secret", "which is proved within it 0123\n"))

    def test_certificate_is_changed_while_they_talk(self):
        _, hosts, nodes = self.secured()
        a, b, c = nodes
        second = self.lab.certificate("second", "-newkey", "ec", "-pkeyopt",
                                      "ec_paramgen_curve:P-256")
        self.talk(a, b)
        a.tell("pump", "b")
        marks = [node.mark() for node in nodes]
        for blocks in ((self.first, second), (second, self.first), (second,)):
            for node in nodes:
                self.reload(node, *blocks)
        self.lab.write("a.pem", "not what it should be")
        a.signal(signal.SIGHUP)
        lab.wait_until("a says that the file is wrong", lambda: "kept=yes" in a.log())
        new = hosts[3].node("d", "--certfile", second)
        old = hosts[3].node("e", "--certfile", self.first)
        self.all_meet([a, b, c, new])
        self.talk(new, a)
        self.assertNotEqual(old.ask("add", "10.77.0.1", a.port, 5), "OK")
        a.tell("halt")
        self.assertEqual(a.expect("pump", since=marks[0]).split()[5], "0")
        for node, mark in zip(nodes, marks):
            self.never(node, "offline", "online e.0", since=mark)


if __name__ == "__main__":
    lab.main(at_once=6)
