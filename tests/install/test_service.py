"""test_service.py - systemd takes the unit file, and little is exposed."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNIT = ROOT / "scripts/install/cycos@.service"
KV = pathlib.Path(os.environ.get("CY_TEST_BIN", str(ROOT / "build/test/bin"))) / "kv"
EXPOSURE_MAX = 2.0  # of 10, by systemd-analyze security


class Service(unittest.TestCase):
    def setUp(self):
        if shutil.which("systemd-analyze") is None:
            self.skipTest("no systemd-analyze")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def analyze(self, text, *arguments, instance=0):
        unit = self.folder / f"cycos@{instance}.service"
        unit.write_text(text)
        return subprocess.run(["systemd-analyze", *arguments, unit], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env={**os.environ, "SYSTEMD_LOG_COLOR": "no"})

    def unit(self):
        """As installed, but for the program, which is that of the build."""
        text = UNIT.read_text()
        self.assertIn("\nExecStart=cycos-kv\n", text)
        return text.replace("\nExecStart=cycos-kv\n", f"\nExecStart={KV}\n")

    def test_systemd_finds_nothing_wrong_with_it(self):
        result = self.analyze(self.unit(), "verify", "--man=no", instance=3)
        self.assertEqual((result.returncode, result.stdout), (0, ""))

    def test_systemd_would_find_something_wrong(self):
        for right, wrong in (("CPUAffinity=%i", "CPUAffinity=%i-nowhere"),
                             ("DynamicUser=yes", "DynamicUser=perhaps"),
                             ("Restart=on-failure", "Restrat=on-failure")):
            text = self.unit()
            self.assertIn(right, text)
            result = self.analyze(text.replace(right, wrong), "verify", "--man=no")
            self.assertNotEqual(result.stdout, "", wrong)

    def test_reload_has_certificates_read_anew(self):
        self.assertIn("\nExecReload=kill -HUP $MAINPID\n", self.unit())

    def test_little_is_exposed(self):
        result = self.analyze(self.unit(), "security", "--offline=true", "--no-pager",
                              f"--threshold={int(EXPOSURE_MAX * 10)}")
        found = re.search(r"Overall exposure level.*: ([\d.]+)", result.stdout)
        self.assertIsNotNone(found, result.stdout)
        self.assertLessEqual(float(found.group(1)), EXPOSURE_MAX)

    def test_options_that_it_sets_are_options(self):
        text = UNIT.read_text()
        names = set(re.findall(r"\b((?:CYCOS|KV)_[A-Z_]+)=", text))
        self.assertIn("CYCOS_CORES", names)
        known = set(re.findall(r"--([a-z-]+)", subprocess.run(
            [KV, "--help"], text=True, check=True, stdout=subprocess.PIPE).stdout))
        known = {option.removeprefix("no-") for option in known} | known
        for name in names:
            option = name.split("_", 1)[1].lower().replace("_", "-")
            self.assertIn(option, known, name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
