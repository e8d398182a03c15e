"""test_deps.py - scripts/deps with stand-ins for dpkg-query, apt-get, sudo and id."""
import unittest

from helper import SCRIPTS, Case

PACKAGES = """# comment

build  aa   what for
build  bb
test   cc   and why
check  dd
"""


class Deps(Case):
    def setUp(self):
        super().setUp()
        self.tools = self.folder / "bin"
        self.installed = self.folder / "installed"
        self.installed.write_text("")
        self.calls = self.folder / "calls"
        self.calls.write_text("")
        (self.folder / "packages.txt").write_text(PACKAGES)
        self.tool("dpkg-query", f'for p; do :; done; grep -qx "$p" {self.installed} '
                                "&& echo installed || { echo not-installed; exit 1; }")
        self.tool("apt-get", 'case $* in *install*) for p; do case $p in -*|install) ;; '
                             f'*) echo "$p" >>{self.installed};; esac; done;; esac')
        self.user(0)

    def tool(self, name, body):
        self.program(f"bin/{name}", f'#!/bin/sh\necho "{name} $*" >>{self.calls}\n{body}\n')

    def user(self, number):
        self.program("bin/id", f"#!/bin/sh\necho {number}\n")

    def deps(self, *arguments, path="/usr/bin:/bin", **env):
        return self.run_script(SCRIPTS / "deps", *arguments, env={
            "PATH": f"{self.tools}:{path}", "CY_PACKAGES": str(self.folder / "packages.txt"),
            "CY_POLICY": str(self.folder / "policy"), "CY_SKIP_DEPS": "0", **env})

    def called(self, name):
        return [c for c in self.calls.read_text().splitlines() if c.startswith(name)]

    def bare_path(self):
        """Only what the script needs, so that no tool of this machine is found."""
        bare = self.folder / "bare"
        bare.mkdir()
        for tool in ("bash", "sh", "env", "awk", "grep", "sort", "paste", "dirname", "cat",
                     "rm", "chmod"):
            for place in ("/usr/bin", "/bin"):
                if not (bare / tool).exists():
                    (bare / tool).symlink_to(f"{place}/{tool}")
                    break
        return str(bare)

    def test_touches_nothing_when_all_is_there(self):
        self.installed.write_text("aa\nbb\n")
        self.user(1000)
        result = self.deps("build")
        self.assertEqual((result.returncode, result.stdout + result.stderr), (0, ""))
        self.assertEqual(self.called("apt-get") + self.called("sudo"), [])

    def test_installs_what_is_missing_and_says_so(self):
        self.installed.write_text("aa\n")
        result = self.deps("build", "test")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("installing 2 Debian packages", result.stdout)
        self.assertIn("    bb\n    cc\n", result.stdout)
        update, install = self.called("apt-get")
        self.assertEqual(update, "apt-get -q update")
        self.assertEqual(install, "apt-get -q -y install --no-install-recommends bb cc")

    def test_means_all_sections_when_none_is_named(self):
        self.assertEqual(self.deps().returncode, 0)
        self.assertEqual(self.installed.read_text().split(), ["aa", "bb", "cc", "dd"])

    def test_starts_no_service_and_cleans_up(self):
        self.tool("apt-get", f'[ -x {self.folder}/policy ] && {self.folder}/policy; '
                             f'echo "policy $?" >>{self.calls}; '
                             f'printf "aa\nbb\n" >{self.installed}')
        self.assertEqual(self.deps("build").returncode, 0)
        self.assertEqual(self.called("policy"), ["policy 101"] * 2)
        self.assertFalse((self.folder / "policy").exists())

    def test_keeps_a_policy_that_was_there(self):
        (self.folder / "policy").write_text("mine")
        self.assertEqual(self.deps("build").returncode, 0)
        self.assertEqual((self.folder / "policy").read_text(), "mine")

    def test_goes_through_sudo_as_a_user(self):
        self.user(1000)
        self.tool("sudo", 'while [ "$1" = -n ] || [ "$1" = -- ]; do shift; done; exec "$@"')
        result = self.deps("build")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(len(self.called("apt-get")), 2)
        self.assertTrue(self.called("sudo --"))

    def test_says_what_to_do_when_there_is_no_sudo(self):
        self.user(1000)
        result = self.deps("build", path=self.bare_path())
        self.assertEqual(result.returncode, 1)
        self.assertIn("sudo is not installed", result.stderr)
        self.assertIn("apt-get install --no-install-recommends aa bb", result.stderr)

    def test_says_what_to_do_when_sudo_wants_a_password(self):
        self.user(1000)
        self.tool("sudo", "exit 1")
        result = self.deps("build")
        self.assertEqual(result.returncode, 1)
        self.assertIn("no terminal to ask on", result.stderr)
        self.assertEqual(self.called("apt-get"), [])

    def test_tries_the_install_when_the_update_fails(self):
        self.tool("apt-get", 'case $* in *update*) exit 100;; esac; '
                             f'printf "aa\nbb\n" >{self.installed}')
        self.assertEqual(self.deps("build").returncode, 0)

    def test_fails_clearly_when_apt_fails(self):
        self.tool("apt-get", "exit 100")
        result = self.deps("build")
        self.assertEqual(result.returncode, 1)
        self.assertIn("could not install: aa bb", result.stderr)

    def test_fails_when_apt_lies(self):
        self.tool("apt-get", "exit 0")
        result = self.deps("build")
        self.assertEqual(result.returncode, 1)
        self.assertIn("still missing after the install: aa bb", result.stderr)

    def test_names_the_packages_where_there_is_no_dpkg(self):
        (self.tools / "dpkg-query").unlink()
        result = self.deps("build", path=self.bare_path())
        self.assertEqual(result.returncode, 1)
        self.assertIn("no Debian system", result.stderr)
        self.assertIn("aa bb", result.stderr)

    def test_can_be_told_to_do_nothing(self):
        result = self.deps("build", CY_SKIP_DEPS="1")
        self.assertEqual((result.returncode, self.called("apt-get")), (0, []))

    def test_lists_without_installing(self):
        result = self.deps("--list", "test", "check")
        self.assertEqual((result.returncode, result.stdout), (0, "cc\ndd\n"))

    def test_refuses_an_unknown_section(self):
        result = self.deps("bulid")
        self.assertEqual(result.returncode, 1)
        self.assertIn("no section 'bulid'; there are: build check test", result.stderr)


class List(Case):
    def test_names_each_package_once_with_a_reason(self):
        seen = []
        for line in (SCRIPTS / "packages.txt").read_text().splitlines():
            if line and not line.startswith("#"):
                section, package, *reason = line.split()
                self.assertIn(section, ("build", "test", "check", "peers"))
                self.assertTrue(reason, f"{package}: what for?")
                seen.append(package)
        self.assertEqual(sorted(seen), sorted(set(seen)))


if __name__ == "__main__":
    unittest.main(verbosity=2)
