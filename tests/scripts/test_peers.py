"""test_peers.py - what bench/peers/build makes says what it can do, and does it."""
import json
import platform
import shutil
import unittest

from helper import ROOT, Case

BUILD = ROOT / "bench" / "peers" / "build"
ROWS = {"pingpong_one", "pingpong_two", "pingpong_asleep", "stream", "fan_in_one", "fan_in_two",
        "spawn", "idle_bytes", "ring_one", "ring_two", "tree", "link_call", "link_oneway",
        "timer_arm", "timer_cancel", "lookup", "remote_spawn", "channel", "deliver_remote"}


class Peers(Case):
    def make(self, who, path="/usr/bin:/bin"):
        return self.run_script(BUILD, who, self.folder / "out", env={"PATH": path})

    def call(self, who, *arguments):
        return self.run_script(self.folder / "out" / who, *arguments)

    def test_there_are_six(self):
        done = self.run_script(BUILD, "--list")
        self.assertEqual(done.stdout.split(), ["erlang", "go", "caf", "zeromq", "nng", "raw"])

    def test_who_is_unknown_is_refused(self):
        self.assertEqual(self.make("somebody").returncode, 2)

    def test_a_missing_tool_chain_is_told(self):
        (self.folder / "bin").mkdir()
        for name in ("bash", "dirname", "mkdir"):
            (self.folder / "bin" / name).symlink_to(shutil.which(name))
        for who, what in (("erlang", "erlc"), ("go", "go"), ("caf", "g++"), ("raw", "gcc")):
            done = self.make(who, str(self.folder / "bin"))
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertEqual(done.stderr, f"build: {what} is not installed\n")

    @unittest.skipUnless(platform.machine() == "x86_64", "it switches stacks of x86_64")
    def test_the_raw_machine_measures(self):
        done = self.make("raw")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        listed = self.call("raw", "--list").stdout.split()
        self.assertTrue({"pingpong_one", "link_call"} <= set(listed) <= ROWS, listed)
        done = self.call("raw", "pingpong_one", "--cpus", "1", "--scale", "1")
        self.assertEqual(done.returncode, 0, done.stderr)
        line = json.loads(done.stdout)
        self.assertEqual((line["bench"], line["who"], line["cpus"]),
                         ("pingpong_one.switch", "raw", 1))
        self.assertTrue(0 < line["ns_min"] <= line["ns"] <= line["ns_max"], line)
        for wrong in (["nothing"], ["pingpong_one", "--cpus", "2"], ["ring_one", "--cpus"],
                      ["ring_one", "--scale", "0"], ["ring_one", "--loud", "1"], []):
            self.assertEqual(self.call("raw", *wrong).returncode, 2, wrong)


if __name__ == "__main__":
    unittest.main()
