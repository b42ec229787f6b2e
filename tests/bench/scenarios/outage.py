"""outage: what a first choice that dies, slows down or refuses costs: when it is out, what mail waits, what is spent on it.

Transactional mail at a steady rate, each message timed from its 250 until a stand-in has it; a quiet time first, then the trouble.
`out_s` is when the destination's state changed, `extra_p99_ms` the p99 of the hand-over of messages that came in the trouble over the quiet one,
`spent` the messages offered to it after it was out (those under way at that moment were offered before), `amplification` attempts per message.
"""
import datetime
import json
import math
import signal
import smtplib
import threading
import time
import urllib.request

import machine
import report
from gateway_process import OPEN_STATES, OPENING, Simulate

CONFIGURATION = OPENING + """
destinations:
  onprem: {{adapter: smtp, hosts: ["127.0.0.1:{mta}"], zone: on_prem}}
  mailjet: {{adapter: mailjet, url: "{esp}/mailjet", api_key: {{env: BENCH_PUBLIC}}, secret_key: {{env: BENCH_PRIVATE}}, zone: eu, allow_private_address: true}}
policy:
  routes:
    - {{name: everything, via: [{first}, {second}]}}
"""
MTA, ESP = "onprem", "mailjet"


def reply(stage, text, **more):
    return {"stage": stage, "do": "reply", "reply": text, **more}


NOBODY_THERE = [{"stage": "mail", "do": "close"}, {"stage": "greeting", "do": "close"}]
FLAP_SECONDS = 10  # bad, then as long good, and so on
LASTING = {"denied": 600, "flapping": 300}
# name: (the first choice, its faults or what is done to it, whom the trouble is about)
CASES = {
    "dead": (MTA, "kill", None),
    "silent": (MTA, [{"stage": "mail", "do": "close"}, {"stage": "greeting", "do": "stall"}], None),
    "frozen": (MTA, "stop", None),
    "brown-out": (ESP, [reply("request", '503 {"ErrorMessage":"busy","StatusCode":503}', ratio=0.3), {"stage": "request", "do": "slow", "delay": "30s"}], None),
    "flapping": (MTA, "flap", None),
    "account": (ESP, [reply("request", '401 {"ErrorMessage":"no","StatusCode":401}')], None),
    "throttled": (ESP, [reply("request", '429 {"ErrorMessage":"slow down","StatusCode":429}')], None),
    "sender": (MTA, [reply("mail", "550 5.7.1 sender not verified", match={"from": "new@unverified.test"})], "new@unverified.test"),
    "poison": (MTA, [reply("dot", "554 5.6.0 not like this", match={"header": "X-Poison: *"})], "poison"),
    "denied": (MTA, [reply("rcpt", "554 5.7.1 relay access denied")], None),
}


def arguments(group):
    group.add_argument("--outages", help=f"cases, by comma, of {', '.join(CASES)} (default all)")
    group.add_argument("--quiet-seconds", type=float, help="before the trouble (default 30)")
    group.add_argument("--trouble-seconds", type=float, help="how long it lasts (default 60; `flapping` 300, `denied` 600)")
    group.add_argument("--outage-rate", type=float, help="messages a second (default 20)")


class StandIn(Simulate):
    def __init__(self, bench, name):
        folder = bench.folder(name)
        self.record, self.steady, self.flapping = folder / "record", threading.Event(), None
        super().__init__(bench.binary, folder, "--record", self.record)

    def faults(self, rules):
        urllib.request.urlopen(urllib.request.Request(self.url + "/faults", json.dumps(rules).encode(), method="POST"), timeout=10).read()

    def trouble(self, what):
        if what == "kill":
            self.process.kill()
        elif what == "stop":
            self.process.send_signal(signal.SIGSTOP)
        elif what == "flap":
            self.faults(NOBODY_THERE)
            self.flapping = threading.Thread(target=self.alternate, daemon=True)
            self.flapping.start()
        else:
            self.faults(what)

    def alternate(self):
        bad = True
        while not self.steady.wait(FLAP_SECONDS):
            bad = not bad
            self.faults(NOBODY_THERE if bad else [])

    def end_flapping(self):
        self.steady.set()
        if self.flapping:
            self.flapping.join()

    def recover(self, what):
        self.end_flapping()
        if what == "stop":
            self.process.send_signal(signal.SIGCONT)
        elif what != "kill":
            self.faults([])

    def arrivals(self):
        """{recipient: seconds since the epoch} of what it took."""
        rows = [json.loads(line) for line in self.record.read_text().splitlines() if line.endswith("}")]
        return {r: datetime.datetime.fromisoformat(row["at"].replace("Z", "+00:00")).timestamp()
                for row in rows if row["verdict"] == "accepted" for r in row["recipients"]}

    def stop(self):
        self.end_flapping()
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()


class Mail(threading.Thread):
    """Numbered messages at a rate; `sent` says when each had its 250. `special` makes every tenth one of those the trouble is about."""

    def __init__(self, port, rate):
        super().__init__(daemon=True)
        self.port, self.rate, self.sent, self.special, self.ended = port, rate, {}, None, False

    def run(self):
        with smtplib.SMTP("127.0.0.1", self.port, timeout=60) as client:
            client.ehlo("bench.test")
            begun, number = time.monotonic(), 0
            while not self.ended:
                time.sleep(max(0, begun + number / self.rate - time.monotonic()))
                special = self.special if self.special and number % 10 == 0 else ""
                sender = special if "@" in special else "shop@source.test"
                name = f"{'special' if special else 'm'}{number}@d{number % 5}.test"
                fields = f"From: {sender}\r\nTo: {name}\r\nSubject: s\r\nX-Stellwerk-Stream: transactional\r\n" + ("X-Poison: yes\r\n" if special == "poison" else "")
                client.sendmail(sender, [name], fields + "\r\ntext\r\n")
                self.sent[name] = time.time()
                number += 1


class Watch(threading.Thread):
    """When the state of the destination left `closed`, what it had been offered by then, and which states it had."""

    def __init__(self, gateway, name):
        super().__init__(daemon=True)
        self.gateway, self.name, self.states, self.left, self.offered, self.ended = gateway, name, [], None, 0, False

    def run(self):
        while not self.ended:
            # Asked in this order: an attempt that ends in between is missing from what was offered before, never too many.
            over = attempts(self.gateway, self.name)
            now = next(d for d in self.gateway.call("DestinationService/ListDestinations")["destinations"] if d["name"] == self.name)
            if self.states[-1:] != [now["state"]]:
                self.states.append(now["state"])
                if now["state"] != "closed" and self.left is None:
                    self.left, self.offered = time.time(), over + now.get("inFlight", 0)
            time.sleep(0.02)

    def spent(self):
        return max(0, int(attempts(self.gateway, self.name) - self.offered)) if self.left else 0

    def stop(self):
        self.ended = True
        if self.ident:
            self.join()


def attempts(gateway, destination=None):
    return sum(v for k, v in gateway.metrics("stellwerk_attempts_total").items() if destination is None or f'destination="{destination}"' in k)


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, math.floor(share * len(values)))] if values else None


def one_case(bench, name, quiet, lasting, rate):
    first, trouble, special = CASES[name]
    stand_ins = {MTA: StandIn(bench, "mta"), ESP: StandIn(bench, "esp")}
    gateway = bench.gateway(CONFIGURATION.format(mta=stand_ins[MTA].addresses["smtp"][1], esp=stand_ins[ESP].url, first=first,
                                                 second=ESP if first == MTA else MTA))
    mail, watch, noise, cpu = Mail(gateway.addresses["door"][1], rate), Watch(gateway, first), machine.Noise(), gateway.cpu()
    try:
        mail.start()
        time.sleep(quiet)
        watch.start()
        time.sleep(0.2)
        before, counted = time.time(), attempts(gateway)
        stand_ins[first].trouble(trouble)
        mail.special = special
        time.sleep(max(0, before + lasting - time.time()))
        spent, out_for = watch.spent(), time.time() - (watch.left or time.time())
        mail.ended = True
        mail.join(90)
        made = attempts(gateway) - counted
        bounced = sum(v for k, v in gateway.metrics("stellwerk_dispositions_total").items() if 'state="bounced"' in k)
        stand_ins[first].recover(trouble)
        # One that the first choice took and died on before it said so waits for it: nobody knows whether it has been delivered.
        moving = [state for state in OPEN_STATES if state != "unknown"]
        end = time.monotonic() + 900
        while gateway.queued(moving if trouble == "kill" else OPEN_STATES) and time.monotonic() < end:
            time.sleep(0.2)
        unknown = {one["recipient"]["address"] for one in gateway.call("QueueService/ListMessages", {"state": "unknown", "page_size": 1000}).get("recipients", [])}
        arrived = {**stand_ins[MTA].arrivals(), **stand_ins[ESP].arrivals()}
        ordinary = {n: at for n, at in mail.sent.items() if n.startswith("m")}
        waits = {n: 1000 * (arrived[n] - at) for n, at in ordinary.items() if n in arrived}
        usual = [w for n, w in waits.items() if ordinary[n] < before - 1]
        during = [w for n, w in waits.items() if ordinary[n] >= before]
        later = sum(at >= before for at in mail.sent.values())
        bench.record({"case": name, "first": first, "messages": later, "missing": sum(n not in waits and n not in unknown for n in ordinary), "unknown": len(unknown),
                      "out_s": watch.left - before if watch.left else None, "states": " ".join(watch.states),
                      "extra_p50_ms": percentile(during, 0.5) - percentile(usual, 0.5), "extra_p99_ms": percentile(during, 0.99) - percentile(usual, 0.99),
                      "spent": spent, "probe_intervals": int(out_for / 5) + 1, "amplification": made / max(later, 1), "bounced": int(bounced),
                      **noise.row(gateway.cpu() - cpu)})
    finally:
        mail.ended = True
        watch.stop()
        gateway.kill()
        for one in stand_ins.values():
            one.stop()


def run(bench, options):
    for name in (options.outages or ",".join(CASES)).split(","):
        for _ in range(bench.runs):
            one_case(bench, name, options.quiet_seconds or 30, options.trouble_seconds or LASTING.get(name, 60), options.outage_rate or 20)


def tables(rows):
    keys = ["messages", "out_s", "extra_p50_ms", "extra_p99_ms", "spent", "probe_intervals", "amplification", "bounced", "missing"]
    lines = []
    for name in dict.fromkeys(r["case"] for r in rows):
        mine = [r for r in rows if r["case"] == name]
        lines.append([name, mine[0]["first"], mine[0]["states"], *(report.spread(mine, k) for k in keys)])
    return report.table(["case", "first choice", "states", *(k.replace("_", " ") for k in keys)], lines)


def complete(rows):
    return bool(rows) and all(r["missing"] == 0 for r in rows)
