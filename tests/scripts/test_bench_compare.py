"""test_bench_compare.py - verdicts of scripts/bench compare, at the noise and beyond it."""
import sys
import unittest

from helper import ROOT

sys.path.insert(0, str(ROOT / "bench/harness"))
import compare

STEADY = [100.0] * 7


def result(ours, theirs=STEADY, better="smaller", version="1", cpu="x", lines=()):
    who = {"cycos": {"values": ours}, "raw": {"values": theirs}}
    return {"machine": {"cpu": cpu}, "versions": {"raw": version, "cycos": "differs" + cpu},
            "lines": list(lines),
            "rows": [{"name": "ping", "unit": "ns", "better": better, "who": who}]}


class Verdict(unittest.TestCase):
    def word(self, old, new, smaller=True, drift=0.0):
        return compare.verdict(old, new, smaller, drift)[0]

    def test_five_percent_are_the_same_and_more_are_not(self):
        self.assertEqual(self.word([105.0] * 7, STEADY), "same")
        self.assertEqual(self.word([105.1] * 7, STEADY), "faster")
        self.assertEqual(self.word(STEADY, [105.0] * 7), "same")
        self.assertEqual(self.word(STEADY, [105.1] * 7), "slower")

    def test_more_is_better_where_the_row_says_so(self):
        self.assertEqual(self.word(STEADY, [105.1] * 7, smaller=False), "faster")
        self.assertEqual(self.word([105.1] * 7, STEADY, smaller=False), "slower")

    def test_the_spread_of_either_result_is_noise(self):
        # The middle half is 95 to 105, a spread of 10 %; the outliers do not count.
        wide = [1.0, 95, 95, 100, 105, 105, 999]
        self.assertEqual(compare.interval(wide), (95, 105))
        self.assertAlmostEqual(compare.spread(wide), 0.1)
        self.assertEqual(self.word(wide, [110.0] * 7), "same")
        self.assertEqual(self.word(wide, [110.1] * 7), "slower")
        self.assertEqual(self.word([110.0] * 7, wide), "same")
        self.assertEqual(self.word([110.1] * 7, wide), "faster")

    def test_intervals_that_overlap_decide_nothing(self):
        # Medians 7 % apart and spreads of 6 %: beyond the noise, but 104 is in both.
        old, new = [98.0, 98, 98, 98, 104, 104, 104], [104.0, 104, 104, 105, 105, 107, 107]
        self.assertLess(compare.spread(old), 0.07)
        self.assertGreater(compare.median(new) / compare.median(old), 1.07)
        self.assertEqual(self.word(old, new), "same")
        self.assertEqual(self.word(old, [104.1, 104.1, 104.1, 105, 105, 107, 107]), "slower")

    def test_few_values_are_an_interval_as_they_are_and_one_is_none(self):
        self.assertEqual(compare.interval([3, 1, 2, 9]), (1, 9))
        self.assertEqual(compare.interval([3, 1, 2, 9, 2]), (2, 3))
        self.assertEqual(self.word([100.0, 101], [150.0, 151]), "slower")
        self.assertEqual(self.word([100.0, 160], [150.0, 151]), "same")
        self.assertEqual(self.word([100.0], [900.0, 900]), "unsure")
        self.assertEqual(self.word([100.0, 100], [900.0, None]), "unsure")

    def test_what_others_have_drifted_is_noise(self):
        self.assertEqual(self.word(STEADY, [120.0] * 7, drift=0.2), "same")
        self.assertEqual(self.word(STEADY, [120.1] * 7, drift=0.2), "slower")

    def test_nothing_is_as_good_as_nothing(self):
        self.assertEqual(self.word([0.0] * 7, [0.0] * 7), "same")
        self.assertEqual(self.word([0.0] * 7, [1.0] * 7), "slower")
        self.assertEqual(self.word([1.0] * 7, [0.0] * 7), "faster")


class Report(unittest.TestCase):
    def report(self, old, new):
        lines = []
        code = compare.report(old, new, lines.append)
        return code, "\n".join(lines)

    def test_it_fails_when_something_of_ours_is_slower(self):
        self.assertEqual(self.report(result(STEADY), result([104.0] * 7))[0], 0)
        code, text = self.report(result(STEADY), result([110.0] * 7))
        self.assertEqual(code, 1)
        self.assertRegex(text, r"ping +cycos +100 ns +110 ns +0.91x +5 % +slower")

    def test_somebody_else_may_be_slower(self):
        code, text = self.report(result(STEADY), result(STEADY, [150.0] * 7, version="2"))
        self.assertEqual(code, 0)
        self.assertRegex(text, r"ping +raw .*slower")

    def test_a_machine_that_drifts_excuses_as_much(self):
        slow_machine = [130.0] * 7
        self.assertEqual(self.report(result(STEADY), result([125.0] * 7, slow_machine))[0], 0)
        self.assertEqual(self.report(result(STEADY), result([131.0] * 7, slow_machine))[0], 1)
        # Of another version it may have changed by itself.
        other = result([125.0] * 7, slow_machine, version="2")
        self.assertEqual(self.report(result(STEADY), other)[0], 1)

    def test_drift_counts_alike_in_both_directions(self):
        text = self.report(result(STEADY), result(STEADY, [50.0] * 7))[1]
        self.assertIn("drift of the others: 100.0 %", text)

    def test_other_lines_of_our_programs_are_compared_too(self):
        def line(values, unit="per_second"):
            return {"bench": "b", "about": {"big": True, "took": 1.5}, "unit": unit,
                    "values": values}
        old = result(STEADY, lines=[line(STEADY)])
        new = result(STEADY, lines=[line([50.0] * 7)])
        code, text = self.report(old, new)
        self.assertEqual(code, 1)
        self.assertRegex(text, r"b big=True +cycos .*slower")
        self.assertEqual(self.report(new, old)[0], 0)

    def test_what_only_one_has_and_another_machine_are_said(self):
        new = result(STEADY, cpu="y")
        new["rows"][0]["name"] = "pong"
        code, text = self.report(result(STEADY), new)
        self.assertEqual(code, 0)
        self.assertIn("only in the old: ping", text)
        self.assertIn("only in the new: pong", text)
        self.assertIn("the machines differ", text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
