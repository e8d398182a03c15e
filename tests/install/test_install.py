"""test_install.py - what `cmake --install` copies is enough for a program of somebody else."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/api"))
import check_api
import sample

BUILD = os.environ.get("CY_TEST_BUILD", "build/test")


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        # Not where it was configured for: the files must not know their place.
        cls.prefix = cls.folder / "elsewhere"
        sample.run("cmake", "--install", BUILD, "--prefix", cls.prefix)
        cls.tree = sample.Tree(cls.prefix)

    def assertGreets(self, program):
        self.assertEqual(self.tree.output(program), "core 1: hello\n")

    def test_example_of_the_readme_builds_against_it_and_runs(self):
        source, program = self.folder / "example.c", self.folder / "example"
        check_api.readme(ROOT, source)
        self.tree.compile(program, self.tree.pkg_config("--cflags", "--libs"), source)
        output = sample.run(program, "--cores", "2", env=self.tree.env())
        self.assertTrue(output.startswith("core 1: hello from"), output)

    def test_pkg_config_links_the_shared_library(self):
        program = self.folder / "by_pkg_config"
        self.tree.compile(program, self.tree.pkg_config("--cflags", "--libs"))
        self.assertIn("libcycos.so.0", sample.needed(program))
        self.assertNotIn("libwolfssl", " ".join(sample.needed(program)))
        self.assertGreets(program)

    def test_pkg_config_static_links_the_archive_and_what_it_needs(self):
        program = self.folder / "by_pkg_config_static"
        self.tree.compile(program, self.tree.pkg_config("--static", "--cflags", "--libs"),
                          before=["-static"])
        self.assertEqual(sample.needed(program), [])
        self.assertGreets(program)

    def test_cmake_finds_both_libraries(self):
        shared, static = self.tree.cmake(self.folder / "by_cmake")
        self.assertIn("libcycos.so.0", sample.needed(shared))
        self.assertNotIn("libcycos.so.0", sample.needed(static))
        self.assertGreets(shared)
        self.assertGreets(static)

    def test_cmake_refuses_another_version(self):
        build = self.folder / "refused"
        source = self.folder / "other"
        source.mkdir()
        text = (sample.FOLDER / "CMakeLists.txt").read_text()
        (source / "CMakeLists.txt").write_text(text.replace("cycos 0.1", "cycos 0.0.1"))
        result = subprocess.run(["cmake", "-S", source, "-B", build,
                                 f"-DCMAKE_PREFIX_PATH={self.prefix}"], text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("compatible with", " ".join(result.stdout.split()))

    def test_shared_library_exports_every_public_function_and_nothing_else(self):
        public = {f.name for _, f in check_api.public_functions(ROOT)
                  if not f.declaration.startswith("static inline")}
        exported = sample.exported(self.tree.libraries / "libcycos.so")
        self.assertEqual(public - exported, set())
        # Some stand behind macros; all begin alike.
        self.assertFalse([n for n in exported if not n.startswith("cy_")])

    def test_shared_library_calls_itself_directly(self):
        # Not by a table that another library could change: that costs on every call.
        library = self.tree.libraries / "libcycos.so"
        self.assertNotRegex(sample.run("readelf", "-rW", library), r" cyi?_\w+")

    def test_shared_library_can_be_loaded_by_a_program_that_runs_already(self):
        # Its thread-local pointer has its place in what a program reserves at its start.
        load = "import ctypes, sys; ctypes.CDLL(sys.argv[1]).cy_network"
        sample.run(sys.executable, "-c", load, self.tree.libraries / "libcycos.so.0")

    def test_no_file_names_the_tree_that_it_was_built_in(self):
        for path in [*self.prefix.rglob("*.cmake"), *self.prefix.rglob("*.pc")]:
            text = path.read_text()
            self.assertNotIn(str(ROOT), text, path)
            self.assertNotIn(str(self.prefix), text, path)

    def test_brings_public_headers_only(self):
        names = {p.relative_to(self.prefix).as_posix() for p in self.prefix.rglob("*.h")}
        wanted = {f"include/cycos/{p.name}" for p in check_api.headers.public(ROOT)}
        self.assertEqual(names, wanted)

    def test_brings_the_programs_under_names_of_their_own(self):
        for name in ("cycos-kv", "cycos-load", "cycos-launch", "cycosctl"):
            self.assertTrue(os.access(self.prefix / "bin" / name, os.X_OK), name)

    def test_brings_manual_pages_and_the_unit(self):
        for name in ("share/man/man1/cycos-kv.1", "share/man/man1/cycos-launch.1",
                     "share/man/man3/cy_send.3", "share/man/man7/cycos.7",
                     "share/man/man7/cycos-metrics.7", "lib/systemd/system/cycos@.service"):
            self.assertTrue((self.prefix / name).is_file(), name)

    def test_knows_its_version(self):
        self.assertRegex(self.tree.pkg_config("--modversion")[0], r"^\d+\.\d+\.\d+$")


if __name__ == "__main__":
    unittest.main(verbosity=2)
