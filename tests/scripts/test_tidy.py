"""test_tidy.py - each house rule has samples to report and samples to accept."""
import unittest

from helper import SCRIPTS, Case, load

tidy = load("tidy.py")
headers = load("headers.py")

DOC = """/**
 * {names} - what it does
{params} *
 * Context:   any
 * Ownership: none
 * Errors:    none
 * Since:     0.1
 */
"""


def doc(names, *params):
    return DOC.format(names=names, params="".join(f" * @{p}: a thing\n" for p in params))


def header(body, decls=True):
    begin, end = ("CY_BEGIN_DECLS\n\n", "\nCY_END_DECLS\n\n") if decls else ("", "")
    return ("/* cycos/x.h - a sample. */\n#ifndef CYCOS_X_H\n#define CYCOS_X_H\n\n"
            f"{begin}{body}{end}#endif\n")


PUBLIC = "runtime/include/cycos/x.h"


class Rule(Case):
    def found(self, rule, path, text):
        return [message for _, message in rule(tidy.File(path, text, self.folder))]

    def reports(self, rule, path, text, *words):
        found = self.found(rule, path, text)
        self.assertTrue(found, f"{rule.__name__} must report:\n{text}")
        for word in words:
            self.assertTrue(any(word in m for m in found), f"no '{word}' in {found}")

    def accepts(self, rule, path, text):
        self.assertEqual(self.found(rule, path, text), [], f"{rule.__name__} on:\n{text}")


class Layout(Rule):
    def test_lines_of_a_file(self):
        self.accepts(tidy.layout, "runtime/x.c", "a;\n" * tidy.FILE_LINES)
        self.reports(tidy.layout, "runtime/x.c", "a;\n" * (tidy.FILE_LINES + 1), "split")

    def test_lines_of_a_public_header(self):
        self.accepts(tidy.layout, PUBLIC, "a;\n" * tidy.PUBLIC_HEADER_LINES)
        self.reports(tidy.layout, PUBLIC, "a;\n" * (tidy.PUBLIC_HEADER_LINES + 1))
        self.accepts(tidy.layout, "runtime/include/cycos/impl/x.h",
                     "a;\n" * (tidy.PUBLIC_HEADER_LINES + 1))

    def test_columns(self):
        self.accepts(tidy.layout, "runtime/x.c", "x" * tidy.COLUMNS + "\n")
        self.reports(tidy.layout, "runtime/x.c", "x" * (tidy.COLUMNS + 1) + "\n", "columns")

    def test_blanks(self):
        self.reports(tidy.layout, "runtime/x.c", "a; \n", "trailing")
        self.reports(tidy.layout, "runtime/x.c", "\ta;\n", "tab")
        self.reports(tidy.layout, "runtime/x.c", "a;", "newline")

    def test_ascii(self):
        self.reports(tidy.layout, "runtime/x.c", "/* caf\u00e9 */\n", "ASCII")

    def test_first_line(self):
        for text in ("/* x.c - what. */\n", "/*\n * x.c - what.\n */\n"):
            self.accepts(tidy.first_line, "runtime/x.c", text)
        self.accepts(tidy.first_line, PUBLIC, "/* cycos/x.h - what. */\n")
        self.accepts(tidy.first_line, "tests/runtime/test_x.c", '#include "cy_test.h"\n')
        for text in ("", "int x;\n", "/* y.c - what. */\n", "/* x.c */\n", "/* x.c - */\n"):
            self.reports(tidy.first_line, "runtime/x.c", text)


class Functions(Rule):
    def test_length(self):
        def text(n):
            return "void\nf(void)\n{\n" + "    g();\n" * (n - 2) + "}\n"
        self.accepts(tidy.functions, "runtime/x.c", text(tidy.FUNCTION_LINES))
        self.reports(tidy.functions, "runtime/x.c", text(tidy.FUNCTION_LINES + 1), "lines")

    def test_parameters(self):
        def text(n):
            return "static int\nf(" + ",\n  ".join(f"int a{i}" for i in range(n)) + ")\n{\n}\n"
        self.accepts(tidy.functions, "runtime/x.c", text(tidy.PARAMETERS))
        self.reports(tidy.functions, "runtime/x.c", text(tidy.PARAMETERS + 1), "parameters")

    def test_parameters_of_a_parameter_do_not_count(self):
        self.accepts(tidy.functions, "runtime/x.c",
                     "int\nf(int (*g)(int, int, int, int, int, int, int), int b)\n{\n}\n")

    def test_comment_above_is_no_signature(self):
        self.accepts(tidy.functions, "runtime/x.c",
                     "/* See f(a, b, c, d, e, f, g, h). */\nint\nf(void)\n{\n}\n")


class Conditionals(Rule):
    BODY = "void\nf(void)\n{\n#ifdef X\n    g();\n#endif\n}\n"

    def test_within_a_function(self):
        self.reports(tidy.conditionals, "runtime/x.c", self.BODY, "inside a function")
        self.accepts(tidy.conditionals, "runtime/context_x86_64.c", self.BODY)
        self.accepts(tidy.conditionals, "runtime/x.c", "#ifdef X\n#endif\n")

    def test_how_many(self):
        self.accepts(tidy.conditionals, "runtime/x.c", "#if X\n#endif\n" * 2)
        self.reports(tidy.conditionals, "runtime/x.c", "#if X\n#endif\n" * 3, "limit 2")
        self.accepts(tidy.conditionals, "runtime/x.c", "#if X\n#endif\n" * 3 + "int x;\n" * 594)

    def test_guard_and_cplusplus_do_not_count(self):
        self.accepts(tidy.conditionals, PUBLIC, "#ifndef G\n#define G\n" +
                     "#ifdef __cplusplus\n#endif\n" * 3 + "#if X\n#endif\n" * 2 + "#endif\n")


class Calls(Rule):
    def test_banned(self):
        for name in tidy.BANNED:
            self.reports(tidy.banned, "runtime/x.c", f"    {name}(x);\n", name)

    def test_not_banned(self):
        for line in ("snprintf(x);", "my_strcpy(x);", "s->rand(x);", "/* strcpy(x) */",
                     'log("sleep(1)");', "static_assert(1);"):
            self.accepts(tidy.banned, "runtime/x.c", f"    {line}\n")
        self.accepts(tidy.banned, "tests/runtime/test_x.c", "    assert(x);\n")

    def test_waiting_for_time_in_tests(self):
        self.reports(tidy.banned, "tests/runtime/test_x.c", "    sleep(1);\n")
        self.accepts(tidy.banned, "tests/runtime/test_x.c", "    cy_sleep(1);\n")

    def test_seam(self):
        line = "    int fd = socket(a, b, c);\n"
        self.reports(tidy.seam, "runtime/task.c", line, "os seam")
        self.reports(tidy.seam, "registry/names.c", "    clock_gettime(a, b);\n")
        for path in ("runtime/os_linux.c", "runtime/reactor_epoll.c", "apps/kv/x.c",
                     "tests/runtime/test_x.c"):
            self.accepts(tidy.seam, path, line)
        for fine in ("    os->socket(a);\n", "    cy_read(a);\n", "    ops.send(a);\n",
                     "    int (*read)(int);\n", "    /* read(x) */\n"):
            self.accepts(tidy.seam, "runtime/task.c", fine)

    def test_includes(self):
        for path, line in (("runtime/x.c", '#include "../y.h"'),
                           ("runtime/x.c", '#include "cycos/msg.h"'),
                           ("apps/kv/x.c", "#include <cycos/impl/core.h>"),
                           ("runtime/x.c", "#include <urcu/urcu-qsbr.h>"),
                           ("registry/names.c", "#include <urcu/rculfhash.h>"),
                           ("runtime/x.c", "#include <CUnit/CUnit.h>"),
                           ("runtime/x.c", "#include <liburing.h>")):
            self.reports(tidy.includes, path, line + "\n")
        for path, line in (("runtime/x.c", '#include "y.h"'),
                           ("runtime/x.c", "#include <cycos/impl/core.h>"),
                           ("tests/kv/test_x.c", "#include <cycos/impl/core.h>"),
                           ("runtime/rcu.c", "#include <urcu/urcu-qsbr.h>"),
                           ("tests/support/x.h", "#include <CUnit/CUnit.h>")):
            self.accepts(tidy.includes, path, line + "\n")


class Guard(Rule):
    def test_name(self):
        self.accepts(tidy.guard, PUBLIC, header("int cy_x(void);\n"))
        text = "#ifndef KV_HASH_H\n#define KV_HASH_H\n#endif\n"
        self.accepts(tidy.guard, "apps/kv/hash.h", text)
        self.reports(tidy.guard, "apps/kv/hash.h", text.replace("HASH", "HSH"))
        self.reports(tidy.guard, PUBLIC, "#ifndef CYCOS_X_H\n#define CYCOS_Y_H\n#endif\n")
        self.reports(tidy.guard, PUBLIC, "#pragma once\n")

    def test_linkage(self):
        self.reports(tidy.guard, PUBLIC, header("int cy_x(void);\n", decls=False), "C++")
        self.accepts(tidy.guard, PUBLIC, header("struct cy_x;\n", decls=False))
        self.accepts(tidy.guard, PUBLIC, header(
            "static inline int\ncy_x(void)\n{\n    return 1;\n}\n", decls=False))


class Atomics(Rule):
    TABLE = "/*\n * x.c - sample.\n *\n *   M1  n  relaxed  a count\n */\n"
    ACCESS = "    /* M1: a count */\n    atomic_store_explicit(&n, 1, memory_order_relaxed);\n"

    def test_tagged_access(self):
        self.accepts(tidy.atomics, "runtime/x.c", self.TABLE + self.ACCESS)

    def test_untagged_access(self):
        self.reports(tidy.atomics, "runtime/x.c", self.TABLE + self.ACCESS +
                     "    atomic_load_explicit(&n, memory_order_relaxed);\n", "row tag")

    def test_tag_without_row_and_row_without_access(self):
        self.reports(tidy.atomics, "runtime/x.c", self.ACCESS, "M1 has no row")
        self.reports(tidy.atomics, "runtime/x.c", self.TABLE.replace("M1", "M2") + self.ACCESS,
                     "M2 names no access", "M1 has no row")

    def test_table_in_the_header_of_the_noun(self):
        path = self.folder / "runtime/include/cycos/impl/x.h"
        path.parent.mkdir(parents=True)
        path.write_text(self.TABLE)
        self.accepts(tidy.atomics, "runtime/x.c", self.ACCESS)
        self.reports(tidy.atomics, "runtime/y.c", self.ACCESS, "no row")

    def test_implicit_order(self):
        for call in ("atomic_load(&n)", "atomic_fetch_add(&n, 1)", "atomic_exchange(&n, 1)"):
            self.reports(tidy.atomics, "runtime/x.c", f"    {call};\n", "spell the order")
        self.accepts(tidy.atomics, "tests/torture/test_x.c", "    atomic_load(&n);\n")
        self.accepts(tidy.atomics, "runtime/x.c", self.TABLE + self.ACCESS.replace(
            "atomic_store_explicit(&n, 1", "atomic_fetch_add_explicit(&n, 1"))


class Names(Rule):
    def test_suffix_of_types(self):
        self.reports(tidy.names, "runtime/x.h", "typedef struct x x_t;\n")
        self.reports(tidy.names, "runtime/x.h", "typedef struct {\n} x_t;\n")
        self.accepts(tidy.names, "runtime/x.h", "typedef struct x x;\nuint32_t n;\n")

    def test_tests_are_sentences(self):
        self.reports(tidy.names, "tests/kv/test_x.c", "CY_TEST(order)\n", "sentence")
        self.accepts(tidy.names, "tests/kv/test_x.c", "CY_TEST(keeps_the_order)\n")

    def test_comments(self):
        for text in ("/* TODO: more */", "x; // FIXME", "/* since 2024-05-01 */"):
            self.reports(tidy.comments, "runtime/x.c", text + "\n")
        for text in ("/* TODOS */", 'log("TODO");', "/* 1000-10 */", "/* RFC 8949 */"):
            self.accepts(tidy.comments, "runtime/x.c", text + "\n")


class Docs(Rule):
    def test_function(self):
        self.accepts(tidy.public_docs, PUBLIC, header(doc("cy_x", "a") + "int cy_x(int a);\n"))
        self.reports(tidy.public_docs, PUBLIC, header("int cy_x(int a);\n"), "no docstring")
        self.reports(tidy.public_docs, PUBLIC, header("/* cy_x */\nint cy_x(int a);\n"))
        self.reports(tidy.public_docs, PUBLIC, header(doc("cy_y") + "int cy_x(void);\n"))

    def test_each_key(self):
        for key in tidy.DOC_KEYS:
            text = doc("cy_x").replace(key, "Else:")
            self.reports(tidy.public_docs, PUBLIC, header(text + "int cy_x(void);\n"), key)

    def test_each_parameter(self):
        self.reports(tidy.public_docs, PUBLIC,
                     header(doc("cy_x", "a") + "int cy_x(int a, void (*fn)(int));\n"), "@fn")
        self.accepts(tidy.public_docs, PUBLIC,
                     header(doc("cy_x", "a", "fn") + "int cy_x(int a, void (*fn)(int));\n"))

    def test_attributes_and_several_lines(self):
        text = "CY_MUST_CHECK int cy_x(const char *text,\n    size_t size[4], ...);\n"
        self.accepts(tidy.public_docs, PUBLIC, header(doc("cy_x", "text", "size") + text))
        self.reports(tidy.public_docs, PUBLIC, header(doc("cy_x", "text") + text), "@size")

    def test_macro(self):
        macro = "#define cy_x(a) \\\n    cy_x_named(a, #a)\n"
        below = "/* Behind the macro. */\nint cy_x_named(int a, const char *name);\n"
        self.accepts(tidy.public_docs, PUBLIC, header(doc("cy_x", "a") + macro + below))
        self.reports(tidy.public_docs, PUBLIC, header(macro + below), "cy_x has no")
        self.reports(tidy.public_docs, PUBLIC, header(below), "cy_x_named has no")

    def test_one_docstring_for_several_names(self):
        self.accepts(tidy.public_docs, PUBLIC, header(
            doc("cy_x, cy_y") + "int cy_x(void);\nint cy_y(void);\n"))

    def test_inline_function_needs_a_comment(self):
        body = "static inline int\ncy_x(int a)\n{\n    return a;\n}\n"
        self.accepts(tidy.public_docs, PUBLIC, header("/* The same. */\n" + body))
        self.reports(tidy.public_docs, PUBLIC, header(body))

    def test_only_public_headers(self):
        for path in ("runtime/x.h", "runtime/include/cycos/impl/x.h"):
            self.accepts(tidy.public_docs, path, "int cy_x(void);\n")


class Parser(unittest.TestCase):
    def names(self, text):
        return [f.name for f in headers.functions_in(text)]

    def test_sees_functions_only(self):
        self.assertEqual(self.names(
            "typedef int cy_fn(int);\nstruct cy_s { int (*cy_m)(int); };\nextern int cy_v;\n"
            "int cy_a(void);\nstruct cy_s cy_b(int (*cy_callback)(void));\n"
            "#define cy_m(x) cy_n(x)\nenum { CY_E = sizeof(int) };\nint cy_c(void);\n"),
            ["cy_a", "cy_b", "cy_c"])

    def test_ignores_bodies_strings_and_comments(self):
        self.assertEqual(self.names(
            'static inline int\ncy_a(void)\n{\n    return cy_b("{(;");\n}\n'
            "/* int cy_c(void); */\nint cy_d(void);\n"), ["cy_a", "cy_d"])

    def test_neighbours_share_the_comment_above(self):
        a, b, c = headers.functions_in(
            "/* Both. */\nint cy_a(void);\nint cy_b(int x,\n  int y);\n\nint cy_c(void);\n")
        self.assertEqual((a.comment, b.comment, c.comment), ("/* Both. */", "/* Both. */", ""))

    def test_line_comment_and_type(self):
        first, second = headers.functions_in(
            "\n/* Why. */\nCY_PRINTF(1, 2) int *cy_a(char *f);\n\nunsigned long cy_b(void);\n")
        self.assertEqual((first.line, first.comment), (3, "/* Why. */"))
        self.assertEqual((second.line, second.comment), (5, ""))
        self.assertEqual((first.returns(), second.returns()), ("int *", "unsigned long"))
        self.assertEqual((first.parameters(), second.parameters()), (["f"], []))


class Counterpart(Rule):
    def test_tests_mirror_the_sources(self):
        for path, test in (("runtime/x.c", "tests/runtime/test_x.c"),
                           ("registry/x.c", "tests/registry/test_x.c"),
                           ("apps/kv/x.c", "tests/kv/test_x.c"),
                           ("apps/load/x.c", "tests/load/test_x.c")):
            self.reports(tidy.counterpart, path, "/* x.c - x. */\n", test)
            (self.folder / test).parent.mkdir(parents=True)
            (self.folder / test).write_text("")
            self.accepts(tidy.counterpart, path, "/* x.c - x. */\n")

    def test_may_be_another_test_that_exists(self):
        text = "/*\n * x.c - x.\n *\n * Tests: tests/runtime/test_y.c\n */\n"
        self.reports(tidy.counterpart, "runtime/x.c", text, "test_y.c")
        (self.folder / "tests/runtime").mkdir(parents=True)
        (self.folder / "tests/runtime/test_y.c").write_text("")
        self.accepts(tidy.counterpart, "runtime/x.c", text)

    def test_needs_none_for_programs_headers_and_tests(self):
        for path in ("apps/kv/main.c", "runtime/x.h", "tests/kv/test_x.c", "bench/bench_x.c"):
            self.accepts(tidy.counterpart, path, "")


class Script(Rule):
    BASH = "#!/usr/bin/env bash\n# x - a sample.\nset -euo pipefail\n"

    def script(self, text, mode=0o755, name="scripts/x"):
        self.program(name, text).chmod(mode)
        return name, text

    def test_head(self):
        self.accepts(tidy.script, *self.script(self.BASH))
        module = self.script('"""x.py - a sample."""\n', 0o644, "scripts/x.py")
        self.accepts(tidy.script, *module)
        self.reports(tidy.script, *self.script(self.BASH.replace("x -", "y -")), "what it is")

    def test_mode(self):
        self.reports(tidy.script, *self.script(self.BASH, 0o644), "not executable")

    def test_stops_at_errors(self):
        self.reports(tidy.script, *self.script(self.BASH.replace("set", "# set")), "set -euo")


class Program(Case):
    def tidy(self, *paths):
        return self.run_script(SCRIPTS / "tidy.py", *paths, cwd=self.folder)

    def test_reports_place_rule_and_count_and_fails(self):
        self.program("runtime/x.c", "/* x.c - x. */\n\n    gets(x);\n")
        result = self.tidy()
        self.assertEqual(result.returncode, 1)
        self.assertIn("runtime/x.c:3: banned: gets() is banned; use fgets\n", result.stdout)
        self.assertIn("tidy: 2 problems\n", result.stdout)

    def test_is_silent_when_all_is_well(self):
        self.program("tests/kv/test_x.c", "int x;\n")
        result = self.tidy()
        self.assertEqual((result.returncode, result.stdout), (0, ""))

    def test_looks_at_the_paths_that_are_given(self):
        self.program("runtime/x.c", "bad\n")
        self.program("tests/kv/test_x.c", "int x;\n")
        self.assertEqual(self.tidy("tests").returncode, 0)
        self.assertEqual(self.tidy("runtime/x.c").returncode, 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
