"""test_bench_page.py - a result as Markdown and as a chart, and a real smoke run of both."""
import json
import math
import os
import pathlib
import re
import sys
import unittest
import xml.etree.ElementTree as xml

from helper import ROOT, SCRIPTS, Case

sys.path.insert(0, str(ROOT / "bench/harness"))
import chart
import page
import units

CONTESTANTS = {"raw": {"title": "raw machine"}, "go": {"title": "Go", "peer": True},
               "caf": {"title": "CAF", "peer": True}, "cycos": {"title": "cycos"}}
QUOTED = {"source": "Quoted from elsewhere.",
          "figures": [{"row": "ping", "who": "Pony", "value": 0.5, "unit": "us", "note": "odd"},
                      {"row": "other", "who": "Pony", "value": 1, "unit": "ns"}]}


def figure(median, times=None, low=None, high=None):
    found = {"median": median, "min": low or median, "max": high or median, "values": [median]}
    if times:
        found["times"] = {"median": times, "min": times, "max": times}
    return found


def result(better="smaller", **who):
    row = {"name": "ping", "title": "Ping & pong", "unit": "ns", "better": better,
           "limit": {"value": 4}, "target": "<= 1.5 x raw", "bound": 30.0, "met": True,
           "note": "An odd one.", "who": {"cycos": figure(25, low=20, high=30), **who}}
    return {"machine": {"cpu": "X", "cpus": 2, "memory_mb": 2048, "kernel": "6", "system": "D"},
            "versions": {"cycos": "v1", "go": "1.19"}, "load": [0.5, 0.6], "rounds": 7,
            "left_out": {"caf": "not installed"}, "notes": {}, "rows": [row], "lines": []}


class Numbers(unittest.TestCase):
    def test_a_time_and_a_rate_say_the_same(self):
        self.assertEqual(units.convert(25, "ns", "million_per_second"), 40)
        self.assertEqual(units.convert(40, "million_per_second", "ns"), 25)
        self.assertEqual(units.convert(2, "ms", "us"), 2000)
        self.assertEqual(units.convert(2, "mib", "bytes"), 2 << 20)
        self.assertIsNone(units.convert(2, "mib", "ns"))
        self.assertIsNone(units.convert(0, "ns", "per_second"))

    def test_the_key_of_a_line_that_fits_the_unit_is_its_figure(self):
        line = {"bench": "x", "bytes": 7, "ns": 5, "speed": 3}
        self.assertEqual(units.read(line, "us"), 0.005)
        self.assertEqual(units.read(line, "bytes"), 7)
        self.assertEqual(units.read(line, "gb_per_second", "speed", "mb_per_second"), 0.003)
        self.assertIsNone(units.read(line, "percent"))
        self.assertIsNone(units.read(line, "ns", "gone", "ns"))

    def test_numbers_have_three_digits_that_matter(self):
        self.assertEqual([units.number(n) for n in (0, 1.234, 12.34, 123.4, 1234567)],
                         ["0", "1.23", "12.3", "123", "1 234 567"])


class Page(unittest.TestCase):
    def test_a_row_has_limit_raw_best_peer_ours_target_and_verdict(self):
        found = result(raw=figure(20, 0.8), go=figure(100, 4), caf=figure(75, 3))
        text = page.markdown(found, CONTESTANTS, QUOTED, "x.svg")
        self.assertIn("| Ping & pong | ns | 4.00 | 20.0 (0.80 x) | CAF 75.0 (3.00 x) "
                      "| 25.0 [20.0..30.0] | <= 1.5 x raw = 30.0 | yes |", text)
        self.assertIn("| workload | unit | raw machine | Go | CAF | cycos |", text)
        self.assertIn("Left out: caf: not installed.", text)
        self.assertIn("Versions: cycos v1, Go 1.19.", text)
        self.assertIn("(x.svg)", text)
        self.assertIn("- Ping & pong: An odd one.", text)
        self.assertIn("| Ping & pong | ns | Pony 500 (odd) | 25.0 |", text)

    def test_who_has_no_figure_has_no_column(self):
        text = page.markdown(result(go=figure(100, 4)), CONTESTANTS, QUOTED)
        self.assertIn("| workload | unit | Go | cycos |", text)

    def test_it_stands_between_the_markers_of_the_page(self):
        text = "a\n<!-- figures: made by anything -->\nold\n<!-- end of figures -->\nb\n"
        new = page.put_into(text, "new\n")
        self.assertEqual(new, f"a\n{page.BEGIN}\nnew\n{page.END}\nb\n")
        self.assertEqual(page.put_into(new, "new\n"), new)
        for wrong in ("a\n", "<!-- end of figures -->\n<!-- figures: made by x -->\n"):
            with self.assertRaises(ValueError):
                page.put_into(wrong, "new\n")


class Chart(unittest.TestCase):
    def drawn(self, found):
        text = chart.svg(found, CONTESTANTS, QUOTED)
        return text, xml.fromstring(text)

    def marks(self, root):
        """{title: x} of the marks."""
        found = {}
        for mark in root.iter():
            title = mark.find("{*}title")
            if title is None:
                continue
            points = re.split("[ ,]", mark.get("points", ""))
            x = mark.get("cx") or (mark.get("x") and float(mark.get("x"))
                                   + float(mark.get("width")) / 2) or points[0] \
                or re.match(r"M([\d.]+)", mark.get("d")).group(1)
            found[title.text] = float(x)
        return found

    def test_a_mark_stands_where_its_ratio_is_on_the_scale(self):
        found = result(raw=figure(20, 0.8), go=figure(2500, 100), caf=figure(250, 10))
        marks = self.marks(self.drawn(found)[1])
        go, caf, raw = (marks[f"{who}, {times} x"] for who, times in (
            ("Go: 2 500 ns", "100"), ("CAF: 250 ns", "10.0"), ("raw machine: 20.0 ns", "0.80")))
        decade = go - caf
        self.assertAlmostEqual(raw, caf + decade * math.log10(0.8 / 10), delta=0.2)
        self.assertAlmostEqual(marks["Pony: 500 ns, 20.0 x"], caf + decade * math.log10(2),
                               delta=0.2)
        self.assertAlmostEqual(marks["target"], caf + decade * math.log10(1.2 / 10), delta=0.2)

    def test_more_is_better_turns_the_ratio_round(self):
        marks = self.marks(self.drawn(result("larger", go=figure(5, 5.0)))[1])
        self.assertIn("Go: 5.00 ns, 5.00 x", marks)

    def test_words_are_escaped_and_both_kinds_of_paper_are_thought_of(self):
        text, root = self.drawn(result(go=figure(100, 4)))
        self.assertIn("Ping &amp; pong", text)
        self.assertIn("prefers-color-scheme: dark", text)
        self.assertGreater(int(root.get("height")), 0)

    def test_nobody_else_no_chart(self):
        found = result()
        found["rows"][0]["name"] = "alone"
        self.assertIsNone(chart.svg(found, CONTESTANTS, QUOTED))


class Project(Case):
    def test_the_page_says_what_the_figures_say(self):
        if not (ROOT / "bench/results.json").exists():
            self.skipTest("no figures have been kept yet")
        done = self.run_script(SCRIPTS / "bench", "render", "--check")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_page_of_the_project_has_its_markers(self):
        text = (ROOT / "bench/README.md").read_text()
        self.assertIn("\nnew\n", page.put_into(text, "new\n"))


class Smoke(Case):
    def test_a_quick_run_measures_and_renders(self):
        """The real programs, if they have been built: what a stand-in cannot show."""
        built = pathlib.Path(os.environ.get("CY_TEST_BIN", ROOT / "build/test/bin"))
        if not (built / "bench_tasks").exists():
            self.skipTest("bench_tasks is not built")
        output = self.folder / "quick.json"
        done = self.run_script(SCRIPTS / "bench", "peers", "--quick", "--who", "raw", "--bin",
                               built, "--output", output)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        found = json.loads(output.read_text())
        for row in found["rows"]:
            self.assertEqual(len(row["who"]["cycos"]["values"]), 2, row)
        self.assertIn("spawn.burst", [row["name"] for row in found["rows"]])
        self.assertIn("W5 spawn", output.with_suffix(".md").read_text())
        xml.parse(output.with_suffix(".svg"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
