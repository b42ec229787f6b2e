#!/usr/bin/python3
"""A restart with a deep queue: when does it accept, when does it deliver, how much memory does it take, and does each message
arrive once. Fills the queue through the SMTP door while the MTA is away.

    restart.py --binary B --messages 100000        prints the figures
    restart.py --binary B --messages 3000          as CI does: every message once, nothing lost
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

OPEN_STATES = ("ready", "attempting", "deferred", "unknown", "scheduled")


class Sink:
    """Postfix's smtp-sink: quick, and counts."""

    def __init__(self, port):
        self.process = subprocess.Popen(["smtp-sink", "-u", "nobody", "-c", f"127.0.0.1:{port}", "1024"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.text = b""
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        while piece := os.read(self.process.stdout.fileno(), 65536):
            self.text = self.text[-64:] + piece

    def taken(self):
        numbers = re.findall(rb"\d+", self.text)
        return max((int(n) for n in numbers), default=0)

    def stop(self):
        self.process.terminate()
        self.process.wait()


def resident_mb(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024, int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


def queued(gateway):
    return gateway.metric("stellwerk_messages", state=OPEN_STATES)


def fill(gateway, count):
    begun = time.monotonic()
    subprocess.run(["smtp-source", "-s", "40", "-l", "2048", "-m", str(count), "-f", "from@source.test", "-t", "to@sink.test",
                    f"127.0.0.1:{gateway.smtp_port}"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - begun


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--binary", required=True)
    options.add_argument("--messages", type=int, default=100_000)
    options.add_argument("--no-delivery", action="store_true", help="only the start: the queue is not emptied")
    arguments = options.parse_args()
    os.environ["STELLWERK"] = str(pathlib.Path(arguments.binary).resolve())
    from harness import Gateway, config, free_port, message, send, wait_for
    directory, port, count = pathlib.Path(tempfile.mkdtemp(prefix="stellwerk-restart-")), free_port(), arguments.messages
    text = config(port, "http://127.0.0.1:1", routes='\n    - {name: all, via: [onprem]}', mta_extra=", connections: 20")
    gateway, sink = Gateway(directory, text), None
    try:
        took = fill(gateway, count)
        wait_for(lambda: queued(gateway) == count, "the queue to be full")
        print(f"{count} messages queued in {took:.1f} s, {count / took:.0f}/s; {resident_mb(gateway.process)[0]:.0f} MB resident", flush=True)
        gateway.kill()
        if not arguments.no_delivery:
            sink = Sink(port)
        begun = time.monotonic()
        gateway = gateway.restart()
        listening = time.monotonic() - begun
        wait_for(lambda: gateway.get("/readyz")[0] == 200, "readiness")
        ready, (resident, _) = time.monotonic() - begun, resident_mb(gateway.process)
        send(gateway.smtp_port, message("Rechnung", to="new@sink.test"))
        print(f"listening after {listening:.2f} s, ready after {ready:.2f} s with {resident:.0f} MB resident, accepted after {time.monotonic() - begun:.2f} s", flush=True)
        if sink:
            wait_for(lambda: sink.taken() > 0, "the first delivery")
            print(f"delivering after {time.monotonic() - begun:.2f} s", flush=True)
            wait_for(lambda: queued(gateway) == 0, "the queue to empty", 60 + count / 200)
            took = time.monotonic() - begun
            print(f"all delivered after {took:.1f} s, {count / took:.0f}/s; {resident_mb(gateway.process)[1]:.0f} MB resident at most")
            wait_for(lambda: sink.taken() >= count + 1, "the sink to print its last number")
            if sink.taken() != count + 1:
                sys.exit(f"{sink.taken()} deliveries of {count + 1} messages")
    finally:
        gateway.kill()
        if sink:
            sink.stop()
    shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
