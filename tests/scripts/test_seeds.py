"""test_seeds.py - the runner of seeds, with stand-ins for the build and the programs."""
import os
import shutil
import unittest

from helper import SCRIPTS, Case


class Seeds(Case):
    def setUp(self):
        super().setUp()
        (self.folder / "scripts").mkdir()
        for name in ("seeds", "common.sh"):
            shutil.copy(SCRIPTS / name, self.folder / "scripts")
        self.log = self.folder / "log"
        self.log.write_text("")
        self.program("scripts/deps", "#!/bin/sh\n")
        self.program("bin/cmake", f'#!/bin/sh\necho "cmake $*" >>{self.log}\n')
        for noun in ("mail", "names"):
            self.program(f"tests/sim/test_{noun}.c", "")
            self.simulated(noun, "sleep 1")

    def simulated(self, noun, body):
        self.program(f"build/test/bin/test_sim_{noun}",
                     f'#!/bin/sh\necho "test_sim_{noun} $*" >>{self.log}\n{body}\n')

    def call(self, *arguments):
        return self.run_script(self.folder / "scripts/seeds", *arguments, env={
            "CY_JOBS": "1", "PATH": f"{self.folder}/bin:{os.environ['PATH']}"})

    def logged(self, word):
        return [line for line in self.log.read_text().splitlines() if word in line]

    def test_it_lists_the_programs(self):
        self.assertEqual(self.call("--list").stdout.split(), ["mail", "names"])
        self.assertEqual(self.logged(""), [])

    def test_it_builds_what_it_is_told_and_ends_in_time(self):
        result = self.call("--minutes", "0", "mail")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue(self.logged("--target test_sim_mail"))
        self.assertFalse(self.logged("--target test_sim_names"))
        self.assertIn("0 seeds", result.stdout)

    def test_unknown_program_is_named(self):
        result = self.call("nonsense")
        self.assertEqual(result.returncode, 1)
        self.assertIn("no program 'nonsense'; there are: mail names", result.stderr)

    def test_failing_seed_is_kept_with_the_command_that_repeats_it(self):
        self.simulated("mail", "echo what it said; exit 1")
        script = self.folder / "scripts/seeds"
        script.write_text(script.read_text().replace("minutes * 60", "minutes"))
        result = self.call("--minutes", "1", "mail")
        self.assertEqual(result.returncode, 1)
        self.assertIn("mail FAILED", result.stdout)
        self.assertRegex(result.stdout, r"test_sim_mail --seed [1-9]\d*\n")
        (kept, *_) = (self.folder / "build/test/seeds").iterdir()
        self.assertEqual(kept.read_text(), "what it said\n")


if __name__ == "__main__":
    unittest.main(verbosity=2)
