"""test_completion.py - what bash offers for the beginning of a command line."""
import os
import pathlib
import subprocess
import unittest

BIN = pathlib.Path(os.environ.get("CY_TEST_BIN", "build/test/bin"))
SOURCE = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _cycosctl; ' \
         'printf "%s\\n" "${COMPREPLY[@]}"'


class Completion(unittest.TestCase):
    def offers(self, *words):
        """For the last of these words, behind the name of the program."""
        command = ["bash", "-euo", "pipefail", "-c", SCRIPT, "bash",
                   SOURCE / "apps/cycosctl/cycosctl.bash", BIN / "cycosctl", *words]
        done = subprocess.run(command, text=True, capture_output=True, cwd=SOURCE, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.split()

    def test_commands_come_first(self):
        self.assertIn("peers", self.offers(""))
        self.assertEqual(self.offers("pe"), ["peers"])
        self.assertEqual(self.offers("--json", "pe"), ["peers"])
        self.assertEqual(self.offers("--format", "json", "pe"), ["peers"])
        self.assertEqual(self.offers("nothing that there is"), [])

    def test_options_may_stand_anywhere(self):
        self.assertEqual(self.offers("--udp"), ["--udp-port"])
        self.assertEqual(self.offers("peers", "--settl"), ["--settle"])
        self.assertEqual(self.offers("peers", "--no-j"), ["--no-json"])
        self.assertIn("--json", self.offers("peers", "--"))

    def test_values_are_offered_where_they_are_known(self):
        self.assertEqual(self.offers("--format", ""), ["auto", "table", "json"])
        self.assertEqual(self.offers("names", "--kind", "ch"), ["channel"])
        self.assertEqual(self.offers("--timeout", ""), [])
        self.assertEqual(self.offers("--secret-file", "READ"), ["README.md"])

    def test_arguments_may_be_files(self):
        self.assertEqual(self.offers("send", "x", "READ"), ["README.md"])


if __name__ == "__main__":
    unittest.main()
