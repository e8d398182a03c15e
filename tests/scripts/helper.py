"""helper.py - what the tests of the scripts have in common."""
import importlib.machinery
import importlib.util
import os
import pathlib
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts"
PATIENCE_S = 60  # for what must happen; no test waits that long unless it fails


def load(name):
    """A script as a module, whatever its file is called."""
    loader = importlib.machinery.SourceFileLoader(name.replace(".", "_"), str(SCRIPTS / name))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def until(condition, what):
    """Waits for an event that must come; the limit only serves to fail instead of hanging."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"did not happen: {what}")
        time.sleep(0.01)


def alive(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


class Case(unittest.TestCase):
    """Has a folder of its own and can put programs into it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def program(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    def run_script(self, *command, env=None, **options):
        return subprocess.run([str(c) for c in command], text=True, capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=PATIENCE_S,
                              env={**os.environ, **(env or {})}, **options)
