"""test_methods.py - cycosctl calls methods: arguments, results, and what goes wrong."""
import subprocess
import unittest

from network import FAILED, OK, PATIENCE_S, SILENCE, USAGE, Network


class Methods(Network):
    server_name = "cycosctl_methods"

    def echo(self, *words):
        done = self.json("call", "echo", *words)
        self.assertEqual((done["reason"], done["code"]), ("normal", 0))
        self.assertGreater(done["took_ns"], 0)
        return done["value"]

    def test_arguments_arrive_as_what_they_look_like(self):
        self.assertEqual(self.echo(), [[], {}])
        self.assertEqual(self.echo("1", "2.5", "text", "name=value", "flag=true", "json:[1,2]"),
                         [[1, 2.5, "text", [1, 2]], {"name": "value", "flag": True}])
        self.assertEqual(self.echo("text:1", "bytes:00ff", "nil", "n=json:{\"a\": null}"),
                         [["1", "00ff", None], {"n": {"a": None}}])
        self.assertEqual(self.echo("-5", "-.5", "--", "-x", "--json"),
                         [[-5, -.5, "-x", "--json"], {}])

    def test_what_is_no_value_is_wrong_usage(self):
        for word, why in (("json:[1", "'json:[1': neither , nor ]"), ("int:x", "is no integer"),
                          ("n" * 64 + "=1", "a name of more than 63 bytes")):
            self.assertIn(why, self.run_it("call", "echo", word, status=USAGE).stderr)
        done = self.run_it("call", "echo", *["1"] * 65, status=FAILED)
        self.assertIn("Argument list too long", done.stderr)
        self.run_it("call", "echo", "a=1", "a=2", status=FAILED)

    def test_a_result_is_a_value_or_text_or_bytes(self):
        self.assertEqual(self.json("call", "says_text")["value"], "no value, but text")
        self.assertEqual(self.json("call", "says_bytes")["value"], "fffe")
        self.assertRegex(self.table("call", "says_text"), r"(?m)^value +no value, but text$")

    def test_a_method_that_fails_is_a_failure(self):
        done = self.json("call", "fails", "7", status=FAILED)
        self.assertEqual((done["reason"], done["code"], done["value"]), ("error", 7, None))
        done = self.run_it("call", "fails", "seven", status=FAILED)
        self.assertIn("expected int, got text", done.stderr)
        self.assertEqual(done.stdout, "")

    def test_a_method_that_nobody_has_is_silence(self):
        done = self.run_it("call", "nothing", "--timeout", "100ms", status=SILENCE)
        self.assertIn("nobody has the name 'nothing'", done.stderr)
        self.run_it("call", "echo", "--at", "web.1", "--timeout", "100ms", status=SILENCE)
        self.assertEqual(self.json("locate", "echo", "--kind", "method")["kind"], "method")
        self.assertEqual(self.json("locate", "echo")["kind"], "method")
        self.assertEqual([r["name"] for r in self.json("names", "--kind", "method")],
                         ["echo", "fails", "hangs", "says_bytes", "says_text"])

    def test_a_task_that_takes_too_long_is_terminated(self):
        self.run_until("it has not ended in time; terminated", "call", "hangs", status=SILENCE)
        self.wait_for(self.server, "terminated")


class Killed(Network):
    server_name = "cycosctl_methods"

    def test_a_node_that_dies_meanwhile_is_silence(self):
        process = subprocess.Popen(self.command("call", "hangs"), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.wait_for(self.server, "hangs")
        self.server.kill()
        out, err = process.communicate(timeout=PATIENCE_S)
        self.assertEqual(process.returncode, SILENCE, out + err)


if __name__ == "__main__":
    unittest.main()
