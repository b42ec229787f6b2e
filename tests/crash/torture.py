#!/usr/bin/python3
"""Every fallible storage call of the accept and settle paths fails once, fails for ever, or is the one at which the process is
killed; then the binary is started again and everything it acknowledged must be there.

    ./dev crash --torture            every call, every way: about ten minutes
    torture.py --binary B --shim S --sample N --seed N     N of them, as CI does
"""
import argparse
import errno
import os
import pathlib
import random
import shutil
import smtplib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

WAYS = (("once", errno.EIO), ("once", errno.ENOSPC), ("forever", errno.EIO), ("forever", errno.ENOSPC), ("kill", errno.EIO))
REFUSALS = {451, 452, 421}


class Torture:
    def __init__(self, directory):
        from harness import Simulate
        self.directory = directory
        self.mta = Simulate(directory, "mta")
        self.ghosts = 0

    def config(self, room):
        from harness import config
        text = config(self.mta.smtp_port, "http://127.0.0.1:1", extra_policy="  unknown_wait: {smtp: 200ms, api: 200ms}")
        return text.replace("data_directory: ./data", f"data_directory: {room}/data")

    def offer(self, gateway, names):
        """Sends one message each, every other one large; answers who was acknowledged and who was refused."""
        from harness import message, send
        acknowledged, refused = set(), set()
        for number, name in enumerate(names):
            try:
                send(gateway.smtp_port, message("Rechnung", to=name, body="Zeile\n" * (3000 if number % 2 else 10)))
                acknowledged.add(name)
            except smtplib.SMTPResponseException as failure:
                if failure.smtp_code not in REFUSALS:
                    raise AssertionError(f"{name}: {failure.smtp_code} {failure.smtp_error}") from failure
                refused.add(name)
            except (OSError, smtplib.SMTPException):
                pass  # killed
        return acknowledged, refused

    def await_end(self, gateway, acknowledged, limit=3):
        """Until all is settled, or the store or the process has failed."""
        end = time.monotonic() + limit
        while time.monotonic() < end and gateway.process.poll() is None:
            try:
                if gateway.get("/readyz")[0] != 200 or gateway.metric("stellwerk_dispositions_total", state="delivered") >= len(acknowledged):
                    return
            except OSError:
                return
            time.sleep(0.02)

    def count_calls(self):
        """The storage calls of one load when nothing fails."""
        from harness import Gateway
        from storage_faults import StorageFaults
        room = self.directory / "count"
        room.mkdir()
        faults = StorageFaults(room)
        gateway = Gateway(room, self.config(room), faults.environment)
        try:
            faults.arm()
            acknowledged, refused = self.offer(gateway, [f"count-{i}@example.org" for i in range(4)])
            self.await_end(gateway, acknowledged)
            if len(acknowledged) != 4 or refused:
                raise AssertionError("the load itself fails")
            return faults.calls
        finally:
            gateway.kill()

    def strike(self, at, mode, number):
        from harness import Gateway, wait_for
        from storage_faults import StorageFaults
        name = f"{mode}-{errno.errorcode[number]}-{at}"
        room = self.directory / name
        room.mkdir()
        faults = StorageFaults(room)
        gateway = Gateway(room, self.config(room), faults.environment)
        fresh = None
        try:
            faults.arm(at, mode, number)
            acknowledged, refused = self.offer(gateway, [f"{name}-{i}@example.org" for i in range(4)])
            self.await_end(gateway, acknowledged, 1)
            if mode != "kill" and gateway.process.poll() is not None:
                raise AssertionError(f"{name}: the process ended with {gateway.process.returncode}")
            faults.disarm()
            gateway.kill()
            fresh = Gateway(room, self.config(room))
            wait_for(lambda: acknowledged <= set(self.mta.recipients("smtp")), f"{name}: what was acknowledged", 30)
            wait_for(lambda: fresh.metric("stellwerk_messages", state=("ready", "attempting", "deferred", "unknown")) == 0, f"{name}: an empty queue", 30)
            if fresh.stop() != 0:
                raise AssertionError(f"{name}: the end was not clean")
            self.expect_sound(room, name)
            self.count_ghosts(refused)
        finally:
            gateway.kill()
            if fresh:
                fresh.kill()
        shutil.rmtree(room)

    def expect_sound(self, room, name):
        checked = subprocess.run([os.environ["STELLWERK"], "spool", "check", "--data", room / "data"], capture_output=True, timeout=60)
        if checked.returncode != 0:
            raise AssertionError(f"{name}: {checked.stdout.decode()}{checked.stderr.decode()}")

    def count_ghosts(self, refused):
        """A write or sync that failed may have reached the disk all the same: such a message was refused and is delivered. The client
        repeats it; only a key can tell. Counted, not a fault."""
        self.ghosts += len(refused & set(self.mta.recipients("smtp")))


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--binary", required=True)
    options.add_argument("--shim", required=True)
    options.add_argument("--sample", type=int, default=0, help="0: all")
    options.add_argument("--seed", type=int, default=1)
    arguments = options.parse_args()
    os.environ.update(STELLWERK=str(pathlib.Path(arguments.binary).resolve()), STORAGE_SHIM=str(pathlib.Path(arguments.shim).resolve()))
    directory = pathlib.Path(tempfile.mkdtemp(prefix="stellwerk-torture-"))
    torture, begun = Torture(directory), time.monotonic()
    try:
        calls = torture.count_calls()
        cases = [(at, *way) for at in range(1, calls + 1) for way in WAYS]
        if arguments.sample:
            cases = random.Random(arguments.seed).sample(cases, min(arguments.sample, len(cases)))
        for number, case in enumerate(cases):
            torture.strike(*case)
            if (number + 1) % 50 == 0:
                print(f"{number + 1} of {len(cases)}, {time.monotonic() - begun:.0f} s", flush=True)
    finally:
        torture.mta.kill()
    shutil.rmtree(directory, ignore_errors=True)
    print(f"{len(cases)} faults at {calls} storage calls, {time.monotonic() - begun:.0f} s: nothing acknowledged was lost; "
          f"{torture.ghosts} messages were refused and stored all the same")


if __name__ == "__main__":
    main()
