"""test_packages.py - the Debian packages hold what they should, and it works.

That they install in a clean system is the affair of `scripts/packages --check`.
"""
import os
import pathlib
import re
import shutil
import tempfile
import unittest

import sample

BUILD = pathlib.Path(os.environ.get("CY_TEST_BUILD", "build/test")).resolve()
PARTS = {"libcycos0": "runtime", "libcycos-dev": "development", "cycos-tools": "tools"}


class Packages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if shutil.which("dpkg-shlibdeps") is None:
            raise unittest.SkipTest("no dpkg-shlibdeps")
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        sample.run("cpack", "--config", BUILD / "CPackConfig.cmake", "-B", cls.folder,
                   "-D", "CPACK_DEBIAN_COMPRESSION_TYPE=gzip", cwd=cls.folder)
        cls.debs = {deb.name.split("_")[0]: deb for deb in cls.folder.glob("*.deb")}
        cls.root = cls.folder / "root"
        for deb in cls.debs.values():
            sample.run("dpkg-deb", "-x", deb, cls.root)
        cls.tree = sample.Tree(cls.root / "usr")

    def field(self, package, name):
        return sample.run("dpkg-deb", "-f", self.debs[package], name).strip()

    def files(self, package):
        """{path: (mode, owner)}"""
        rows = sample.run("dpkg-deb", "-c", self.debs[package]).splitlines()
        return {row.split()[5].removeprefix("."): tuple(row.split()[:2]) for row in rows}

    def test_there_are_three_and_no_file_is_in_two(self):
        self.assertEqual(set(self.debs), set(PARTS))
        seen = {}
        for package in self.debs:
            for path in self.files(package):
                if not path.endswith("/"):
                    self.assertNotIn(path, seen)
                    seen[path] = package
        self.assertEqual({seen[p] for p in seen if "libcycos.so.0" in p}, {"libcycos0"})
        self.assertEqual({seen[p] for p in seen if p.endswith("/libcycos.so")},
                         {"libcycos-dev"})
        self.assertEqual({seen[p] for p in seen if "/bin/" in p or "systemd" in p},
                         {"cycos-tools"})
        self.assertEqual({seen[p] for p in seen if "/include/" in p}, {"libcycos-dev"})

    def test_all_belongs_to_root_and_only_root_may_write(self):
        for package in self.debs:
            for path, (mode, owner) in self.files(package).items():
                self.assertEqual(owner, "root/root", path)
                if not mode.startswith("l"):
                    self.assertEqual(mode[5] + mode[8], "--", path)

    def test_they_depend_on_what_they_need(self):
        cache = (BUILD / "CMakeCache.txt").read_text()
        for package in ("libcycos0", "cycos-tools"):
            self.assertRegex(self.field(package, "Depends"), r"\blibwolfssl\d+ \(>= ")
            self.assertRegex(self.field(package, "Depends"), r"\blibc6 \(>= ")
            if re.search("^LIBCRYPTO_FOUND:.*=1", cache, re.MULTILINE):
                self.assertIn("libssl3 | libssl3t64", self.field(package, "Depends"))
        version = self.field("libcycos0", "Version")
        self.assertIn(f"libcycos0 (= {version})", self.field("libcycos-dev", "Depends"))
        self.assertIn("libwolfssl-dev", self.field("libcycos-dev", "Depends"))
        self.assertIn("python3", self.field("cycos-tools", "Depends"))

    def test_the_library_says_which_package_a_program_needs(self):
        control = self.folder / "control"
        sample.run("dpkg-deb", "-e", self.debs["libcycos0"], control)
        self.assertRegex((control / "shlibs").read_text(), r"^libcycos 0 libcycos0\b")
        scripts = "".join(path.read_text() for path in control.glob("[pt]*"))
        self.assertIn("ldconfig", scripts)

    def test_a_licence_is_in_each(self):
        for package in self.debs:
            self.assertIn(f"/usr/share/doc/{package}/copyright", self.files(package))

    def test_nothing_carries_debugging_information(self):
        for path in (self.root / "usr/bin/cycos-kv", self.root / "usr/bin/cycos-load",
                     self.tree.libraries / "libcycos.so.0", self.tree.libraries / "libcycos.a"):
            self.assertNotIn(".debug_info", sample.run("readelf", "-SW", path), path)

    def test_programs_run(self):
        for name in ("cycos-kv", "cycos-load", "cycos-launch", "cycosctl"):
            said = sample.run(self.root / "usr/bin" / name, "--help")
            self.assertTrue(re.search(r"^usage: ", said, re.MULTILINE), name)

    def test_a_project_of_somebody_else_builds_against_them(self):
        # By CMake it is the same files as in test_install.py.
        program = self.folder / "program"
        self.tree.compile(program, self.tree.pkg_config("--cflags", "--libs"))
        self.assertIn("libcycos.so.0", sample.needed(program))
        self.assertEqual(self.tree.output(program), "core 1: hello\n")


if __name__ == "__main__":
    unittest.main(verbosity=2)
