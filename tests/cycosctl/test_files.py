"""test_files.py - cycosctl gives files to a node and takes them away again."""
import os
import pathlib
import tempfile
import unittest

from network import FAILED, SILENCE, USAGE, Network


class Files(Network):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.here = pathlib.Path(folder.name) / "here"
        cls.there = pathlib.Path(folder.name) / "there"
        cls.here.mkdir()
        cls.there.mkdir()
        cls.server_options = ("--dest-path", str(cls.there), "--max-file-size", "1m")
        super().setUpClass()

    def file(self, name, text="a text\n"):
        path = self.here / name
        path.write_text(text)
        return path

    def test_a_file_is_sent_once(self):
        path = self.file("once")
        self.assertEqual(self.json("file", "put", "web.0", path)["result"], "sent")
        self.assertEqual((self.there / "once").read_text(), "a text\n")
        self.assertEqual(self.json("file", "put", "web.0", path)["result"], "same")
        self.assertIn("same", self.table("file", "put", "web.0", path))

    def test_a_file_goes_into_a_folder_and_away_again(self):
        path = self.file("inside")
        self.json("file", "put", "web.0", path, "some/folder")
        self.assertTrue((self.there / "some/folder/inside").is_file())
        done = self.json("file", "rm", "web.0", "inside", "some/folder")
        self.assertEqual(done["result"], "deleted")
        self.assertFalse((self.there / "some").exists())
        done = self.run_it("file", "rm", "web.0", "inside", "some/folder", status=FAILED)
        self.assertIn("No such file", done.stderr)

    def test_a_file_that_differs_stays_unless_told_otherwise(self):
        path = self.file("twice", "first")
        self.json("file", "put", "web.0", path)
        self.file("twice", "second")
        done = self.json("file", "put", "web.0", path, status=FAILED)
        self.assertEqual((done["result"], done["size"]), ("differs", 5))
        self.assertRegex(done["mode"], "^0[0-7]{3}$")
        self.assertEqual((self.there / "twice").read_text(), "first")
        self.json("file", "put", "web.0", path, "--overwrite")
        self.assertEqual((self.there / "twice").read_text(), "second")

    def test_what_goes_wrong_is_told(self):
        for path, why in ((self.here / "none", "No such file"), (self.here, "Is a directory"),
                          (self.file("large", "x" * (1 << 20 | 1)), "File too large")):
            done = self.run_it("file", "put", "web.0", path, status=FAILED)
            self.assertIn(why, done.stderr)
        path = self.file("out")
        for words, why in ((("put", "web.0", path, "../outside"), "'../outside' is no folder"),
                           (("put", "web.0", "/dev/null"), "not a regular file"),
                           (("rm", "web.0", "out", ".."), "'..' is no folder"),
                           (("rm", "web.0", ".."), "not a name of one")):
            self.assertIn(why, self.run_it("file", *words, status=FAILED).stderr)
        self.run_it("file", "put", "web.8", self.file("out"), "--timeout", "100ms",
                    status=SILENCE)
        self.assertIn("neither put nor rm",
                      self.run_it("file", "get", "web.0", "x", status=USAGE).stderr)

    def test_only_who_sent_it_takes_it_away(self):
        self.json("file", "put", "web.0", self.file("mine"))
        done = self.run_it("file", "rm", "web.0", "mine", "--name", "other", status=FAILED)
        self.assertIn("other.0 has not sent it", done.stderr)
        self.assertTrue((self.there / "mine").exists())
        self.json("file", "rm", "web.0", "mine")


if __name__ == "__main__":
    unittest.main()
