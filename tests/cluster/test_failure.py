"""test_failure.py - nodes on several hosts that are killed, stopped, cut off, started again.

Each scenario is a network of namespaces of its own (lab.py). Time is measured and printed; what
is asserted of it is generous, as the machine may be busy.
"""
import time
import unittest

import lab
from lab import ms, times

OBSTACLE = lab.obstacle()


def rest_of(seconds, begin):
    """Sleep until so long after it began."""
    time.sleep(max(0, begin + seconds - time.monotonic()))


@unittest.skipIf(OBSTACLE, OBSTACLE)
class Failures(lab.Scenario):
    """All hosts are on one network."""

    def test_three_hosts_with_two_nodes_each(self):
        _, hosts = self.hosts(3)
        nodes = [host.node(f"{name}{i}") for host, name in zip(hosts, "abc") for i in (1, 2)]
        met = self.met_after(nodes)
        self.note(f"the last of six has found all after {ms(met)}")
        self.assertLess(met, 30)
        for node in nodes:
            peers = node.ask("peers").split()
            self.assertEqual(sorted(peers[1:]), sorted(n.core for n in nodes if n != node))
        for one, other in zip(nodes, nodes[1:] + nodes[:1]):
            self.talk(one, other)
        self.kill_and_restart(nodes, hosts[2])

    def kill_and_restart(self, nodes, host):
        """The last one dies without a word and comes again on the same port."""
        *others, victim = nodes
        for node in others:
            self.follow(node, victim)
        marks = [node.mark() for node in others]
        killed = victim.kill()
        gone = [times(node, mark, f"offline {victim.core}", f"exit {victim.name} node-down")[0]
                for node, mark in zip(others, marks)]
        self.note("a crash is seen after " + ms(*(at - killed for at in gone)))
        for node in others:  # by word of its host, not by silence
            self.assertEqual(self.reasons(node, victim), ["refused"])
        again = host.node(victim.name, "--tcp-port", victim.port)
        self.assertEqual(again.location, victim.location)
        for node, mark in zip(others, marks):
            node.expect(f"online {victim.core}", since=mark)
            self.assertEqual(len(node.since(mark, "offline")), 1)
            self.assertEqual(len(node.since(mark, "exit")), 1)
            self.old_name_is_nobody(node, victim.name)
        self.all_meet([again, *others], [0, *(0 for _ in others)])
        self.talk(others[0], again)
        self.never(again, "got to-a-ghost")

    def reasons(self, node, peer):
        """Why the node thought each time that the peer is offline."""
        return [line.rsplit("reason=", 1)[1] for line in node.log().splitlines()
                if "event=peer.offline" in line and f" name={peer.name} " in line]

    def old_name_is_nobody(self, node, name):
        self.assertEqual(node.ask("send", name, "to-a-ghost"), "ESRCH")
        self.assertEqual(node.ask("deliver", name, "to-a-ghost"), "ESRCH")
        self.assertEqual(node.ask("monitor", name), "ESRCH")

    def test_restarts_that_nobody_has_time_to_notice(self):
        _, hosts = self.hosts(2)
        a, b = hosts[0].node("a"), hosts[1].node("b")
        port = b.port
        for _ in range(5):
            self.follow(a, b)
            mark = a.mark()
            b.kill()
            b.process.wait()
            b = hosts[1].node("b", "--tcp-port", port)
            a.expect("offline b.0", "online b.0", "exit b node-down", since=mark)
            b.expect("online a.0")
            self.old_name_is_nobody(a, "b")
        self.talk(a, b)
        self.assertEqual(len(a.since(0, "online")), 6)
        self.assertEqual(len(a.since(0, "offline")), 5)
        self.assertEqual(len(a.since(0, "exit")), 5)
        self.never(b, "got to-a-ghost")

    def test_goodbye_is_told_apart_from_a_crash(self):
        _, hosts = self.hosts(2)
        a, b = hosts[0].node("a"), hosts[1].node("b")
        self.all_meet([a, b])
        b.tell("exit")
        a.expect("offline b.0")
        self.assertIn("reason=goodbye", a.log())
        self.assertEqual(b.process.wait(lab.PATIENCE_S), 0)

    def test_stopped_for_three_seconds_is_not_dead(self):
        _, _, nodes, marks = self.three_nodes()
        a, b, c = nodes
        self.follow(a, b)
        stopped = b.stop()
        self.assertEqual(a.ask("send", "b", "meanwhile"), "OK")
        rest_of(3, stopped)
        continued = b.go_on()
        if continued - stopped > 3.5:
            self.skipTest("the machine was too busy to stop a process for 3 s only")
        self.assertGreater(b.expect_at("got meanwhile")[0], continued)
        self.talk(c, b)
        for node, mark in zip(nodes, marks):
            self.never(node, "offline", "exit", since=mark)

    def test_stopped_for_eight_seconds_is_dead_and_comes_back(self):
        _, _, nodes, marks = self.three_nodes()
        a, b, c = nodes
        self.follow(a, b)
        stopped = b.stop()
        gone = [*times(a, marks[0], "offline b.0"), *times(c, marks[2], "offline b.0")]
        self.note("a hang is seen after " + ms(*(at - stopped for at in gone)))
        self.assertGreater(min(gone) - stopped, 3)
        self.assertLess(max(gone) - stopped, 20)
        a.expect("exit b node-down", since=marks[0])
        rest_of(8, stopped)
        continued = b.go_on()
        b.expect("offline a.0", "offline c.0", "online a.0", "online c.0", since=marks[1])
        back = [*times(a, marks[0], "online b.0"), *times(c, marks[2], "online b.0")]
        self.note("it is back after " + ms(*(at - continued for at in back)))
        self.talk(a, b)
        self.never(a, "offline c.0")
        self.never(c, "offline a.0")

    def test_partition_of_ten_seconds_heals(self):
        network, hosts, nodes, _ = self.three_nodes()
        a, b, c = nodes
        c2 = hosts[2].node("c2")
        self.all_meet([*nodes, c2])
        self.follow(a, c)
        marks = [node.mark() for node in nodes]
        cut = time.monotonic()
        network.isolate(hosts[2])
        lost = [times(a, marks[0], "offline c.0", "offline c2.0", "exit c node-down"),
                times(b, marks[1], "offline c.0", "offline c2.0"),
                times(c, marks[2], "offline a.0", "offline b.0")]
        self.note("a partition is seen after " + ms(*(max(seen) - cut for seen in lost)))
        self.assertLess(max(map(max, lost)) - cut, 20)
        self.assertIn(a.ask("send", "c", "into-the-void"), ("CY_ENOPEER", "ESRCH"))
        rest_of(10, cut)
        healed = time.monotonic()
        network.isolate()
        back = [times(a, marks[0], "online c.0", "online c2.0"),
                times(b, marks[1], "online c.0", "online c2.0"),
                times(c, marks[2], "online a.0", "online b.0")]
        self.note("healed after " + ms(*(max(seen) - healed for seen in back)))
        for node in (*nodes, c2):
            lab.wait_until("the views are whole", lambda: node.ask("peers").startswith("3 "))
        for one, other in ((a, "b.0"), (b, "a.0"), (c, "c2.0"), (c2, "c.0")):
            self.never(one, f"offline {other}")
        self.talk(a, c)
        self.never(c, "got into-the-void")

    def test_partition_of_two_seconds_loses_nothing(self):
        secret = self.lab.write("secret", "for frames that are sealed 01234567\n")
        for way, options in (("wire", []), ("cable", ["--secret-file", secret])):
            network, hosts, nodes, marks = self.three_nodes(*options)
            for one, other in (nodes[:2], nodes[1::-1]):
                self.assertEqual(one.ask("locate", other.name, other.name), "OK")
                one.tell("stream", other.name, 4000, 500)
            begin = time.monotonic()
            self.interrupt(way, network, hosts[1])
            if time.monotonic() - begin > 3.5:
                self.skipTest("the machine was too busy to cut a network for 2 s only")
            for node, mark in zip(nodes[:2], marks):
                node.expect("streamed 4000 wrong 0", "stream", since=mark)
            for node, mark in zip(nodes, marks):
                self.never(node, "offline", since=mark)

    def interrupt(self, way, network, host):
        """For two seconds: packets vanish, or the cable is pulled."""
        begin = time.monotonic()
        if way == "wire":
            network.isolate(host)
            rest_of(2, begin)
            network.isolate()
        else:
            network.ip("link", "set", host.wires[0], "down")
            rest_of(2, begin)
            network.ip("link", "set", host.wires[0], "up")

    def test_one_way_is_no_way(self):
        network, hosts, nodes, marks = self.three_nodes()
        a, b, c = nodes
        cut = time.monotonic()
        network.drop(f'iifname "{hosts[0].wires[0]}" oifname "{hosts[1].wires[0]}"')
        seen = times(a, marks[0], "offline b.0") + times(b, marks[1], "offline a.0")
        self.note("seen after " + ms(*(at - cut for at in seen)))
        self.assertLess(max(seen) - cut, 20)
        self.talk(a, c)
        self.talk(c, b)
        network.isolate()
        times(a, marks[0], "online b.0")
        times(b, marks[1], "online a.0")
        self.talk(a, b)
        self.never(c, "offline")


if __name__ == "__main__":
    lab.main(at_once=6)
