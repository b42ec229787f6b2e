#!/usr/bin/python3
"""Power loss: the storage shim writes down what the real binary does to its disk; from that log the states are built that a
machine may find when the power returns, and the binary is started on each.

The model is strict: bytes last only after a sync of their file, names only after a sync of their directory. At a point of the
log a state is one of: what was synced and nothing else; everything; torn, where each unsynced block of 512 bytes and each
unsynced name is there or not, by chance. A message counts as acknowledged at a point if its 250 was read before it.

    power_loss.py --binary B --shim S --states N --seed N
"""
import argparse
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

OPEN, WRITE, SYNC, RENAME, UNLINK, TRUNCATE = 1, 2, 3, 4, 5, 6
HEADER = struct.Struct("<BQQQIII")
BLOCK = 512


class File:
    """Bytes as they are, as they were synced, and the blocks that differ."""

    def __init__(self):
        self.now, self.synced, self.dirty = bytearray(), b"", set()

    def write(self, offset, data):
        if len(self.now) < offset + len(data):
            self.now.extend(bytes(offset + len(data) - len(self.now)))
        self.now[offset:offset + len(data)] = data
        self.dirty.update(range(offset // BLOCK, (offset + len(data) - 1) // BLOCK + 1))

    def truncate(self, size):
        self.now = self.now[:size] + bytes(max(0, size - len(self.now)))
        self.dirty.update(range(size // BLOCK, len(self.synced) // BLOCK + 1))

    def sync(self):
        self.synced, self.dirty = bytes(self.now), set()

    def torn(self, rng):
        out = bytearray(self.synced)
        for block in sorted(self.dirty):
            if rng.random() < 0.5:
                continue
            begin, piece = block * BLOCK, self.now[block * BLOCK:(block + 1) * BLOCK]
            if len(out) < begin + len(piece):
                out.extend(bytes(begin + len(piece) - len(out)))
            out[begin:begin + len(piece)] = piece
        return bytes(out)


class Disk:
    """`files` are those that have a name: the number of a removed one may be given to a directory later."""

    def __init__(self, directories):
        self.directories = directories  # inode -> path
        self.names, self.lasting, self.files = {}, {}, {}

    def apply(self, operation):
        kind, _, inode, offset, path, second, data = operation
        if kind == OPEN:
            self.files[inode] = self.names[path] = File()
        elif kind == WRITE:
            self.file(inode).write(offset, data)
        elif kind == TRUNCATE:
            self.file(inode).truncate(offset)
        elif kind == SYNC and inode in self.files:
            self.files[inode].sync()
        elif kind == SYNC and inode in self.directories:
            folder = self.directories[inode]
            self.lasting = {p: f for p, f in self.lasting.items() if os.path.dirname(p) != folder}
            self.lasting.update({p: f for p, f in self.names.items() if os.path.dirname(p) == folder})
        elif kind == RENAME:
            self.forget(second)
            self.names[second] = self.names.pop(path)
        elif kind == UNLINK:
            self.forget(path)

    def file(self, inode):
        return self.files.get(inode) or File()  # removed and still open: nobody sees it

    def forget(self, path):
        removed = self.names.pop(path, None)
        self.files = {inode: f for inode, f in self.files.items() if f is not removed}

    def state(self, how, rng):
        """Path -> bytes after the power returned."""
        if how == "synced":
            return {p: f.synced for p, f in self.lasting.items()}
        if how == "all":
            return {p: bytes(f.now) for p, f in self.names.items()}
        kept = {}
        for path in {*self.names, *self.lasting}:
            now, before = self.names.get(path), self.lasting.get(path)
            chosen = now if now is before or rng.random() < 0.5 else before
            if chosen is not None:
                kept[path] = chosen.torn(rng)
        return kept


def read_log(path):
    raw, at, operations = path.read_bytes(), 0, []
    while at + HEADER.size <= len(raw):
        kind, when, inode, offset, first, second, size = HEADER.unpack_from(raw, at)
        at += HEADER.size
        texts = raw[at:at + first].decode(), raw[at + first:at + first + second].decode()
        at += first + second
        operations.append((kind, when / 1e9, inode, offset, os.path.normpath(texts[0]), os.path.normpath(texts[1]), raw[at:at + size]))
        at += size
    return operations


def record(room, mta, config_text):
    """A short life of the binary: mail accepted, delivered, deferred, a restart between. Answers the log and the promises."""
    from harness import Gateway, message, send, wait_for
    from storage_faults import StorageFaults
    faults = StorageFaults(room, log=room / "storage.log")
    promises, number = {}, 0
    gateway = Gateway(room, config_text, faults.environment)
    try:
        for life in range(2):
            for body in (10, 3000, 20, 5000, 9000, 10):
                number += 1
                to = f"{'later' if number % 3 == 0 else 'plain'}-{number}@example.org"
                send(gateway.smtp_port, message("Rechnung", to=to, body="Zeile\n" * body))
                promises[to] = time.monotonic()
            wait_for(lambda: gateway.metric("stellwerk_dispositions_total", state="delivered") >= 4, "the deliveries")
            if life == 0:
                gateway.kill()
                gateway = gateway.restart()
    finally:
        gateway.kill()
    return read_log(room / "storage.log"), promises


def build(room, data, state):
    for path in (data, data / "state", data / "segments"):
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
    for path, content in state.items():
        pathlib.Path(path).write_bytes(content)


def expect_kept(room, data, config_text, promises, what):
    """Starts the binary on the state: it opens, and knows every promise."""
    from harness import Gateway, wait_for
    try:
        gateway = Gateway(room, config_text, name="after")
    except AssertionError as refused:
        raise AssertionError(f"{what}: it does not start") from refused
    try:
        known = set()

        def knows_all():  # a message may move on while its states are asked for one by one
            for state in ("scheduled", "ready", "attempting", "deferred", "unknown", "held", "delivered"):
                rows = gateway.call("QueueService/ListMessages", {"state": state, "pageSize": 1000}).get("recipients", [])
                known.update(row["recipient"]["recipient"] for row in rows)
            return promises <= known
        try:
            wait_for(knows_all, "every promise", limit=10)
        except AssertionError:
            raise AssertionError(f"{what}: acknowledged and gone: {sorted(promises - known)}") from None
        if gateway.stop() != 0:
            raise AssertionError(f"{what}: the end was not clean")
    finally:
        gateway.kill()
    checked = subprocess.run([os.environ["STELLWERK"], "spool", "check", "--data", data], capture_output=True, timeout=60)
    if checked.returncode != 0:
        raise AssertionError(f"{what}: {checked.stdout.decode()}{checked.stderr.decode()}")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--binary", required=True)
    options.add_argument("--shim", required=True)
    options.add_argument("--states", type=int, default=20)
    options.add_argument("--seed", type=int, default=1)
    arguments = options.parse_args()
    os.environ.update(STELLWERK=str(pathlib.Path(arguments.binary).resolve()), STORAGE_SHIM=str(pathlib.Path(arguments.shim).resolve()))
    from harness import Simulate, config
    room = pathlib.Path(tempfile.mkdtemp(prefix="stellwerk-power-"))
    data, begun, rng = room / "data", time.monotonic(), random.Random(arguments.seed)
    mta = Simulate(room, "mta")
    try:
        mta.faults([{"door": "smtp", "stage": "rcpt", "match": {"recipient": "later*"}, "do": "reply", "reply": "450 4.2.0 later"}])
        text = config(mta.smtp_port, "http://127.0.0.1:1").replace("data_directory: ./data", f"data_directory: {data}")
        operations, promises = record(room, mta, text)
        directories = {path.stat().st_ino: str(path) for path in (data, data / "state", data / "segments")}
    finally:
        mta.kill()
    points = sorted(rng.randrange(1, len(operations) + 1) for _ in range(arguments.states))
    disk, done, most = Disk(directories), 0, 0
    for number, point in enumerate(points):
        for operation in operations[done:point]:
            disk.apply(operation)
        done = point
        end = operations[point][1] if point < len(operations) else float("inf")
        promised = {to for to, at in promises.items() if at < end}
        how = ("synced", "torn", "all", "torn")[number % 4]
        build(room, data, disk.state(how, rng))
        expect_kept(room, data, text, promised, f"{how} at operation {point} of {len(operations)}, seed {arguments.seed}")
        most = max(most, len(promised))
    shutil.rmtree(room, ignore_errors=True)
    if most < len(promises) // 2:
        sys.exit("the run does not count: hardly anything was acknowledged at its points")
    print(f"{len(points)} states of {len(operations)} operations, up to {most} messages promised, {time.monotonic() - begun:.0f} s: nothing acknowledged was lost")


if __name__ == "__main__":
    main()
