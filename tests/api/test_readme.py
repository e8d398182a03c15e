"""test_readme.py - the pages at the root name options, files and commands that exist."""
import os
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"]
BIN = os.environ.get("CY_TEST_BIN", str(ROOT / "build/test/bin"))


def prose(page):
    """A page without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", (ROOT / page).read_text(), flags=re.M | re.S)


def code(page):
    return [m for m in re.findall(r"`([^`\n]+)`", prose(page))]


class Pages(unittest.TestCase):
    def test_readme_starts_with_the_two_commands_and_is_one_page(self):
        lines = (ROOT / "README.md").read_text().splitlines()
        self.assertTrue(lines[2].startswith("    ./scripts/run "), lines[2])
        self.assertTrue(lines[3].startswith("    ./scripts/test "), lines[3])
        self.assertLess(len(lines), 140)

    def test_code_beyond_the_first_program_is_taken_from_the_examples(self):
        lines = {line.strip() for path in (ROOT / "apps/examples").glob("*.c")
                 for line in path.read_text().splitlines()}
        blocks = re.findall(r"^```c\n(.*?)^```$", (ROOT / "README.md").read_text(), re.M | re.S)
        self.assertTrue(blocks)
        for block in blocks[1:]:
            for line in filter(None, map(str.strip, block.splitlines())):
                self.assertTrue(line in lines or line == "...", line)

    def test_links_lead_somewhere(self):
        for page in PAGES:
            for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", prose(page)):
                self.assertTrue((ROOT / target).exists(), f"{page}: {target}")

    def test_scripts_that_are_named_can_be_run(self):
        for page in PAGES:
            for name in re.findall(r"(?<![\w/])(scripts/[a-z.]+|\.ci/run)", prose(page)):
                path = ROOT / name.rstrip(".")
                self.assertTrue(path.exists(), f"{page}: {name}")

    def test_options_of_the_node_that_are_named_exist(self):
        said = subprocess.run([f"{BIN}/kv", "--help"], stdout=subprocess.PIPE, text=True).stdout
        named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", " ".join(code("README.md"))))
        self.assertIn("--mailbox-max", named)
        for option in named:
            switch = option.replace("--no-", "--[no-]")
            self.assertTrue(f"{option} " in said or f"{switch} " in said, option)


if __name__ == "__main__":
    unittest.main(verbosity=2)
