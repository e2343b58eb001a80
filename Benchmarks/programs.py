"""Programs under measurement: started, pinned, asked for the CPU time and memory they took, and stopped."""

import os
import re
import shutil
import subprocess
import time

SERVER_CORE, LOAD_CORE = "0", "1"


class Failure(Exception):
    """Why there is nothing to measure, as a sentence."""


def tool(name):
    """The path of a program of the machine; Debian keeps nghttpd in sbin and the newest pgbench with its server."""
    places = os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/usr/local/sbin"])
    found = shutil.which(name, path=places)
    if not found:
        raise Failure(f"{name} is missing: scripts/setup.sh installs it.")
    return found


def pinned(core, command):
    """The command, kept to one core where the machine has two."""
    return ["taskset", "-c", core, *command] if (os.cpu_count() or 1) > 1 else command


class Program:
    """A running server. Its CPU time is read from its own clock, in nanoseconds, all threads, past ones too."""

    def __init__(self, command, ready=None, environment=None):
        begin = time.monotonic()
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE if ready else subprocess.DEVNULL,
            text=True,
            env={**os.environ, **(environment or {})},
        )
        self.addresses = self._wait_until_ready(command, ready) if ready else []
        self.seconds_to_ready = time.monotonic() - begin

    def _wait_until_ready(self, command, ready):
        for line in self.process.stdout:
            if line.startswith(ready):
                return [address.strip() for address in line.split()[-1].split(",")]
        raise Failure(f"{command[-1]} ended with code {self.process.wait()} before it was ready.")

    def cpu_seconds(self):
        # What clock_getcpuclockid(3) computes: the bits of the inverted process id, and 2 for the scheduler's clock.
        return time.clock_gettime((~self.process.pid << 3) | 2)

    def resident_bytes(self, key="VmRSS"):
        """VmRSS is now, VmHWM the most so far."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return int(re.search(rf"{key}:\s+(\d+) kB", status.read())[1]) * 1024

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
