"""The gRPC door from outside, by Debian's Python client: structured mail, keys, streams, events, cancellation, identity."""
import concurrent.futures
import email
import email.policy
import pathlib
import queue
import threading
import time

import grpc

from grpc_modules import pb, rpc, status_pb
from harness import BINARY, ROOT, Case, Process, Simulate, config, main, token_hash, wait_for

CLIENTS = """  - {name: shop, tenant: acme, token_hash: {env: SHOP_TOKEN}, senders: ["@shop.example"], may_choose_stream: true}
  - {name: rival, tenant: umbrella, token_hash: {env: RIVAL_TOKEN}, senders: ["@rival.example"]}"""
TOKENS = {"SHOP_TOKEN": token_hash("shop-token"), "RIVAL_TOKEN": token_hash("rival-token")}


class KeepingSink(Simulate):
    """A stand-in that keeps each message's bytes."""

    def __init__(self, directory):
        raw = directory / "raw"
        raw.mkdir()
        self.record_path = directory / "simulate.ndjson"
        self.record_path.touch()
        Process.__init__(self, [BINARY, "simulate", "--smtp", "127.0.0.1:0", "--http", "127.0.0.1:0",
                                "--record", self.record_path, "--raw", raw], directory / "simulate.log")
        self.wait_listening("smtp", "http")


class GrpcCase(Case):
    def setUp(self):
        super().setUp()
        self.sink = self.own(KeepingSink(self.directory))
        self.open()

    def open(self, routes=None, gateway=None):
        self.running = gateway or self.gateway(config(self.sink.smtp_port, self.sink.url, routes=routes, clients=CLIENTS), environment=TOKENS)
        self.running.wait_listening("grpc")
        host, port = self.running.addresses["grpc"]
        self.channel = grpc.insecure_channel(f"{host}:{port}")
        self.addCleanup(self.channel.close)
        self.client = rpc.SubmissionServiceStub(self.channel)

    def identity(self, token="shop-token"):
        return [("authorization", f"Bearer {token}")]

    def submit(self, submission, token="shop-token", timeout=20):
        return self.client.Submit(pb.SubmitRequest(submission=submission), metadata=self.identity(token), timeout=timeout)

    def raw(self, to="ann@example.org", body="Hello.", **fields):
        content = f"From: shop@shop.example\r\nTo: {to}\r\nSubject: raw\r\n\r\n{body}\r\n"
        return pb.Submission(envelope=pb.Envelope(reverse_path="shop@shop.example", recipients=[to]), raw=content.encode(), **fields)

    def refused(self, submission, token="shop-token"):
        with self.assertRaises(grpc.RpcError) as caught:
            self.submit(submission, token)
        return caught.exception

    def get(self, queue_id, token="shop-token"):
        return self.client.GetSubmission(pb.GetSubmissionRequest(queue_id=queue_id), metadata=self.identity(token), timeout=20)

    def wait_submission(self, queue_id, state):
        wanted = pb.RecipientState.State.Value("STATE_" + state.upper())
        return wait_for(lambda: (lambda seen: seen if all(r.state == wanted for r in seen.recipients) else None)(self.get(queue_id)),
                        f"{queue_id} to be {state}")

    def delivered(self):
        return [r for row in self.sink.records("smtp") for r in row["recipients"]]


class StructuredMail(GrpcCase):
    def test_P_104_structured_mail_arrives_as_the_parts_it_was_given(self):
        """To, Cc and Bcc each get it; nobody sees Bcc."""
        mail = pb.Email(to=[pb.Mailbox(address="ann@example.org", display_name="Ann Grüße, \"A\"")],
                        cc=[pb.Mailbox(address="carl@example.org")], bcc=[pb.Mailbox(address="bea@example.org")],
                        subject="Ihre Rechnung für März ✓", text="Guten Tag\n.\nGrüße\n", html="<p>Guten Tag <img src=\"cid:logo\"></p>",
                        attachments=[pb.Attachment(filename="Rechnung März.pdf", content_type="application/pdf", content=bytes(range(256)) * 40),
                                     pb.Attachment(filename="logo.png", content_type="image/png", content=b"\x89PNG", content_id="logo")],
                        headers=[pb.HeaderField(name="X-Order", value="4711")])
        getattr(mail, "from").CopyFrom(pb.Mailbox(address="shop@shop.example", display_name="Shop"))
        answer = self.submit(pb.Submission(email=mail))
        self.assertEqual([r.recipient for r in answer.recipients], ["ann@example.org", "carl@example.org", "bea@example.org"])
        seen = self.wait_submission(answer.queue_id, "delivered")
        self.assertEqual({a.destination for r in seen.recipients for a in r.attempts}, {"onprem"})
        self.assertEqual(sorted(self.delivered()), ["ann@example.org", "bea@example.org", "carl@example.org"])
        content = pathlib.Path(self.sink.records("smtp")[0]["raw_file"]).read_bytes()
        self.assertNotIn(b"bea@", content)
        parsed = email.message_from_bytes(content, policy=email.policy.default)
        self.assertEqual(parsed["Subject"], "Ihre Rechnung für März ✓")
        self.assertEqual(parsed["To"].addresses[0].display_name, "Ann Grüße, \"A\"")
        self.assertEqual(parsed["X-Order"], "4711")
        self.assertEqual(parsed.get_body(("plain",)).get_content().replace("\r\n", "\n"), "Guten Tag\n.\nGrüße\n")
        names = {part.get_filename(): part.get_content() for part in parsed.walk() if part.get_filename()}
        self.assertEqual(names["Rechnung März.pdf"], bytes(range(256)) * 40)
        self.assertEqual(names["logo.png"], b"\x89PNG")

    def test_P_011_dots_and_a_last_line_without_its_end_arrive(self):
        body = "..\r\n.\r\n.x\r\n..x\r\n.\r\nlast"
        submission = self.raw()
        submission.raw = b"From: shop@shop.example\r\nSubject: dots\r\n\r\n" + body.encode()
        self.wait_submission(self.submit(submission).queue_id, "delivered")
        content = pathlib.Path(self.sink.records("smtp")[0]["raw_file"]).read_bytes()
        self.assertEqual(content.partition(b"\r\n\r\n")[2], body.encode() + b"\r\n")

    def test_P_010_broken_lines_are_refused_and_nothing_leaves(self):
        for body in ("a\n.\nb", "a\r.\rb", "a\n.\r\nb", "a\r\n.\nb", "a\r.\nb", "a\n.\rb", "a\r.\r\nb", "a\r\n.\rb",
                     "a\r\n\0.\r\nb", "a\r\n.\0\r\nb", "a\0b"):
            fault = self.refused(self.raw(body=body))
            self.assertEqual(fault.code(), grpc.StatusCode.INVALID_ARGUMENT)
            self.assertIn("submission.raw", fault.details())
        self.submit(self.raw(to="last@example.org"))
        wait_for(lambda: self.delivered() == ["last@example.org"], "the good one alone")


class Identity(GrpcCase):
    def test_P_124_identity_binds_tenant_and_sender(self):
        with self.assertRaises(grpc.RpcError) as caught:
            self.client.Submit(pb.SubmitRequest(submission=self.raw()), timeout=20)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.UNAUTHENTICATED)
        self.assertEqual(self.refused(self.raw(), "no-token").code(), grpc.StatusCode.UNAUTHENTICATED)
        self.assertEqual(self.refused(self.raw(), "rival-token").code(), grpc.StatusCode.PERMISSION_DENIED)
        mine = self.submit(self.raw()).queue_id
        with self.assertRaises(grpc.RpcError) as caught:
            self.get(mine, "rival-token")
        self.assertEqual(caught.exception.code(), grpc.StatusCode.NOT_FOUND)
        self.wait_submission(mine, "delivered")


class Keys(GrpcCase):
    def test_P_123_a_hundred_equal_calls_at_once_are_one_message_also_after_a_crash(self):
        mail = pb.Email(to=[pb.Mailbox(address="ann@example.org")], subject="once", text="once")
        getattr(mail, "from").CopyFrom(pb.Mailbox(address="shop@shop.example"))
        submission = pb.Submission(idempotency_key="order-1", email=mail)
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: self.submit(submission), range(100)))
        self.assertEqual(len({a.queue_id for a in answers}), 1)
        self.assertEqual(sum(not a.duplicate for a in answers), 1)
        first = answers[0].queue_id
        self.wait_submission(first, "delivered")
        other = pb.Submission()
        other.CopyFrom(submission)
        other.email.subject = "twice"
        fault = self.refused(other)
        self.assertEqual(fault.code(), grpc.StatusCode.ALREADY_EXISTS)
        details = dict(fault.trailing_metadata())["grpc-status-details-bin"]
        self.assertIn(b"IDEMPOTENCY_KEY_REUSED", status_pb.Status.FromString(details).SerializeToString())

        self.running.kill()
        self.open(gateway=self.own(self.running.restart()))
        again = self.submit(submission)
        self.assertTrue(again.duplicate)
        self.assertEqual(again.queue_id, first)
        self.assertEqual(again.recipients[0].state, pb.RecipientState.STATE_DELIVERED)
        self.assertEqual(self.delivered(), ["ann@example.org"])


class Streams(GrpcCase):
    def test_a_stream_of_thousands_is_answered_and_delivered_once_each(self):
        number = 3000

        def requests():
            for i in range(number):
                yield pb.SubmitStreamRequest(correlation_id=str(i), submission=self.raw(to=f"r{i}@example.org"))
        answers = list(self.client.SubmitStream(requests(), metadata=self.identity(), timeout=120))
        self.assertEqual(sorted(int(a.correlation_id) for a in answers), list(range(number)))
        self.assertTrue(all(a.WhichOneof("outcome") == "accepted" for a in answers))
        wait_for(lambda: len(self.delivered()) >= number, "all to be delivered", 120)
        self.assertEqual(len(set(self.delivered())), number)
        self.assertEqual(len(self.delivered()), number)

    def test_what_was_answered_before_a_drain_is_delivered_after_it(self):
        accepted = []
        feed = queue.Queue()
        stop = threading.Event()

        def requests():
            i = 0
            while not stop.is_set():
                yield pb.SubmitStreamRequest(correlation_id=str(i), submission=self.raw(to=f"r{i}@example.org"))
                i += 1
        call = self.client.SubmitStream(requests(), metadata=self.identity(), timeout=120)

        def read():
            try:
                for answer in call:
                    if answer.WhichOneof("outcome") == "accepted":
                        accepted.append(f"r{answer.correlation_id}@example.org")
            except grpc.RpcError as end:
                feed.put(end.code())
            stop.set()
        reader = threading.Thread(target=read)
        reader.start()
        wait_for(lambda: len(accepted) > 300, "a good number of answers")
        began = time.monotonic()
        self.assertEqual(self.running.stop(), 0)
        self.assertLess(time.monotonic() - began, 25)
        reader.join(20)
        self.assertEqual(feed.get(timeout=1), grpc.StatusCode.UNAVAILABLE)
        self.open(gateway=self.own(self.running.restart()))
        wait_for(lambda: set(accepted) <= set(self.delivered()), "every answered message")
        self.assertEqual(len(self.delivered()), len(set(self.delivered())), "none twice")


class Events(GrpcCase):
    def test_events_follow_the_message_and_resume_by_cursor(self):
        first = self.submit(self.raw(to="ann@example.org")).queue_id
        self.wait_submission(first, "delivered")
        watch = self.client.WatchEvents(pb.WatchEventsRequest(), metadata=self.identity(), timeout=30)
        seen = []
        for answer in watch:
            self.assertEqual(answer.event.queue_id, first)
            seen.append(answer)
            if answer.event.kind == pb.Event.KIND_DISPOSITION:
                break
        self.assertEqual(seen[-1].event.state, pb.RecipientState.STATE_DELIVERED)
        self.assertEqual(seen[-1].event.recipient, "ann@example.org")
        second = self.submit(self.raw(to="bob@example.org")).queue_id
        resumed = self.client.WatchEvents(pb.WatchEventsRequest(cursor=seen[-1].cursor), metadata=self.identity(), timeout=30)
        self.assertEqual(next(resumed).event.queue_id, second)
        watch.cancel()
        resumed.cancel()

    def test_other_tenants_see_nothing(self):
        self.wait_submission(self.submit(self.raw()).queue_id, "delivered")
        watch = self.client.WatchEvents(pb.WatchEventsRequest(), metadata=self.identity("rival-token"), timeout=2)
        with self.assertRaises(grpc.RpcError) as caught:
            next(watch)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.DEADLINE_EXCEEDED)


class Scheduled(GrpcCase):
    def test_scheduled_mail_waits_and_can_be_cancelled(self):
        later = self.raw(to="later@example.org")
        later.send_at.FromSeconds(int(time.time()) + 3600)
        queue_id = self.submit(later).queue_id
        shown = self.get(queue_id).recipients[0]
        self.assertEqual(shown.state, pb.RecipientState.STATE_SCHEDULED)
        self.assertEqual(shown.next_attempt_time.seconds, later.send_at.seconds)
        answer = self.client.CancelSubmission(pb.CancelSubmissionRequest(queue_id=queue_id), metadata=self.identity(), timeout=20)
        self.assertEqual([r.state for r in answer.recipients], [pb.RecipientState.STATE_CANCELLED])
        done = self.submit(self.raw(to="now@example.org")).queue_id
        self.wait_submission(done, "delivered")
        answer = self.client.CancelSubmission(pb.CancelSubmissionRequest(queue_id=done), metadata=self.identity(), timeout=20)
        self.assertEqual([r.state for r in answer.recipients], [pb.RecipientState.STATE_DELIVERED])
        self.assertEqual(self.delivered(), ["now@example.org"])


class Refusals(GrpcCase):
    def test_a_policy_refusal_is_a_failed_precondition_that_names_the_route(self):
        self.running.stop()
        self.open(routes="""
    - {name: no-lottery, when: 'subject == "lottery"', via: {refuse: "no lottery here"}}
    - {name: everything-else, via: [onprem, mailjet]}""")
        mail = pb.Email(to=[pb.Mailbox(address="ann@example.org")], subject="lottery", text="win")
        getattr(mail, "from").CopyFrom(pb.Mailbox(address="shop@shop.example"))
        fault = self.refused(pb.Submission(email=mail))
        self.assertEqual(fault.code(), grpc.StatusCode.FAILED_PRECONDITION)
        self.assertIn("no-lottery", fault.details())

    def test_health_follows_the_process(self):
        check = self.channel.unary_unary("/grpc.health.v1.Health/Check", request_serializer=bytes, response_deserializer=bytes)
        self.assertEqual(check(b"", timeout=10), b"\x08\x01")
        name = b"stellwerk.v1.SubmissionService"
        self.assertEqual(check(b"\x0a" + bytes([len(name)]) + name, timeout=10), b"\x08\x01")


if __name__ == "__main__":
    main()
