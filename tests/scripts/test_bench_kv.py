"""test_bench_kv.py - bench/kv_load with the real servers and the real client, for a moment."""
import os
import pathlib
import sys
import unittest

from helper import ROOT, Case

sys.path.insert(0, str(ROOT / "bench/harness"))
import table
import turns

KV = pathlib.Path(os.environ.get("CY_TEST_BIN", ROOT / "build/test/bin")) / "kv"
TESTS = ["kv.ping_inline", "kv.ping_mbulk", "kv.set", "kv.get", "kv.incr", "kv.mset"]


class KvLoad(Case):
    def load(self, *arguments):
        done = self.run_script(ROOT / "bench/kv_load", *arguments, "--requests", "1000")
        self.assertEqual(done.returncode, 0, done.stderr)
        return turns.parse(done.stdout)

    def test_every_server_answers_every_test(self):
        for server in (KV, "redis", "floor"):
            lines = self.load(server)
            self.assertEqual([line["bench"] for line in lines], TESTS, server)
            for line in lines:
                self.assertGreater(line["per_second"], 0)
                self.assertGreaterEqual(line["cpu_ns"], line["user_ns"])

    def test_redis_on_two_cores_is_measured_both_ways(self):
        lines = self.load("redis", "--cores", "2", "--pipeline", "4")
        self.assertEqual([(line["bench"], line["io_threads"]) for line in lines],
                         [(test, threads) for threads in (1, 2) for test in TESTS])

    def test_the_rows_of_the_table_find_their_lines(self):
        lines = self.load(KV)
        rows = table.load(ROOT / "bench/workloads.json").chosen(["kv.*_one", "kv.*_cpu"])
        for row in rows:
            self.assertEqual(sum(row.sources["cycos"].matches(line) for line in lines), 1,
                             row.name)

    def test_a_server_that_does_not_start_is_an_error(self):
        done = self.run_script(ROOT / "bench/kv_load", "/bin/false")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("nothing listens", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
