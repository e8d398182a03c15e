"""machine.py - the machine and the versions that stand in every result."""
import os
import pathlib
import platform
import re
import subprocess


def said(*command, folder=None):
    """The first line that a command prints, or None when there is no such command."""
    try:
        out = subprocess.run(command, text=True, cwd=folder, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return (out.stdout.splitlines() or [""])[0].strip() or None


def found(path, pattern):
    match = re.search(pattern, pathlib.Path(path).read_text(), re.MULTILINE)
    return match.group(1) if match else None


def machine():
    memory = found("/proc/meminfo", r"^MemTotal: +(\d+)")
    return {"cpu": found("/proc/cpuinfo", r"^model name\s*: (.*)$") or platform.machine(),
            "cpus": len(os.sched_getaffinity(0)), "memory_mb": int(memory or 0) // 1024,
            "kernel": platform.release(), "system": platform.freedesktop_os_release().get(
                "PRETTY_NAME", "") if hasattr(platform, "freedesktop_os_release") else ""}


def load_average():
    return round(os.getloadavg()[0], 2)


def versions(root, contestants):
    """Of the compiler, of cycos, and of the Debian package of each contestant."""
    gcc = said("gcc", "-dumpfullversion")
    found_versions = {
        "cycos": said("git", "describe", "--always", "--dirty", "--tags", folder=root)
        or "unknown", "compiler": f"gcc {gcc}" if gcc else "unknown"}
    for who, about in contestants.items():
        if "package" in about:
            version = said("dpkg-query", "-W", "-f", "${Version}\n", about["package"])
            found_versions[who] = version or "unknown"
    return found_versions
