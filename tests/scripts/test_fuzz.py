"""test_fuzz.py - the runner of the fuzzers, with stand-ins for all tools."""
import os
import shutil
import unittest

from helper import SCRIPTS, Case


class Fuzz(Case):
    def setUp(self):
        super().setUp()
        (self.folder / "scripts").mkdir()
        for name in ("fuzz", "common.sh"):
            shutil.copy(SCRIPTS / name, self.folder / "scripts")
        self.log = self.folder / "log"
        self.log.write_text("")
        self.program("bin/cmake", f'#!/bin/sh\necho "cmake $*" >>{self.log}\n')
        self.corpus = self.folder / "tests/fuzz/corpus"
        for noun in ("frame", "hello"):
            self.program(f"tests/fuzz/fuzz_{noun}.c", "")
            self.fuzzer(noun, "echo stat::number_of_executed_units: 1234")

    def fuzzer(self, noun, body):
        self.program(f"build/fuzz/bin/fuzz_{noun}",
                     f'#!/bin/sh\necho "fuzz_{noun} $*" >>{self.log}\n{body}\n')

    def call(self, *arguments):
        return self.run_script(self.folder / "scripts/fuzz", *arguments, env={
            "CY_JOBS": "1", "PATH": f"{self.folder}/bin:{os.environ['PATH']}"})

    def logged(self, word):
        return [line for line in self.log.read_text().splitlines() if word in line]

    def test_it_lists_the_targets_and_builds_nothing(self):
        self.assertEqual(self.call("--list").stdout.split(), ["frame", "hello"])
        self.assertEqual(self.logged(""), [])

    def test_it_builds_and_runs_every_target_for_a_minute(self):
        result = self.call()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue(self.logged("--preset fuzz"))
        self.assertTrue(self.logged("--target fuzzers"))
        for noun in ("frame", "hello"):
            self.assertEqual(len(self.logged(f"fuzz_{noun} ")), 1)
            self.assertIn(f"{noun}: 1234 inputs", result.stdout)
            self.assertTrue((self.corpus / noun).is_dir())
        self.assertEqual(len(self.logged("-max_total_time=60 ")), 2)
        self.assertEqual(len(self.logged("-rss_limit_mb=512 -timeout=5 ")), 2)

    def test_it_runs_what_it_is_told_for_as_long(self):
        self.assertEqual(self.call("--seconds", "3", "hello").returncode, 0)
        self.assertEqual(self.logged("fuzz_frame "), [])
        self.assertTrue(self.logged("-max_total_time=3 "))

    def test_it_says_how_to_repeat_what_failed_and_goes_on(self):
        self.fuzzer("frame", 'echo "what it said"; prefix=${4#-artifact_prefix=}\n'
                             'echo bad >"${prefix}crash-1"; exit 77')
        result = self.call()
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("what it said", result.stdout)
        self.assertIn("frame FAILED", result.stdout)
        kept = self.folder / "build/fuzz/failed/frame-crash-1"
        self.assertIn(f"{self.folder}/build/fuzz/bin/fuzz_frame {kept}", result.stdout)
        self.assertEqual(kept.read_text(), "bad\n")
        self.assertIn("hello: 1234 inputs", result.stdout)

    def test_it_keeps_what_a_merge_leaves_and_what_has_a_name(self):
        self.fuzzer("hello", 'case $* in *-merge=1*) echo new >"$6/%s";; esac' % ("b" * 40))
        self.program("tests/fuzz/corpus/hello/two_heads", "old")
        self.program("tests/fuzz/corpus/hello/" + "a" * 40, "old")
        result = self.call("--keep", "hello")
        self.assertEqual(result.returncode, 0, result.stderr)
        names = sorted(path.name for path in (self.corpus / "hello").iterdir())
        self.assertEqual(names, ["b" * 40, "two_heads"])
        self.assertIn("hello: 2 files", result.stdout)

    def test_a_merge_that_fails_leaves_the_corpus_alone(self):
        self.fuzzer("hello", "case $* in *-merge=1*) exit 1;; esac")
        self.program("tests/fuzz/corpus/hello/" + "a" * 40, "old")
        self.assertNotEqual(self.call("--keep", "hello").returncode, 0)
        self.assertEqual(len(list((self.corpus / "hello").iterdir())), 1)

    def test_it_refuses_what_it_does_not_know(self):
        for arguments in (["nonsense"], ["--seconds", "0"], ["--seconds", "x"], ["--seconds"],
                          ["--at-once", "0"], ["--at-once"]):
            self.assertNotEqual(self.call(*arguments).returncode, 0, arguments)
        self.assertIn("there are: frame hello", self.call("nonsense").stderr)
        self.assertEqual(self.logged(""), [])
        shutil.rmtree(self.folder / "tests/fuzz")
        self.assertNotEqual(self.call().returncode, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
