"""test_check.py - test, check, format and .ci/run with stand-ins for all tools."""
import os
import shutil
import unittest

from helper import ROOT, SCRIPTS, Case

FOLDERS = ["runtime", "registry", "transport", "rti", "apps", "tests", "bench"]
TOOLS = ["cmake", "ctest", "clang-format-14", "clang-tidy-14", "shellcheck"]


class Check(Case):
    def setUp(self):
        super().setUp()
        (self.folder / "scripts").mkdir()
        (self.folder / ".ci").mkdir()
        for name in ("check", "test", "format", "fuzz", "common.sh"):
            shutil.copy(SCRIPTS / name, self.folder / "scripts")
        shutil.copy(ROOT / ".ci/run", self.folder / ".ci")
        for folder in FOLDERS:
            self.program(f"{folder}/x.c", "").chmod(0o644)
        self.log = self.folder / "log"
        self.program("scripts/tidy.py", f'print("tidy ran", file=open("{self.log}", "a"))\n')
        self.program("scripts/deps", f'#!/bin/sh\necho "deps $*" >>{self.log}\n')
        for tool in TOOLS:
            self.tool(tool)
        self.program("tests/fuzz/fuzz_x.c", "")
        self.fuzzer("x", "echo 'stat::number_of_executed_units: 12'")
        self.log.write_text("")

    def fuzzer(self, noun, body=""):
        """A fuzzer that has been built."""
        self.program(f"build/fuzz/bin/fuzz_{noun}",
                     f'#!/bin/sh\necho "fuzz_{noun} $*" >>{self.log}\n{body}\n')

    def tool(self, name, body=""):
        self.program(f"bin/{name}", f'#!/bin/sh\necho "{name} scale=$CY_TEST_SCALE '
                                    f'werror=$CY_WERROR $*" >>{self.log}\n{body}\n')

    def call(self, script, *arguments, **env):
        clean = {"CY_TEST_SCALE": "", "CY_WERROR": "", "CY_JOBS": "1"}
        return self.run_script(self.folder / script, *arguments, env={
            **clean, "PATH": f"{self.folder}/bin:{os.environ['PATH']}", **env})

    def logged(self, *words):
        lines = self.log.read_text().splitlines()
        return [line for line in lines if all(w in line for w in words)]

    def steps(self):
        return self.call("scripts/check", "--list").stdout.split()

    def table(self, result):
        return result.stdout.partition("== check\n")[2].splitlines()

    def test_test_installs_builds_and_runs_all(self):
        result = self.call("scripts/test", "-R", "kv")
        self.assertEqual(result.returncode, 0, result.stderr)
        deps, configure, build, run = self.logged()
        self.assertEqual(deps, "deps build test")
        self.assertIn("--preset test", configure)
        self.assertIn("--build build/test", build)
        self.assertTrue(run.endswith("--no-label-summary -R kv"), run)

    def test_test_fails_as_ctest_does(self):
        self.tool("ctest", "exit 8")
        self.assertEqual(self.call("scripts/test").returncode, 8)

    def test_test_shows_why_the_configuration_failed(self):
        self.tool("cmake", "echo no compiler here; exit 1")
        result = self.call("scripts/test")
        self.assertEqual(result.returncode, 1)
        self.assertIn("no compiler here", result.stderr)
        self.assertEqual(self.logged("ctest"), [])

    def test_check_runs_every_step_and_ends_with_a_table(self):
        result = self.call("scripts/check")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        table = self.table(result)
        self.assertEqual([line.split()[:2] for line in table if line[0] != " "],
                         [[step, "ok"] for step in self.steps()])
        for line in table:
            self.assertRegex(line, r"ok +\d+ s, +\d+ s of the processors$|^    x: 12 inputs$")
        self.assertTrue(self.logged("tidy ran"))
        self.assertTrue(self.logged("clang-format-14", "--dry-run --Werror"))
        self.assertTrue(self.logged("clang-tidy-14", "runtime/x.c"))
        self.assertTrue(self.logged("shellcheck", "scripts/check", ".ci/run"))
        for preset in ("test", "clang-release", "asan", "tsan"):
            self.assertTrue(self.logged("ctest", f"build/{preset} "), preset)
            self.assertTrue(self.logged("cmake", "werror=ON", f"--preset {preset} "), preset)

    def test_check_runs_fewer_repetitions_where_it_is_slow(self):
        self.call("scripts/check", "gcc-release", "tsan")
        self.assertTrue(self.logged("ctest", "build/test ", "scale=100"))
        self.assertTrue(self.logged("ctest", "build/tsan ", "scale=5 "))
        self.call("scripts/check", "tsan", CY_TEST_SCALE="55")
        self.assertTrue(self.logged("ctest", "build/tsan ", "scale=55"))

    def test_check_runs_what_is_not_in_the_list_if_it_is_asked_for(self):
        for preset in ("gcc-debug", "clang-debug"):
            self.assertNotIn(preset, self.steps())
            self.assertEqual(self.call("scripts/check", preset).returncode, 0)
            self.assertTrue(self.logged("ctest", f"build/{preset} "), preset)

    def test_check_repeats_the_last_words_of_the_tests_and_what_failed(self):
        self.tool("ctest", """
            case $* in *build/asan*) ;; *) exit 0;; esac
            echo ' 1/3 Test  #7: runtime.x ....   Passed    0.01 sec'
            echo '97% tests passed, 2 tests failed out of 61'
            echo 'The following tests FAILED:'
            printf '\t  9 - runtime.y (Failed)\n\t 61 - kv.z_program (Timeout)\n'
            exit 8""")
        self.fuzzer("x", "exit 1")
        result = self.call("scripts/check", "asan", "fuzz", "tidy")
        self.assertEqual(result.returncode, 1)
        self.assertEqual([line.strip() for line in self.table(result) if line[0] == " "],
                         ["97% tests passed, 2 tests failed out of 61",
                          "runtime.y (Failed)", "kv.z_program (Timeout)", "x FAILED"])
        self.assertIn("2 tests failed", (self.folder / "build/check/asan.log").read_text())

    def test_check_goes_on_after_a_failure_and_fails(self):
        self.tool("ctest", 'case $* in *build/asan*) exit 8;; esac')
        result = self.call("scripts/check", "asan", "tidy")
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stdout, r"asan +FAILED")
        self.assertRegex(result.stdout, r"tidy +ok")

    def test_check_stops_a_step_at_its_first_error(self):
        self.tool("cmake", "exit 1")
        self.assertEqual(self.call("scripts/check", "gcc-debug", "clang-tidy").returncode, 1)
        self.assertEqual(self.logged("ctest") + self.logged("clang-tidy-14"), [])

    def test_check_skips(self):
        result = self.call("scripts/check", "--skip", "tsan", "--skip", "asan")
        self.assertEqual(result.returncode, 0)
        self.assertEqual(self.logged("ctest", "build/tsan ") + self.logged("build/asan "), [])

    def test_check_fuzzes_a_minute_or_as_long_as_it_is_told(self):
        self.assertEqual(self.call("scripts/check", "fuzz").returncode, 0)
        self.assertTrue(self.logged("fuzz_x", "-max_total_time=60 "))
        result = self.call("scripts/check", "--fuzz-seconds", "7", "fuzz")
        self.assertEqual(result.returncode, 0)
        self.assertTrue(self.logged("fuzz_x", "-max_total_time=7 "))
        self.assertNotEqual(self.call("scripts/check", "--fuzz-seconds").returncode, 0)

    def test_check_refuses_unknown_steps(self):
        for arguments in (["nonsense"], ["--skip", "nonsense"], ["--skip"]):
            result = self.call("scripts/check", *arguments)
            self.assertNotEqual(result.returncode, 0)
            self.assertEqual(self.logged(), [])

    def test_format_rewrites_or_checks(self):
        self.assertEqual(self.call("scripts/format").returncode, 0)
        sources = (f"{folder}/x.c" for folder in FOLDERS)
        self.assertTrue(self.logged("clang-format-14", " -i", *sources))
        self.tool("clang-format-14", "exit 1")
        self.assertNotEqual(self.call("scripts/format", "--check").returncode, 0)
        self.assertNotEqual(self.call("scripts/format", "--chekc").returncode, 0)

    def test_ci_runs_the_command_of_the_readme_and_the_rest(self):
        result = self.call(".ci/run")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertEqual(len(self.logged("ctest", "build/test ", "werror=ON")), 1)
        self.assertTrue(self.logged("ctest", "build/tsan "))

    def test_ci_fails_when_a_part_fails(self):
        self.tool("ctest", 'case $* in *build/test*) exit 8;; esac')
        self.assertNotEqual(self.call(".ci/run").returncode, 0)
        self.tool("ctest", 'case $* in *build/tsan*) exit 8;; esac')
        self.assertNotEqual(self.call(".ci/run").returncode, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
