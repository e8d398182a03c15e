"""test_make.py - cycosctl makes secrets and certificates, by which nodes trust each other."""
import json
import os
import pathlib
import stat
import subprocess
import tempfile
import unittest

from network import BIN, FAILED, OK, PATIENCE_S, REFUSED, USAGE, Network


class Made(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "made"

    def make(self, *words, status=OK):
        done = subprocess.run([BIN / "cycosctl", *words, self.path], text=True,
                              capture_output=True, timeout=PATIENCE_S)
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def certificate(self, *options):
        return subprocess.run(["openssl", "x509", "-in", self.path, "-noout", *options],
                              text=True, check=True, capture_output=True).stdout

    def test_a_secret_is_for_its_owner_only(self):
        self.assertEqual(self.make("keygen").stdout, "")
        self.assertRegex(self.path.read_text(), "^[0-9a-f]{64}\n$")
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o600)
        before = self.path.read_text()
        self.assertIn("it is there already", self.make("keygen", status=FAILED).stderr)
        self.assertEqual(self.path.read_text(), before)

    def test_a_certificate_stands_with_its_key_in_one_file(self):
        self.make("cert", "--subject", "node.example", "--days", "3")
        self.assertIn("node.example", self.certificate("-subject"))
        self.assertIn("will not expire", self.certificate("-checkend", str(2 * 86400)))
        text = self.path.read_text()
        self.assertEqual(text.count("PRIVATE KEY-----"), 2)
        self.assertEqual(text.count("CERTIFICATE-----"), 2)
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o600)
        self.assertIn("it is there already", self.make("cert", status=FAILED).stderr)

    def test_a_certificate_may_have_an_rsa_key(self):
        self.make("cert", "--rsa")
        self.assertIn("rsaEncryption", self.certificate("-text"))

    def test_what_goes_wrong_is_told(self):
        self.path = self.path / "in" / "no folder"
        self.assertIn("No such file", self.make("keygen", status=FAILED).stderr)
        self.assertIn("No such file", self.make("cert", status=FAILED).stderr)
        self.make("cert", "--days", "36501", status=USAGE)


class Trust(Network):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.files = {}
        for name, command in (("secret", "keygen"), ("pem", "cert"), ("other", "cert")):
            cls.files[name] = str(pathlib.Path(folder.name) / name)
            subprocess.run([BIN / "cycosctl", command, cls.files[name]], check=True)
        cls.common = ("--secret-file", cls.files["secret"], "--certfile", cls.files["pem"])
        super().setUpClass()

    def test_who_has_both_is_answered_and_nobody_else(self):
        location = self.json("peers")[0]["location"]
        self.assertEqual(self.json("ping", location)[0]["error"], None)
        bare = [BIN / "cycosctl", "ping", location, "--timeout", "20s", "--node", "127.0.0.1",
                "--udp-port", str(self.port)]
        for options in ((), ("--secret-file", self.files["secret"]),
                        ("--certfile", self.files["pem"]),
                        ("--secret-file", self.files["secret"],
                         "--certfile", self.files["other"])):
            done = subprocess.run([*bare, *options], text=True, capture_output=True,
                                  timeout=PATIENCE_S)
            self.assertEqual(done.returncode, REFUSED, (options, done.stderr))
        self.run_until("others are here, but with another certificate", "peers",
                       "--certfile", self.files["other"], status=REFUSED)


if __name__ == "__main__":
    unittest.main()
