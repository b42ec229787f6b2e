"""What was acknowledged is there after a kill, and at no second destination; reloads drop nobody."""
import random
import re
import signal
import smtplib
import subprocess
import threading
import time
import unittest

from harness import Case, config, free_port, main, message, send, wait_for


class Durability(Case):
    def test_kill_with_mail_in_every_state_loses_nothing(self):
        sink = self.simulate("sink")
        esp = self.simulate("esp")
        text = config(sink.smtp_port, esp.url, extra_policy="""  retry: {transactional: {first: 1s, factor: 1, max: 2s, lifetime: 24h}}
  unknown_wait: {smtp: 1s, api: 1s}""")
        sink.faults([{"door": "smtp", "stage": "rcpt", "match": {"recipient": "slow*"}, "do": "slow", "delay": "300ms"},
                     {"door": "smtp", "stage": "rcpt", "match": {"recipient": "later*"}, "do": "reply", "reply": "450 4.2.0 later", "ratio": 0.5},
                     {"door": "smtp", "stage": "dot", "match": {"recipient": "lost*"}, "do": "accept_then_close", "ratio": 0.5}])
        gw = self.gateway(text)
        acknowledged, lock, stop = {}, threading.Lock(), threading.Event()
        current = {"gateway": gw}
        rng = random.Random(7)

        def load(worker):
            n = 0
            while not stop.is_set():
                n += 1
                to = f"{('plain', 'slow', 'later', 'lost')[n % 4]}-{worker}-{n}@example.org"
                try:
                    queue_id = send(current["gateway"].smtp_port, message("Rechnung", to=to))
                except (OSError, smtplib.SMTPException, KeyError):
                    time.sleep(0.05)
                    continue
                with lock:
                    acknowledged[to] = queue_id
        workers = [threading.Thread(target=load, args=(w,)) for w in range(4)]
        for w in workers:
            w.start()
        for _ in range(4):
            time.sleep(0.8 + rng.random())
            current["gateway"].kill()
            current["gateway"] = self.own(current["gateway"].restart())
        time.sleep(1)
        stop.set()
        for w in workers:
            w.join()
        sink.faults([])
        gw = current["gateway"]
        self.assertGreater(len(acknowledged), 50)

        def drained():
            return gw.metric("stellwerk_messages", state=("ready", "attempting", "deferred", "unknown", "scheduled")) == 0
        wait_for(drained, "the queue to drain", limit=90)
        seen = sink.recipients("smtp")
        elsewhere = set(esp.recipients("mailjet"))
        missing = set(acknowledged) - set(seen) - elsewhere
        # In flight at three kills in a row is poison: dead-lettered and told, not lost. Anything else is a loss.
        for to in missing:
            gw.wait_state(acknowledged[to], "dead_lettered")
        # Two destinations only where the first certainly did not take it.
        self.assertEqual(set(seen) & elsewhere, set(), "at two destinations")

    def test_source_to_sink_while_reloading(self):
        port, count = free_port(), 20000
        sink = subprocess.Popen(["smtp-sink", "-u", "nobody", "-c", f"127.0.0.1:{port}", "1024"], stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)
        esp = self.simulate("esp")
        seen = []
        reader = threading.Thread(target=lambda: seen.extend(re.split(rb"[\r\n]", sink.stdout.read())), daemon=True)
        reader.start()
        try:
            gw = self.gateway(config(port, esp.url, mta_extra=", connections: 16"))
            source = subprocess.Popen(["smtp-source", "-s", "20", "-l", "2048", "-m", str(count), "-f", "from@source.test",
                                       "-t", "to@sink.test", f"127.0.0.1:{gw.smtp_port}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            reloads = 0
            while source.poll() is None:
                gw.reload()
                reloads += 1
                time.sleep(0.2)
            self.assertEqual(source.returncode, 0, source.stdout.read().decode(errors="replace"))
            self.assertGreater(reloads, 3)
            wait_for(lambda: gw.metric("stellwerk_dispositions_total", state="delivered") == count, "all of it to be delivered", limit=180)
            self.assertEqual(gw.metric("stellwerk_submissions_total", verdict="accepted"), count)
            self.assertEqual(esp.records(), [])
            self.assertGreaterEqual(gw.metric("stellwerk_policy_reloads_total", result="accepted"), 3)
        finally:
            sink.terminate()
            sink.wait()
            reader.join(10)
        # smtp-sink's counter: the last number it printed is how many messages it took, each once.
        numbers = [int(x) for x in re.findall(rb"\d+", b" ".join(seen))]
        self.assertEqual(max(numbers), count)

    def test_sigterm_drains_and_keeps_the_rest(self):
        sink = self.simulate("sink")
        esp = self.simulate("esp")
        gw = self.gateway(config(sink.smtp_port, esp.url))
        sink.faults([{"door": "smtp", "stage": "rcpt", "do": "slow", "delay": "1s"}])
        ids = [send(gw.smtp_port, message("Rechnung", to=f"d{i}@example.org")) for i in range(30)]
        self.assertEqual(gw.stop(limit=30), 0)
        gw = self.own(gw.restart())
        for queue_id in ids:
            gw.wait_state(queue_id, "delivered")
        self.assertEqual(sorted(sink.recipients("smtp")), sorted(f"d{i}@example.org" for i in range(30)), "each once")

    def test_a_second_process_refuses_the_directory(self):
        sink = self.simulate("sink")
        gw = self.gateway(config(sink.smtp_port, sink.url))
        second = subprocess.run([gw.arguments[0], "serve", "--config", gw.config_path], capture_output=True, timeout=30,
                                env={**__import__("os").environ, **gw.environment})
        self.assertEqual(second.returncode, 3, second.stderr)
        self.assertIn(b"locked", second.stderr)
        gw.wait_state(send(gw.smtp_port, message("Rechnung")), "delivered")

    def test_keyed_message_split_by_a_local_postfix_is_delivered_to_both(self):
        sink = self.simulate("sink")
        gw = self.gateway(config(sink.smtp_port, sink.url))
        # One recipient per transaction, as a local MTA with such a limit would do.
        local = self.postfix(gw.smtp_port, extra="smtp_destination_recipient_limit = 1\nrelay_destination_recipient_limit = 1\n"
                             "default_destination_recipient_limit = 1")
        mail = message("Rechnung", X_Stellwerk_Idempotency_Key="invoice-1")
        with smtplib.SMTP("127.0.0.1", local.port, timeout=30) as client:
            client.sendmail("shop@shop.example", ["ann@example.org", "bob@example.org"], mail.as_bytes())
        wait_for(lambda: sorted(sink.recipients("smtp")) == ["ann@example.org", "bob@example.org"], "both to be delivered")
        self.assertEqual(len(sink.recipients("smtp")), 2)


if __name__ == "__main__":
    main()
