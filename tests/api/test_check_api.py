"""test_check_api.py - the checks of the API find what they are there to find."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

import check_api

DOC = ("/**\n * cy_x - x\n *\n * Context: any\n * Ownership: none\n * Errors: none\n"
       " * Since: 0.1\n */\n")


class Api(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def write(self, path, text):
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def header(self, text):
        self.write("runtime/include/cycos/x.h", text)

    def test_lists_every_function_for_the_linker(self):
        self.header("int cy_x(void);\nstatic inline int\ncy_y(void)\n{\n    return 1;\n}\n")
        out = self.root / "all.c"
        check_api.generate(self.root, out)
        self.assertIn("    (cy_any *) cy_x,\n    (cy_any *) cy_y,\n", out.read_text())
        self.assertIn("#include <cycos/x.h>\n", out.read_text())

    def test_finds_what_is_not_documented(self):
        self.header(DOC + "int cy_x(void);\n")
        self.assertEqual(check_api.documented(self.root), [])
        self.header(DOC + "int cy_x(void);\nint cy_y(void);\n")
        self.assertEqual(len(check_api.documented(self.root)), 1)

    def test_finds_what_is_in_no_test(self):
        self.header("int cy_x(void);\nint cy_y_named(void);\nint cy_z(void);\n"
                    "#define cy_y() cy_y_named()\n#define CY_Z cy_z()\n")
        self.write("tests/runtime/test_x.c", "/* cy_x() is mentioned */\ncy_y();\nCY_Z;\n")
        self.assertEqual(check_api.tested(self.root),
                         ["runtime/include/cycos/x.h: cy_x is in no test"])
        self.write("tests/runtime/test_y.c", "cy_x();\n")
        self.assertEqual(check_api.tested(self.root), [])

    def promise(self, errors, more=""):
        self.header(f"/**\n * cy_x, cy_y - x\n *\n * Errors: {errors}\n * Since: 0.1\n */\n"
                    f"int cy_x(void);\nint cy_y(void);\n{more}")
        return check_api.promised(self.root)

    def test_finds_an_error_that_no_test_expects(self):
        self.write("tests/runtime/test_x.c",
                   "static void\none(void)\n{\n    F(cy_x(), -EINVAL); /* -EPERM */\n}\n\n"
                   "static void\ntwo(void)\n{\n    F(cy_z(), -ENOENT);\n}\n\n"
                   'CY_TEST_MAIN("x", CY_TEST(one), CY_TEST(two))\n')
        self.assertEqual(self.promise("none"), [])
        self.assertEqual(self.promise("-EINVAL"), [])
        head = "runtime/include/cycos/x.h"
        self.assertEqual(self.promise("-EINVAL, -EPERM"),
                         [f"{head}: no test expects -EPERM of cy_x"])
        self.assertEqual(self.promise("-ENOENT"),  # by a test of something else
                         [f"{head}: no test expects -ENOENT of cy_x"])
        self.assertEqual(self.promise("CY_ENOPEER"),
                         [f"{head}: no test expects CY_ENOPEER of cy_x"])

    def test_follows_what_a_test_uses(self):
        self.write("tests/runtime/helper.h", "#define CALL() call()\n")
        self.write("tests/runtime/helper.c",
                   '#include "helper.h"\nint\ncall(void)\n{\n    return cy_y();\n}\n')
        test = self.write("tests/runtime/test_x.c",
                          '#include "helper.h"\n'
                          "static const int codes[] = {\n    -EINVAL, CY_ENOPEER,\n};\n\n"
                          "static void\none(void)\n{\n    F(CALL(), codes[0]);\n}\n\n"
                          'CY_TEST_MAIN("x", CY_TEST(one))\n')
        self.assertEqual(self.promise("-EINVAL, CY_ENOPEER"), [])
        test.write_text(test.read_text().replace('#include "helper.h"', ""))
        self.assertEqual(len(self.promise("-EINVAL, CY_ENOPEER")), 2)

    def test_errors_are_also_those_of_who_refers_to_them(self):
        self.write("tests/runtime/test_x.c",
                   "static void\none(void)\n{\n    F(cy_z(), -EINVAL);\n}\n\n"
                   'CY_TEST_MAIN("x", CY_TEST(one))\n')
        self.assertEqual(len(self.promise("-EINVAL")), 1)
        self.assertEqual(self.promise("-EINVAL", "/**\n * cy_z - z\n *\n * Context and errors\n"
                                      " * are those of cy_x().\n */\nint cy_z(void);\n"), [])

    def test_finds_a_global_name_without_prefix(self):
        def library(text):
            source, out = self.write("x.c", text), self.root / "x.o"
            subprocess.run(["gcc", "-c", source, "-o", out], check=True)
            return check_api.exported("nm", "cy_,cyi_", str(out))
        self.assertEqual(library("int cy_x; int cyi_y(void) { return 0; } static int z;"), [])
        self.assertEqual(len(library("int cy_x; int y(void) { return 0; }")), 1)
        self.assertIn("no symbols", library("static int z;")[0])

    def test_status_tells(self):
        script = pathlib.Path(check_api.__file__)
        self.header("int cy_x(void);\n")
        result = subprocess.run([sys.executable, "-B", script, "tested", self.root],
                                stdout=subprocess.PIPE, text=True)
        self.assertEqual(result.returncode, 1)
        self.assertIn("cy_x is in no test\n", result.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
