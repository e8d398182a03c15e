"""test_aarch64.py - the switch for 64-bit ARM, run by qemu if it and a compiler are there.

Builds tests/runtime/test_context.c with the few files that it needs, and a stand-in for CUnit,
which the compiler for the other processor has not.
"""
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMPILER, EMULATOR = "aarch64-linux-gnu-gcc", "qemu-aarch64"
LIMIT_S = 300

CUNIT = """
#include <stdio.h>
#include <stdlib.h>
typedef struct { const char *pName; void (*pTestFunc)(void); } CU_TestInfo;
#define CU_TEST_INFO_NULL {NULL, NULL}
extern int cunit_failures, cunit_asserts;
#define CUNIT(c) (cunit_asserts++, (c) ? 1 : (cunit_failures++, \\
    fprintf(stderr, "%s:%d: %s\\n", __FILE__, __LINE__, #c), 0))
#define CU_ASSERT_TRUE(c) (void) CUNIT(c)
#define CU_ASSERT_FALSE(c) (void) CUNIT(!(c))
#define CU_ASSERT_EQUAL(a, b) (void) CUNIT((a) == (b))
#define CU_ASSERT_PTR_NOT_NULL_FATAL(p) (CUNIT((p) != NULL) ? (void) 0 : abort())
#define CU_ASSERT_STRING_EQUAL(a, b) (void) CUNIT(strcmp(a, b) == 0)
"""

RUNNER = """
#include "cy_test.h"
#include <cycos/base.h>
int cunit_failures, cunit_asserts;
int
cy_test_main(int argc, char **argv, const char *suite, CU_TestInfo *tests)
{
    for (int i = 0; tests[i].pName != NULL; i++)
        tests[i].pTestFunc();
    printf("%s: %d asserts, %d failures\\n", suite, cunit_asserts, cunit_failures);
    return argc < 1 || argv == NULL || cunit_asserts == 0 || cunit_failures > 0;
}
void
cy_assert_fail(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s\\n", file, line, condition);
    abort();
}
"""


@unittest.skipUnless(shutil.which(COMPILER) and shutil.which(EMULATOR), "no tools for ARM here")
class Aarch64(unittest.TestCase):
    def build(self, folder, *flags):
        (folder / "CUnit").mkdir(exist_ok=True)
        (folder / "CUnit/CUnit.h").write_text(CUNIT)
        (folder / "runner.c").write_text(RUNNER)
        runtime, program = ROOT / "runtime", folder / "test_context"
        sources = [runtime / "context_aarch64.S", runtime / "context_ucontext.c",
                   runtime / "stack.c", runtime / "symbol.c",
                   ROOT / "tests/runtime/test_context.c", folder / "runner.c"]
        subprocess.run([COMPILER, "-O2", "-g", "-static", "-D_GNU_SOURCE=1", *flags,
                        f"-I{folder}", f"-I{ROOT}/tests/support", f"-I{runtime}",
                        f"-I{runtime}/include", *map(str, sources), "-o", str(program)],
                       check=True, timeout=LIMIT_S)
        return program

    def check(self, *flags):
        with tempfile.TemporaryDirectory() as folder:
            program = self.build(pathlib.Path(folder), *flags)
            done = subprocess.run([EMULATOR, str(program)], text=True, capture_output=True,
                                  timeout=LIMIT_S, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertIn(" 0 failures", done.stdout)

    def test_the_switch_in_assembly(self):
        self.check()

    def test_the_switch_of_the_c_library(self):
        self.check("-DCY_UCONTEXT=1")


if __name__ == "__main__":
    unittest.main()
