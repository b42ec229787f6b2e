"""What the machine is, and how noisy it is while something is measured."""
import os
import pathlib
import platform
import time

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def read(path):
    try:
        return pathlib.Path(path).read_text()
    except OSError:
        return ""


def field(text, key):
    """The rest of the first line `key: ...`."""
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return ""


def filesystem_of(path):
    best = ("", "?")
    for line in read("/proc/mounts").splitlines():
        _, mount, kind, *_ = line.split()
        if str(path).startswith(mount) and len(mount) >= len(best[0]):
            best = (mount, kind)
    return best[1]


def sync_latency(directory, seconds):
    """Appends 4 KB and fdatasyncs, again and again: what one durable write costs here, in microseconds."""
    path = pathlib.Path(directory) / f"sync-probe-{os.getpid()}"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    block, taken = os.urandom(4096), []
    end = before = time.perf_counter()
    end += seconds
    try:
        while before < end:
            os.write(handle, block)
            os.fdatasync(handle)
            now = time.perf_counter()
            taken.append(now - before)
            before = now
    finally:
        os.close(handle)
        path.unlink()
    taken.sort()
    return {"p50_us": round(quantile(taken, 0.5) * 1e6), "p99_us": round(quantile(taken, 0.99) * 1e6),
            "max_us": round(taken[-1] * 1e6), "syncs": len(taken)}


def quantile(ordered, share):
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def cpu_totals():
    """(busy, stolen) seconds of all cores since the machine started."""
    numbers = [int(x) for x in read("/proc/stat").split("\n", 1)[0].split()[1:9]]
    return (sum(numbers[:3]) + numbers[5] + numbers[6]) / TICK, numbers[7] / TICK


def facts(directory, probe_seconds):
    return {"cores": os.cpu_count(), "cpu": field(read("/proc/cpuinfo"), "model name"),
            "memory_mb": int(field(read("/proc/meminfo"), "MemTotal").split()[0]) // 1024,
            "kernel": platform.release(), "filesystem": filesystem_of(os.path.realpath(directory)),
            "sync": sync_latency(directory, probe_seconds), "when": time.strftime("%Y-%m-%d %H:%M:%S")}


class Noise:
    """Between construction and `row`: the load before, CPU stolen by the host, CPU used by processes that are not ours."""

    def __init__(self):
        self.load, self.begun = os.getloadavg()[0], time.monotonic()
        self.busy, self.stolen = cpu_totals()

    def row(self, ours):
        """`ours`: CPU seconds that the measured parts used meanwhile."""
        busy, stolen = cpu_totals()
        wall = max(time.monotonic() - self.begun, 1e-9)
        return {"load_before": round(self.load, 2), "steal_pct": round(100 * (stolen - self.stolen) / wall, 1),
                "other_cpu_pct": round(100 * max(0.0, busy - self.busy - ours) / wall)}
