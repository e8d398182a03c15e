"""sample.py - builds a project of somebody else against an installed tree, in several ways."""
import os
import pathlib
import re
import subprocess

FOLDER = pathlib.Path(__file__).resolve().parent / "sample"
ALONE = ["--cores", "2", "--node", "127.0.0.1", "--no-discover-peers", "--log-level", "error"]
PATIENCE_S = 120


def run(*command, **options):
    """The output of a command that must succeed; what it complained of otherwise."""
    result = subprocess.run([str(c) for c in command], text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, timeout=PATIENCE_S, **options)
    if result.returncode != 0:
        raise AssertionError(f"{command}: {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout


class Tree:
    """An installed tree below a folder; `root` is what the system's / is to it, or None."""

    def __init__(self, prefix):
        self.prefix = pathlib.Path(prefix)
        (self.pc,) = self.prefix.rglob("cycos.pc")
        self.libraries = self.pc.parents[1]

    def pkg_config(self, *arguments):
        env = {**os.environ, "PKG_CONFIG_PATH": str(self.pc.parent)}
        return run("pkg-config", *arguments, "cycos", env=env).split()

    def env(self):
        return {**os.environ, "LD_LIBRARY_PATH": str(self.libraries)}

    def compile(self, out, flags, source=FOLDER / "sample.c", before=()):
        run("gcc", "-Wall", "-Wextra", "-Werror", *before, source, "-o", out, *flags)
        return out

    def cmake(self, build):
        """The programs that a CMake project makes: linked with the one and the other."""
        run("cmake", "-S", FOLDER, "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}")
        run("cmake", "--build", build)
        return build / "sample_shared", build / "sample_static"

    def output(self, program):
        return run(program, *ALONE, env=self.env())


def needed(program):
    """The shared libraries that a program asks for."""
    return re.findall(r"NEEDED.*\[(.*?)\]", run("readelf", "-d", program))


def exported(library):
    """The names that a shared library defines for others, without those of its versions."""
    rows = run("nm", "-D", "--defined-only", library).splitlines()
    return {row.split()[2].split("@")[0] for row in rows if row.split()[1] != "A"}
