#!/usr/bin/env python3
"""test_counts.py - the hot paths take no more instructions than counts.json says.

    test_counts.py            a path may take 5 % more than is stored
    test_counts.py --update   store what is counted now, in the commit that changes it

callgrind counts the same whatever else the machine does. Each path runs so many times, and
twice as often: the difference is the path alone, without start and end. The counts are those of
one compiler for one processor; with another one they are printed, and nothing is expected.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).parent
STORED = HERE / "counts.json"
BUILD = pathlib.Path(os.environ.get("CY_TEST_BUILD", HERE.parents[1] / "build/test"))
PROGRAM = BUILD / "bin/instructions_operations"
TIMES = 5000
GROWTH = 1.05


def total(name, times):
    """Instructions of a whole run."""
    told = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", PROGRAM, name,
         str(times)],
        check=True, text=True, stderr=subprocess.PIPE, env={}).stderr
    return int(re.search(r"Collected : (\d+)", told)[1])


def count(name):
    return round((total(name, 2 * TIMES) - total(name, TIMES)) / TIMES, 1)


def names():
    return subprocess.run([PROGRAM], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.split()


def built_by():
    """What the counts depend on."""
    comment = subprocess.run(["readelf", "-p", ".comment", PROGRAM], check=True, text=True,
                             stdout=subprocess.PIPE).stdout
    return f"{os.uname().machine} {re.search(r'GCC: .*', comment)[0]}"


def too_many(counted, stored):
    return counted > stored * GROWTH


class Counts(unittest.TestCase):
    def test_five_percent_more_is_the_limit(self):
        self.assertFalse(too_many(105, 100))
        self.assertTrue(too_many(105.1, 100))

    def test_no_path_takes_more_than_is_stored(self):
        stored = json.loads(STORED.read_text())
        counts = {name: count(name) for name in names()}
        for name, value in counts.items():
            print(f"{name}: {value} (stored: {stored['counts'].get(name)})")
        if stored["built_by"] != built_by():
            self.skipTest(f"stored for {stored['built_by']}, this is {built_by()}")
        self.assertEqual(sorted(counts), sorted(stored["counts"]))
        self.assertEqual({name: value for name, value in counts.items()
                          if too_many(value, stored["counts"][name])}, {})


if __name__ == "__main__":
    if sys.argv[1:] == ["--update"]:
        STORED.write_text(json.dumps({"built_by": built_by(), "counts": {
            name: count(name) for name in names()}}, indent=2) + "\n")
    else:
        unittest.main()
