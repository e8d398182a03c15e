"""test_man.py - texts become manual pages as they are meant."""
import pathlib
import unittest

import helper

man, roff = helper.load("man.py"), helper.load("roff.py")

HEADER = '''/* cycos/x.h - things: what to do
 * with them.
 *
 *     code();
 *
 * More of it. */
#ifndef CYCOS_X_H
#define CYCOS_X_H

#include <cycos/base.h>

CY_BEGIN_DECLS

/* How many. */
#define CY_X_MAX 7

/**
 * cy_x_do - do it
 * @out:   receives it;
 *         or NULL
 * @flags: see @out
 *
 * First, see cy_x_undo().
 * Still first.
 *
 * Second.
 *
 *     cy_x_do(&x, 0);
 *
 * Context:   any thread
 * Ownership: none
 * Errors:    -EINVAL of
 *            some kind
 * Since:     0.1
 */
CY_MUST_CHECK int cy_x_do(struct x **out,
                          int flags);

/**
 * cy_x_undo, cy_x_redo - the contrary
 *
 * Everything else is that of cy_x_do().
 */
#define cy_x_undo(x) cy_x_do(x, 1)
#define cy_x_redo(x) \\
    cy_x_do(x, 2)

/* No docstring. */
static inline int
cy_x_peek(void)
{
    return 0;
}

CY_END_DECLS

#endif
'''


class Roff(unittest.TestCase):
    def test_escapes_what_roff_would_change(self):
        self.assertEqual(roff.escape("a\\b-c'd^e~f`g"), "a\\(rsb\\-c\\(aqd\\(hae\\(tif\\(gag")
        self.assertEqual(roff.escape("\u00e4"), "\\[u00E4]")

    def test_no_line_of_text_is_taken_for_a_macro(self):
        self.assertEqual(roff.fill(".nf is no macro"), ["\\&.nf is no macro"])
        self.assertEqual(roff.verbatim([".nf"])[3], "\\&.nf")
        long = roff.fill("word " * 30 + ".SH")
        self.assertFalse([row for row in long if row.startswith(".")])

    def test_titles_may_have_quotes(self):
        self.assertEqual(roff.section('a "b"'), ['.SH "A \\(dqB\\(dq"'])

    def test_marks_within_a_paragraph(self):
        self.assertEqual(roff.inline("a `b-c` **d** *e* [f](g.md)"),
                         "a \\fBb\\-c\\fR \\fBd\\fR \\fIe\\fR f")
        self.assertEqual(roff.inline("2 * 3 * 4, a*b*c"), "2 * 3 * 4, a*b*c")

    def test_blocks_of_markdown(self):
        page = roff.markdown("# One\n\ntext\nof it\n\n- a\n  b\n- c\n\n1. d\n\n    code\n\n"
                             "    more\n\n```\nfenced\n```\n### Small\nend")
        self.assertEqual(page, [
            '.SH "ONE"', ".PP", "text of it", ".IP \\(bu 2", "a b", ".IP \\(bu 2", "c",
            ".IP 1. 4", "d", *roff.verbatim(["code", "", "more"]), *roff.verbatim(["fenced"]),
            '.SS "Small"', ".PP", "end"])

    def test_tables_become_lists(self):
        self.assertEqual(roff.markdown("| a | b |\n|---|---|\n| `c` | d |\n| e | f |"),
                         [".TP", "\\fBc\\fR", "d", ".TP", "e", "f"])
        self.assertEqual(roff.markdown("| a | b | beyond |\n|---|---|---|\n| c | d | e |"),
                         [".TP", "c", "d (beyond: e)"])


class Help(unittest.TestCase):
    TEXT = ("usage: x [OPTION...]\n       x serve\n\nDoes it.\n\n  x --a 1\n\nOptions of x:\n"
            "  --a N    first\n           and more\n  --long-one NAME\n"
            "                   second\n\nOptions of the node:\n  -h, --help  help\n")

    def test_is_taken_apart(self):
        said = roff.Help(self.TEXT)
        self.assertEqual(said.usage, ["x [OPTION...]", "x serve"])
        self.assertEqual(said.groups, [
            ("Options of x", [["--a N", "first and more"], ["--long-one NAME", "second"]]),
            ("Options of the node", [["-h, --help", "help"]])])
        self.assertEqual(said.description(),
                         [".PP", "Does it.", *roff.verbatim(["x \\-\\-a 1".replace("\\", "")])])

    def test_what_follows_the_options_is_kept(self):
        said = roff.Help(self.TEXT + "\nExit status: 0.\n")
        self.assertIn("Exit status: 0.", said.text)

    def test_no_option_of_a_program_is_left_out(self):
        text = helper.SCRIPTS.joinpath("launch")
        output = man.output_of([text, "--help"])
        options = [o for _, some in roff.Help(output).groups for o, _ in some]
        self.assertEqual(len(options), output.count("\n  -"))
        self.assertGreater(len(options), 5)


class Pages(helper.Case):
    def setUp(self):
        super().setUp()
        path = self.folder / "runtime/include/cycos/x.h"
        path.parent.mkdir(parents=True)
        path.write_text(HEADER)
        self.pages = man.api_pages(self.folder, "9.8.7")

    def text(self, name):
        return "\n".join(self.pages[name])

    def test_each_documented_name_has_a_page(self):
        self.assertEqual(sorted(self.pages), ["cy_x_do.3", "cy_x_redo.3", "cy_x_undo.3",
                                              "cycos_x.3"])
        self.assertEqual(self.pages["cy_x_redo.3"], [".so man3/cy_x_undo.3"])

    def test_page_of_a_function(self):
        text = self.text("cy_x_do.3")
        for part in ('.TH "CY_X_DO" 3 "" "cycos 9.8.7"', "cy_x_do \\- do it",
                     "#include <cycos/x.h>\n.PP\nint cy_x_do(struct x **out, int flags);\n.fi",
                     ".PP\nFirst, see \\fBcy_x_undo\\fR(). Still first.\n.PP\nSecond.\n",
                     "cy_x_do(&x, 0);", ".TP\n\\fIout\\fR\nreceives it; or NULL\n",
                     "see \\fIout\\fR", '.SH "ERRORS"\n\\-EINVAL of some kind\n',
                     '.SH "HISTORY"\nSince 0.1.', "\\fBcy_x_undo\\fR(3), \\fBcycos_x\\fR(3)"):
            self.assertIn(part, text)

    def test_page_of_macros(self):
        text = self.text("cy_x_undo.3")
        self.assertIn("\ncy_x_undo(x)\ncy_x_redo(x)\n", text)
        self.assertIn("cy_x_undo, cy_x_redo \\- the contrary", text)

    def test_page_of_a_header(self):
        text = self.text("cycos_x.3")
        for part in ("cycos_x \\- things: what to do with them", "code();", "More of it.",
                     "\\fBcy_x_undo\\fR(3), \\fBcy_x_redo\\fR(3)\nthe contrary",
                     "#define CY_X_MAX 7", "cy_x_peek(void)"):
            self.assertIn(part, text)
        for part in ("Ownership", "#define cy_x_undo", "cy_x_do(struct", "CYCOS_X_H",
                     "#include <cycos/base.h>"):
            self.assertNotIn(part, text)


class Names(unittest.TestCase):
    def test_programs_have_the_names_that_they_are_installed_with(self):
        self.assertEqual(man.renamed("scripts/launch kv --port 1"),
                         "cycos-launch cycos-kv --port 1")
        self.assertEqual(man.renamed("usage: load [OPTIONS]"), "usage: cycos-load [OPTIONS]")
        self.assertEqual(man.renamed("make load, apps/kv --x"), "make load, apps/kv --x")


if __name__ == "__main__":
    unittest.main(verbosity=2)
