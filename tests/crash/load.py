"""The load of the kill loop, a process of its own: SMTP sessions and gRPC calls that go on through every restart.

    load.py --door smtp|grpc --ports FILE --log FILE --seed N --rate N [--workers N]

Writes a JSON line for each message before it is offered (`made`) and for each answer: `ack`, `refused` (certainly not
taken), `unknown` (no or a partial answer). A message with an idempotency key is offered again until it is answered. Ends on
SIGTERM, when what it has in hand is answered.
"""
import argparse
import asyncio
import hashlib
import json
import os
import pathlib
import random
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from checker import SENDER  # noqa: E402

# The stand-ins lose, cut, defer or delay by the recipient's first word.
KINDS = ["plain"] * 30 + ["lost"] * 3 + ["cut"] * 2 + ["later"] * 3 + ["slow"]


class Mail:
    """One message with its facts; transactional or marketing by what it says."""

    def __init__(self, door, worker, number, rng):
        self.token = f"{door}{worker}x{number}"
        self.marketing = rng.random() < 0.3
        kind = rng.choice(KINDS)
        count = rng.choice((1, 1, 2, 4, 8))
        self.recipients = [f"{kind}-{self.token}-{i}@example.org" for i in range(count)]
        self.subject = f"{'Newsletter' if self.marketing else 'Rechnung'} {self.token}"
        self.text = f"Token {self.token}\n" + "Zeile\n" * rng.choice((2, 20, 400))
        self.key = f"key-{self.token}" if door == "grpc" or rng.random() < 0.5 else None

    def content(self, control):
        fields = [f"From: {SENDER}", "To: " + ",\r\n ".join(self.recipients), f"Subject: {self.subject}"]
        if control:
            fields.append(f"X-Stellwerk-Stream: {'marketing' if self.marketing else 'transactional'}")
            if self.key:
                fields.append(f"X-Stellwerk-Idempotency-Key: {self.key}")
        return ("\r\n".join(fields) + "\r\n\r\n" + self.text.replace("\n", "\r\n")).encode()


class Load:
    def __init__(self, options):
        self.options, self.stopping = options, False
        self.rng = random.Random(options.seed)
        self.log = open(options.log, "ab", buffering=0)
        self.interval = options.workers / options.rate

    def write(self, event, mail, **facts):
        row = {"event": event, "at": time.time(), "token": mail.token, "recipients": facts.pop("recipients", mail.recipients), **facts}
        self.log.write(json.dumps(row).encode() + b"\n")

    def made(self, mail):
        body = mail.text.replace("\n", "\r\n").encode()
        self.write("made", mail, key=mail.key, subject=mail.subject, text=mail.text, body_sha256=hashlib.sha256(body).hexdigest())

    def port(self):
        return json.loads(pathlib.Path(self.options.ports).read_text())[self.options.door]

    async def worker(self, number):
        rng = random.Random(self.rng.random() + number)
        count, mail, session, due = 0, None, None, time.monotonic()
        while not self.stopping or mail is not None:
            if mail is None:
                due = max(due + self.interval, time.monotonic() - 5 * self.interval)
                await asyncio.sleep(max(0, due - time.monotonic()))
                count += 1
                mail = Mail(self.options.door, number, count, rng)
                self.made(mail)
            try:
                if session is None:
                    session = await self.open_session()
                answered = await asyncio.wait_for(self.offer(session, mail), 20)
            except (OSError, EOFError, asyncio.TimeoutError, asyncio.IncompleteReadError, ValueError, KeyError):
                answered = None
                await self.close_session(session)
                session = None
                await asyncio.sleep(0.05)
            if answered or mail.key is None:
                mail = None
        await self.close_session(session)

    async def run(self):
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.stop)
        await asyncio.gather(*(self.worker(n) for n in range(self.options.workers)))

    def stop(self):
        self.stopping = True


class SmtpSession:
    """One connection, and what it was asked and answered in the transaction that goes on."""

    def __init__(self, reader, writer):
        self.reader, self.writer, self.steps = reader, writer, []

    def send(self, octets):
        self.writer.write(octets)

    async def reply(self, command):
        """The code and the last line; None in the steps until it is there."""
        self.steps.append([command, None])
        at = len(self.steps) - 1
        while True:
            line = await self.reader.readline()
            if not line.endswith(b"\n"):
                raise EOFError
            if line[3:4] != b"-":
                self.steps[at][1] = int(line[:3])
                return self.steps[at][1], line.decode().strip()

    async def unasked(self):
        """What it says before it ends, if anything."""
        try:
            line = await asyncio.wait_for(self.reader.readline(), 0.01)
        except (OSError, asyncio.TimeoutError):
            return
        if line.endswith(b"\n"):
            self.steps.append(["unasked", int(line[:3])])


class SmtpLoad(Load):
    async def open_session(self):
        session = SmtpSession(*await asyncio.wait_for(asyncio.open_connection("127.0.0.1", self.port()), 5))
        await session.reply("connect")
        session.send(b"EHLO app.example\r\n")
        await session.reply("EHLO")
        return session

    async def close_session(self, session):
        if session:
            session.writer.close()

    async def offer(self, session, mail):
        """True when it was answered for good."""
        try:
            return await self.transaction(session, mail)
        finally:
            # Nothing is outstanding after a complete transaction: whatever comes now was not asked for.
            if all(code is not None for _, code in session.steps):
                await session.unasked()
            self.write("dialogue", mail, steps=session.steps)
            session.steps = []

    async def transaction(self, session, mail):
        commands = [f"MAIL FROM:<{SENDER}>"] + [f"RCPT TO:<{r}>" for r in mail.recipients] + ["DATA"]
        session.send("".join(c + "\r\n" for c in commands).encode())
        codes = [(await session.reply(command[:4]))[0] for command in commands]
        taken = [r for r, code in zip(mail.recipients, codes[1:-1]) if code == 250]
        if codes[-1] != 354:
            self.write("refused", mail, code=codes[-1])
            if codes[0] == 421 or 421 in codes:
                raise EOFError
            session.send(b"RSET\r\n")
            await session.reply("RSET")
            return False
        content = b"".join(b"." + line if line.startswith(b".") else line for line in mail.content(True).splitlines(keepends=True))
        try:
            session.send(content + b".\r\n")
            code, text = await session.reply("content")
        except BaseException:
            self.write("unknown", mail, recipients=taken, key=mail.key)
            raise
        if code == 250:
            self.write("ack", mail, recipients=taken, queue_id=text.rsplit(" ", 1)[-1], key=mail.key)
            return True
        self.write("refused", mail, code=code)
        if code == 421:
            raise EOFError
        return False


class GrpcLoad(Load):
    def __init__(self, options):
        super().__init__(options)
        os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"
        import grpc
        from grpc_modules import pb, rpc
        self.grpc, self.pb, self.rpc = grpc, pb, rpc

    async def open_session(self):
        options = [("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 300), ("grpc.use_local_subchannel_pool", 1)]
        channel = self.grpc.aio.insecure_channel(f"127.0.0.1:{self.port()}", options=options)
        return channel, self.rpc.SubmissionServiceStub(channel)

    async def close_session(self, session):
        if session:
            await session[0].close()

    async def offer(self, session, mail):
        stream = self.pb.TRAFFIC_STREAM_MARKETING if mail.marketing else self.pb.TRAFFIC_STREAM_TRANSACTIONAL
        submission = self.pb.Submission(idempotency_key=mail.key, raw=mail.content(False), traffic_stream=stream,
                                        envelope=self.pb.Envelope(reverse_path=SENDER, recipients=mail.recipients))
        try:
            answer = await session[1].Submit(self.pb.SubmitRequest(submission=submission), timeout=10,
                                             metadata=[("authorization", "Bearer load-token")])
        except self.grpc.aio.AioRpcError as failure:
            refused = failure.code() in (self.grpc.StatusCode.RESOURCE_EXHAUSTED, self.grpc.StatusCode.INVALID_ARGUMENT)
            self.write("refused" if refused else "unknown", mail, code=failure.code().name, key=mail.key)
            raise EOFError from failure
        self.write("ack", mail, queue_id=answer.queue_id, key=mail.key)
        return True


def main():
    options = argparse.ArgumentParser()
    for name in ("--door", "--ports", "--log"):
        options.add_argument(name, required=True)
    options.add_argument("--seed", type=int, required=True)
    options.add_argument("--rate", type=float, required=True, help="messages a second")
    options.add_argument("--workers", type=int, default=8)
    arguments = options.parse_args()
    asyncio.run((SmtpLoad if arguments.door == "smtp" else GrpcLoad)(arguments).run())


main()
