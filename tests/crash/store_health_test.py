"""The real binary on a disk that is full, fails or has no descriptors left: what clients are told, readiness, recovery, and that
nothing acknowledged is lost. Faults come from the storage shim, from a tmpfs in a mount namespace of its own, from limits."""
import errno
import os
import pathlib
import signal
import smtplib
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from collect import until_idle
from harness import Case, Gateway, config, main, message, send, token_hash, wait_for
from storage_faults import StorageFaults
from grpc_modules import pb, rpc

import grpc

CLIENTS = '  - {name: load, tenant: acme, token_hash: {env: LOAD_TOKEN}, senders: ["@shop.example"]}'
LARGE = "Zeile\n" * 4000


class StoreCase(Case):
    def setUp(self):
        super().setUp()
        self.mta = self.simulate("mta")
        self.esp = self.simulate("esp")
        self.text = config(self.mta.smtp_port, self.esp.url, clients=CLIENTS, extra_policy="  unknown_wait: {smtp: 200ms, api: 200ms}").replace(
            "data_directory: ./data", f"data_directory: {self.directory}/data")
        self.text = self.text.replace("{name: legacy, networks", "{name: legacy, tenant: acme, networks")  # one tenant: one ledger to read
        self.environment = {"LOAD_TOKEN": token_hash("load-token")}

    def open(self, environment=None):
        return self.own(Gateway(self.directory, self.text, {**self.environment, **(environment or {})}))

    def smtp_answer(self, gateway, **fields):
        mail = message("Rechnung", **fields)
        with smtplib.SMTP("127.0.0.1", gateway.smtp_port, timeout=30) as client:
            try:
                client.sendmail("shop@shop.example", [mail["To"]], mail.as_bytes(policy=mail.policy.clone(linesep="\r\n")))
                return 250, ""
            except smtplib.SMTPRecipientsRefused as failure:
                code, text = next(iter(failure.recipients.values()))
            except smtplib.SMTPResponseException as failure:
                code, text = failure.smtp_code, failure.smtp_error
        return code, text.decode()

    def grpc_code(self, gateway):
        channel = grpc.insecure_channel("127.0.0.1:%d" % gateway.addresses["grpc"][1])
        try:
            submission = pb.Submission(raw=b"From: shop@shop.example\r\nTo: g@example.org\r\nSubject: x\r\n\r\nx\r\n",
                                       envelope=pb.Envelope(reverse_path="shop@shop.example", recipients=["g@example.org"]))
            rpc.SubmissionServiceStub(channel).Submit(pb.SubmitRequest(submission=submission), timeout=20,
                                                      metadata=[("authorization", "Bearer load-token")])
            return "OK"
        except grpc.RpcError as failure:
            return failure.code().name
        finally:
            channel.close()

    def send_when_taken(self, gateway, **fields):
        """The doors learn a moment after readiness that there is room again."""
        wait_for(lambda: self.smtp_answer(gateway, **fields)[0] == 250, "mail to be taken again", 30)

    def expect_failed(self, gateway):
        code, text = self.smtp_answer(gateway)
        self.assertEqual(code, 451, text)
        self.assertIn("4.3.0", text)
        self.assertEqual(self.grpc_code(gateway), "UNAVAILABLE")
        status, body = gateway.get("/readyz")
        self.assertEqual(status, 503)
        self.assertIn("store_failed", body)
        self.assertEqual(gateway.metric("stellwerk_store_writable"), 0)

    def told_of(self, gateway, queue_id):
        """What the event stream tells of a message's attempts: recipient, outcome, state."""
        with grpc.insecure_channel("127.0.0.1:%d" % gateway.addresses["grpc"][1]) as channel:
            call = rpc.SubmissionServiceStub(channel).WatchEvents(pb.WatchEventsRequest(), metadata=[("authorization", "Bearer load-token")])
            events = [answer.event for answer in until_idle(call, 1.0)]
            call.cancel()
        return [(e.recipient, e.outcome, pb.RecipientState.State.Name(e.state)) for e in events if e.queue_id == queue_id and e.outcome]

    def cpu_seconds(self, gateway):
        fields = pathlib.Path(f"/proc/{gateway.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def served(self, wrapper, text):
        """A gateway that a shell prepares and becomes: `exec "$0" serve --config FILE` ends the wrapper."""
        gateway = Gateway.__new__(Gateway)
        gateway.directory, gateway.name = self.directory, "gateway"
        gateway.config_path = self.directory / "stellwerk.yaml"
        gateway.config_path.write_text(text)
        gateway.environment = {"MJ_PUBLIC": "public-key", "MJ_PRIVATE": "private-key", **self.environment}
        super(Gateway, gateway).__init__([*wrapper, os.environ["STELLWERK"]], self.directory / "gateway.log", gateway.environment)
        gateway.wait_listening("admin", "legacy", "grpc")
        return self.own(gateway)


class StoreHealth(StoreCase):
    def check_failed_sync(self, number, **fields):
        """A failed sync is not tried again: refused until the restart, also when the disk works again."""
        faults = StorageFaults(self.directory)
        gw = self.open(faults.environment)
        kept = send(gw.smtp_port, message("Rechnung", to="kept@example.org"))
        gw.wait_state(kept, "delivered")
        faults.arm(1, "once", number, kinds=("sync",))
        code, text = self.smtp_answer(gw, **fields)
        self.assertEqual((code, text[:5]), (451, "4.3.0"))
        self.assertEqual(faults.failed, 1)
        faults.disarm()
        self.expect_failed(gw)
        self.assertIsNone(gw.process.poll(), "it goes on and says so")
        gw.kill()
        gw = self.own(gw.restart())
        self.assertEqual(gw.get("/readyz")[0], 200)
        gw.wait_state(kept, "delivered")
        gw.wait_state(send(gw.smtp_port, message("Rechnung")), "delivered")

    def test_p162_a_failed_sync_of_the_log(self):
        self.check_failed_sync(errno.EIO)

    def test_p162_a_failed_sync_of_a_segment(self):
        self.check_failed_sync(errno.EIO, body=LARGE)

    def test_p162_a_sync_without_space_is_a_failed_sync(self):
        self.check_failed_sync(errno.ENOSPC)

    def test_p163_no_space_for_writes_then_space_again(self):
        faults = StorageFaults(self.directory)
        gw = self.open(faults.environment)
        self.mta.faults([{"door": "smtp", "stage": "dot", "match": {"recipient": "slow*"}, "do": "slow", "delay": "1s"}])
        before = send(gw.smtp_port, message("Rechnung", to="slow@example.org"))
        faults.arm(1, "forever", errno.ENOSPC, kinds=("write", "open"))
        code, text = self.smtp_answer(gw)
        self.assertEqual((code, text[:5]), (452, "4.3.1"))
        self.assertEqual(self.grpc_code(gw), "RESOURCE_EXHAUSTED")
        wait_for(lambda: "store_full" in gw.get("/readyz")[1], "readiness to say store_full")
        wait_for(lambda: "slow@example.org" in self.mta.recipients("smtp"), "the delivery in flight to end")
        faults.disarm()
        wait_for(lambda: gw.get("/readyz")[0] == 200, "the store to recover by itself", 30)
        gw.wait_state(before, "delivered")
        self.send_when_taken(gw, body=LARGE)
        self.assertEqual(self.mta.recipients("smtp").count("slow@example.org"), 1)

    def on_tmpfs(self, options):
        """A gateway whose data lies on a tmpfs only it can see; the path by which we reach it."""
        room = self.directory / "room"
        room.mkdir()
        script = f'mount -t tmpfs -o {options} none {room} && exec "$0" serve --config {self.directory}/stellwerk.yaml'
        gateway = self.served(["unshare", "-rm", "sh", "-c", script], self.text.replace(f"{self.directory}/data", f"{room}/data"))
        return gateway, pathlib.Path(f"/proc/{gateway.process.pid}/root{room}")

    def test_p163_a_full_file_system_then_room_again(self):
        gw, room = self.on_tmpfs("size=96m")
        kept = send(gw.smtp_port, message("Rechnung", to="kept@example.org"))
        gw.wait_state(kept, "delivered")
        with open(room / "filler", "wb") as filler:
            try:
                while True:
                    filler.write(bytes(1 << 20))
                    filler.flush()
            except OSError as failure:
                self.assertEqual(failure.errno, errno.ENOSPC)
        wait_for(lambda: self.smtp_answer(gw, body=LARGE)[0] == 452, "452 on a full disk")
        self.assertEqual(self.grpc_code(gw), "RESOURCE_EXHAUSTED")
        wait_for(lambda: gw.get("/readyz")[0] == 503, "readiness to fall")
        (room / "filler").unlink()
        wait_for(lambda: gw.get("/readyz")[0] == 200, "the store to recover by itself", 30)
        self.send_when_taken(gw, body=LARGE)
        gw.wait_state(kept, "delivered")

    def test_p163_no_inodes_then_some_again(self):
        gw, room = self.on_tmpfs("size=96m,nr_inodes=80")
        fillers = []
        with self.assertRaises(OSError) as caught:
            while True:
                fillers.append(room / f"filler-{len(fillers)}")
                fillers[-1].touch()
        self.assertEqual(caught.exception.errno, errno.ENOSPC)
        codes = {self.smtp_answer(gw, to=f"n{i}@example.org", body=LARGE)[0] for i in range(3)}
        self.assertLessEqual(codes, {250, 452}, "a first body needs a file: told to come later, or stored")
        self.assertIn(452, codes)
        for one in fillers[:-1]:
            one.unlink()
        wait_for(lambda: gw.get("/readyz")[0] == 200, "the store to recover by itself", 30)
        self.send_when_taken(gw, to="again@example.org", body=LARGE)
        wait_for(lambda: "again@example.org" in self.mta.recipients("smtp"), "its delivery")

    def test_p170_no_descriptors_left_then_some_again(self):
        first = self.open()
        used = len(os.listdir(f"/proc/{first.process.pid}/fd"))
        self.assertEqual(first.stop(), 0)
        script = f'ulimit -n {used + 16} && exec "$0" serve --config {self.directory}/stellwerk.yaml'
        gw = self.served(["sh", "-c", script], self.text)
        waiting = []
        for _ in range(40):
            one = socket.create_connection(("127.0.0.1", gw.smtp_port), 5)
            waiting.append(one)
        ticks = self.cpu_seconds(gw)
        begun = time.monotonic()
        wait_for(lambda: time.monotonic() - begun > 1, "a second to pass")
        spent = self.cpu_seconds(gw) - ticks
        self.assertLess(spent / (time.monotonic() - begun), 0.5, "a loop that cannot accept must not spin")
        for one in waiting:
            one.close()
        wait_for(lambda: self.takes_mail(gw), "mail to be taken again")

    def takes_mail(self, gateway):
        try:
            return self.smtp_answer(gateway)[0] == 250
        except (OSError, smtplib.SMTPException):
            return False


    def test_bodies_of_deferred_mail_do_not_pin_the_disk(self):
        """The bound of FORMAT.md: all segments together take at most twice the live bytes and two segments."""
        segment = 1_000_000
        self.text += f"spool: {{segment_bytes: {segment}}}\n"
        self.mta.faults([{"door": "smtp", "stage": "rcpt", "match": {"recipient": "later*"}, "do": "reply", "reply": "450 4.2.0 later"}])
        gw = self.open()
        body = "Zeile\n" * 7000
        for number in range(200):
            send(gw.smtp_port, message("Rechnung", to=f"{'later' if number % 10 == 0 else 'plain'}-{number}@example.org", body=body))
        wait_for(lambda: gw.metric("stellwerk_dispositions_total", state="delivered") == 180, "the deliveries")

        def on_disk():
            return sum(file.stat().st_size for file in (self.directory / "data" / "segments").glob("*.seg"))
        live = 20 * len(body)
        wait_for(lambda: on_disk() <= 2 * live * 1.02 + 2 * segment, "sparse segments to be copied", 30)
        self.assertGreaterEqual(on_disk(), live, "what is deferred is there")
        self.assertGreater(gw.metric("stellwerk_segment_copied_bytes_total"), 0)
        self.mta.faults([])
        rows = gw.call("QueueService/ListMessages", {"state": "deferred", "pageSize": 1000})["recipients"]
        self.assertEqual(len(rows), 20)
        gw.call("QueueService/RetryMessages", {"queueIds": [row["queueId"] for row in rows], "reason": "test"})
        wait_for(lambda: len(self.mta.recipients("smtp")) == 200, "the copied bodies to be delivered")
        sizes = {row["body_sha256"] for row in self.mta.records("smtp")}
        self.assertEqual(len(sizes), 1, "every body is whole")
        self.assertEqual(gw.stop(), 0)
        checked = subprocess.run([os.environ["STELLWERK"], "spool", "check", "--data", self.directory / "data"], capture_output=True, timeout=60)
        self.assertEqual(checked.returncode, 0, checked.stdout)


class Endings(StoreCase):
    def test_p168_a_message_that_three_crashes_met_is_set_aside_and_others_flow(self):
        self.mta.faults([{"door": "smtp", "stage": "dot", "match": {"recipient": "poison*"}, "do": "stall"}])
        gw = self.open()
        poison = send(gw.smtp_port, message("Rechnung", to="poison@example.org"))
        for round_number in range(3):
            wait_for(lambda: gw.state(poison) == "attempting", "the attempt to be in flight")
            wait_for(lambda: len(self.mta.records("smtp")) > round_number, "the message to be at the sink")
            gw.kill()
            gw = self.own(gw.restart())
        gw.wait_state(poison, "dead_lettered")
        gw.wait_state(send(gw.smtp_port, message("Rechnung", to="other@example.org")), "delivered")
        self.assertEqual(gw.metric("stellwerk_poison_total"), 1)
        cut_off = ("poison@example.org", "unknown", "STATE_UNKNOWN")
        self.assertEqual(self.told_of(gw, poison), [cut_off, cut_off, ("poison@example.org", "unknown", "STATE_DEAD_LETTERED")],
                         "the client is told of attempts that a crash cut off, and of the end")

    def test_p202_a_post_in_flight_is_waited_for(self):
        self.esp.faults([{"door": "mailjet", "stage": "response", "do": "slow", "delay": "2s"}])
        gw = self.open()
        letter = message("Newsletter", to="ann@example.org", X_Stellwerk_Stream="marketing")
        queued = send(gw.smtp_port, letter)
        wait_for(lambda: self.esp.records("mailjet"), "the request to be at the ESP")
        self.assertEqual(gw.stop(30), 0)
        gw = self.own(gw.restart())
        gw.wait_state(queued, "delivered")
        self.assertEqual(len(self.esp.records("mailjet")), 1)

    def test_p202_a_second_sigterm_ends_at_once_and_what_was_cut_is_unknown_then_found(self):
        self.esp.faults([{"door": "mailjet", "stage": "response", "do": "stall"}])
        gw = self.open()
        queued = send(gw.smtp_port, message("Newsletter", to="ann@example.org", X_Stellwerk_Stream="marketing"))
        wait_for(lambda: self.esp.records("mailjet"), "the request to be at the ESP")
        gw.process.send_signal(signal.SIGTERM)
        wait_for(lambda: gw.log_events("draining"), "the drain to begin")
        gw.process.send_signal(signal.SIGTERM)
        begun = time.monotonic()
        self.assertEqual(gw.process.wait(20), 0)
        self.assertLess(time.monotonic() - begun, 15, "far from the 25 s of a drain")
        self.esp.faults([])
        gw = self.own(gw.restart())
        gw.wait_state(queued, "delivered")
        self.assertEqual(len(self.esp.records("mailjet")), 1, "found by its CustomID, not sent again")

    def test_p173_sigterm_refuses_new_work_and_ends_what_is_open(self):
        self.mta.faults([{"door": "smtp", "stage": "dot", "match": {"recipient": "slow*"}, "do": "slow", "delay": "1500ms"}])
        gw = self.open()
        queued = send(gw.smtp_port, message("Rechnung", to="slow@example.org"))
        idle = smtplib.SMTP("127.0.0.1", gw.smtp_port, timeout=20)
        idle.ehlo("app.example")
        gw.process.send_signal(signal.SIGTERM)
        wait_for(lambda: gw.log_events("draining"), "the drain to begin")
        try:
            code, text = idle.docmd("MAIL FROM:<shop@shop.example>")
            self.assertEqual((code, text[:5]), (421, b"4.3.2"))
        except smtplib.SMTPServerDisconnected:
            self.fail("closed without a word")
        self.assertEqual(gw.process.wait(30), 0)
        gw = self.own(gw.restart())
        gw.wait_state(queued, "delivered")
        self.assertEqual(self.mta.recipients("smtp"), ["slow@example.org"])


if __name__ == "__main__":
    main()
