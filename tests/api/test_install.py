"""test_install.py - what `cmake --install` copies is enough for a program of somebody else."""
import os
import pathlib
import subprocess
import tempfile
import unittest

import check_api

BUILD = os.environ.get("CY_TEST_BUILD", "build/test")


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.prefix = pathlib.Path(folder.name) / "elsewhere"
        subprocess.run(["cmake", "--install", BUILD, "--prefix", cls.prefix], check=True,
                       stdout=subprocess.DEVNULL)

    def flags(self, *arguments):
        (found,) = self.prefix.rglob("cycos.pc")
        env = {**os.environ, "PKG_CONFIG_PATH": str(found.parent)}
        command = ["pkg-config", *arguments, "cycos"]
        return subprocess.run(command, check=True, text=True, env=env,
                              stdout=subprocess.PIPE).stdout.split()

    def test_example_of_the_readme_builds_against_it_and_runs(self):
        source, program = self.prefix / "example.c", self.prefix / "example"
        check_api.readme(pathlib.Path(__file__).parents[2], source)
        subprocess.run(["gcc", source, "-o", program, *self.flags("--cflags", "--libs")],
                       check=True)
        result = subprocess.run([program, "--cores", "2"], text=True, stdout=subprocess.PIPE)
        self.assertEqual(result.returncode, 0)
        self.assertTrue(result.stdout.startswith("core 1: hello from"), result.stdout)

    def test_brings_public_headers_only(self):
        names = {p.relative_to(self.prefix).as_posix() for p in self.prefix.rglob("*.h")}
        self.assertIn("include/cycos/task.h", names)
        self.assertFalse([n for n in names if "impl" in n])

    def test_brings_the_programs_under_names_of_their_own(self):
        for name in ("cycos-kv", "cycos-load", "cycos-launch", "cycosctl"):
            self.assertTrue(os.access(self.prefix / "bin" / name, os.X_OK), name)

    def test_knows_its_version(self):
        self.assertRegex(self.flags("--modversion")[0], r"^\d+\.\d+\.\d+$")


if __name__ == "__main__":
    unittest.main(verbosity=2)
