"""test_man.py - every manual page is one that groff formats without a word, and says it all."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/api"))
import check_api

BUILD = pathlib.Path(os.environ.get("CY_TEST_BUILD", ROOT / "build/test"))
MAN = BUILD / "install/man"
PAGES = sorted(MAN.glob("man*/*"))
COMPLAINTS = ["groff", "-man", "-ww", "-Tutf8", "-rLL=90n"]


def formatted(page):
    """(text, complaints)"""
    result = subprocess.run([*COMPLAINTS, page], text=True, stdout=subprocess.PIPE, cwd=MAN,
                            stderr=subprocess.PIPE)
    return re.sub(r"\x1b\[[0-9;]*m|.\x08", "", result.stdout), result.stderr


class Pages(unittest.TestCase):
    def setUp(self):
        if shutil.which("groff") is None:
            self.skipTest("no groff")

    def test_groff_finds_nothing_to_complain_of(self):
        self.assertGreater(len(PAGES), 100)
        result = subprocess.run([*COMPLAINTS, "-z", *PAGES], text=True, cwd=MAN,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual((result.returncode, result.stdout), (0, ""))

    def test_groff_would_complain(self):
        result = subprocess.run([*COMPLAINTS, "-z"], input=".TH A 3\n.SH A\n.nonsense\n",
                                text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertIn("nonsense", result.stdout)

    def test_mandoc_finds_no_error(self):
        if shutil.which("mandoc") is None:
            self.skipTest("no mandoc")
        result = subprocess.run(["mandoc", "-man", "-Tlint", "-Werror", *PAGES], text=True,
                                cwd=MAN, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual((result.returncode, result.stdout), (0, ""))

    def test_every_documented_name_of_the_api_has_a_page(self):
        names = set()
        for path in check_api.headers.public(ROOT):
            text = path.read_text()
            names |= {"cycos_" + path.stem, *check_api.tidy.docstrings(text)}
        have = {page.stem for page in PAGES if page.suffix == ".3"}
        self.assertEqual({n for n in names if n.startswith("cy")} - have - self.types(), set())

    def types(self):
        """Documented too, but on the page of their header: what is neither call nor macro."""
        found = set()
        for path in check_api.headers.public(ROOT):
            text = path.read_text()
            known = {f.name for f in check_api.headers.functions_in(text)}
            known |= {m.group(1) for m in check_api.tidy.MACRO.finditer(text)}
            found |= set(check_api.tidy.docstrings(text)) - known
        return found

    def test_a_page_says_all_that_the_docstring_says(self):
        text, _ = formatted(MAN / "man3/cy_send.3")
        words = " ".join(text.split())
        for part in ("cy_send - hand a message to", "#include <cycos/mailbox.h>",
                     "int cy_send(cy_ref to, cy_msg **msg);", "CONTEXT", "OWNERSHIP", "ERRORS",
                     "-EAGAIN", "Since 0.1", "cycos_mailbox(3)"):
            self.assertIn(part, words)

    def test_programs_show_every_option(self):
        programs = {page: BUILD / "bin" / page.stem.removeprefix("cycos-") for page in PAGES
                    if page.suffix == ".1" and page.stem != "cycos-launch"}
        self.assertGreaterEqual(len(programs), 2)
        for page, program in programs.items():
            said = subprocess.run([program, "--help"], text=True, check=True,
                                  stdout=subprocess.PIPE).stdout
            text, _ = formatted(page)
            for option in re.findall(r"^  (--\S+)", said, re.MULTILINE):
                self.assertIn(option, text, page.name)

    def test_references_lead_to_pages(self):
        have = {page.name for page in PAGES}
        for page in PAGES:
            source = page.read_text()
            for name, section in re.findall(r"\\fB([\w\\-]+)\\fR\((\d)\)", source):
                self.assertIn(f"{name.replace(chr(92), '')}.{section}", have, page.name)
            for target in re.findall(r"^\.so (\S+)", source, re.MULTILINE):
                self.assertTrue((MAN / target).is_file(), page.name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
