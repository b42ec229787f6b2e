"""The processes of a measurement: accounted (CPU, memory), stopped by their own handle, never by name."""
import os
import pathlib
import re
import shutil
import socket
import subprocess
import time

import machine


def find_tool(name):
    """Debian keeps Postfix's programs outside the ordinary PATH."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if not found:
        raise SystemExit(f"{name} is not installed (./dev bench installs it)")
    return found


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(condition, what, limit):
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"waited {limit} s in vain for {what}")
        time.sleep(0.02)


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def stat_of(pid):
    """(parent, CPU seconds, CPU seconds of reaped children), or None."""
    text = machine.read(f"/proc/{pid}/stat")
    if not text:
        return None
    fields = text[text.rindex(")") + 2:].split()
    return int(fields[1]), (int(fields[11]) + int(fields[12])) / machine.TICK, (int(fields[13]) + int(fields[14])) / machine.TICK


def cpu_of(pid):
    stat = stat_of(pid)
    return stat[1] if stat else 0.0


def rss_mb(pid):
    fields = machine.read(f"/proc/{pid}/statm").split()
    return int(fields[1]) * machine.PAGE / 1e6 if fields else 0.0


class Group:
    """Processes that come and go, such as Postfix's: a cgroup v2 leaf, which also counts those that have ended."""

    def __init__(self, name):
        self.path = None
        for line in machine.read("/proc/mounts").splitlines():
            _, mount, kind, *_ = line.split()
            if kind == "cgroup2":
                path = pathlib.Path(mount) / f"bench-{name}-{os.getpid()}"
                try:
                    path.mkdir()
                except OSError as failure:
                    raise SystemExit(f"no cgroup for {name}: {failure}; peers are measured as root") from failure
                self.path = path
        if self.path is None:
            raise SystemExit("no cgroup v2 is mounted: the CPU of peers cannot be counted")

    def adopt(self):
        """In the child, before exec."""
        (self.path / "cgroup.procs").write_text(str(os.getpid()))

    def pids(self):
        return [int(p) for p in machine.read(self.path / "cgroup.procs").split()]

    def cpu(self):
        return int(re.search(r"usage_usec (\d+)", machine.read(self.path / "cpu.stat")).group(1)) / 1e6

    def rss(self):
        return sum(rss_mb(p) for p in self.pids())

    def close(self):
        for _ in range(100):
            try:
                self.path.rmdir()
                return
            except OSError:
                time.sleep(0.05)


class SmtpSink:
    """Postfix's smtp-sink. `-c` writes `sess=.. quit=.. mesg=N` after every event; its tail is the count so far."""

    def __init__(self, port, directory):
        self.port, self.seen = port, 0
        self.log = pathlib.Path("/dev/shm" if os.path.isdir("/dev/shm") else directory) / f"bench-sink-{port}-{os.getpid()}"
        self.log.touch()
        handle = os.open(self.log, os.O_WRONLY | os.O_APPEND)
        user = ["-u", "nobody"] if os.getuid() == 0 else []
        # -t: a kept connection may be idle while another target has its turn.
        self.process = subprocess.Popen([find_tool("smtp-sink"), "-c", *user, "-t", "3600", "-m", "2000", f"127.0.0.1:{port}", "1024"],
                                        stdin=subprocess.DEVNULL, stdout=handle, stderr=subprocess.DEVNULL)
        os.close(handle)
        self.tail = open(self.log, "rb")
        wait_until(lambda: accepts(port), f"smtp-sink on {port}", 10)

    def count(self):
        size = os.fstat(self.tail.fileno()).st_size
        self.tail.seek(max(0, size - 400))
        found = re.findall(rb"mesg=(\d+)\D", self.tail.read())
        if found:
            self.seen = int(found[-1])
        return self.seen

    def trim(self):
        if self.log.stat().st_size > 50_000_000:
            os.truncate(self.log, 0)

    def cpu(self):
        return cpu_of(self.process.pid)

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.tail.close()
        self.log.unlink()
