"""The checker: joins what the generator was told, what the sinks took and what the gateway says, and names every
contradiction.

The unit is a pair, one recipient of one message; recipients are unique in a run. The sink decides what was accepted, not
the gateway. An acceptance is *known* when the gateway recorded `delivered` for it before anything else happened to the
recipient; it is *ambiguous* when the sink gave no reply, or a strike came before the gateway recorded an outcome. Pure:
everything comes in as values.
"""
import bisect
import collections
import dataclasses

# Outcomes by which the gateway says that the message was certainly not taken by that destination.
NOT_SENT = {"rejected_recipient", "rejected_message", "refused_policy", "refused_sender", "refused_account", "deferred_recipient",
            "deferred_mailbox_provider", "deferred_destination", "throttled", "adapter_fault"}
FINAL = {"delivered", "bounced", "expired", "refused", "suppressed", "cancelled", "discarded", "dead_lettered"}
FAILED = FINAL - {"delivered"}
LAG = 3.0     # a slow sink goes on reading what a killed gateway had sent: the strike comes before the acceptance
CUT = 0.002   # two times of one process, each cut to milliseconds
SLACK = 0.02  # seconds between the clocks of two processes on one machine, and of milliseconds cut off


@dataclasses.dataclass
class Acceptance:
    at: float
    sink: str
    replied: bool
    attempt: str  # of an API: the gateway's own id


@dataclasses.dataclass
class Event:
    at: float
    outcome: str
    destination: str
    attempt: str


@dataclasses.dataclass
class Attempt:
    """As the recipient's row tells it."""
    id: str
    started: float
    ended: float


@dataclasses.dataclass
class Made:
    """A message of the generator."""
    token: str
    recipients: list
    body_sha256: str
    subject: str
    text: str


SENDER = "shop@shop.example"  # of every message that is offered; who is told by the gateway's own notices


@dataclasses.dataclass
class Run:
    made: dict            # recipient -> Made
    acknowledged: set     # recipients
    unknown: set          # no answer, or a part of one
    refused: set          # answered with a refusal, never with more
    key_ids: dict         # idempotency key -> set of queue ids it was answered with
    accepted: dict        # recipient -> [Acceptance]
    contents: list        # (sink, recipients, body_sha256, subject, text or None)
    events: dict          # recipient -> [Event]
    states: dict          # recipient -> [state], as the gateway lists them
    strikes: list         # times, sorted
    asked: dict           # idempotency key without an answer at first -> {recipient: state}, by a later status query
    offered: dict         # idempotency key -> recipients that were taken with it, or may have been
    attempts: dict        # recipient -> [Attempt] that its row remembers; of a finished one the last
    dialogues: list       # [(command, reply code)] of each SMTP transaction, as the client read them; None: no reply
    notices: collections.Counter = dataclasses.field(default_factory=collections.Counter)  # the gateway's own: "taken" by a sink, or by state


class Checker:
    def __init__(self, run):
        self.run = run
        self.problems = collections.defaultdict(list)
        self.ambiguous = 0
        self.quality_losses = 0

    def check(self):
        for rule in (self.loss, self.phantoms, self.copies, self.two_sinks, self.truths, self.integrity, self.classification, self.keys,
                     self.status_queries, self.overlaps, self.reply_order, self.own_notices):
            rule()
        return dict(self.problems)

    def figures(self):
        accepted = self.run.accepted
        pairs = len(self.run.acknowledged)
        return {
            "acknowledged pairs": pairs,
            "without an answer": len(self.run.unknown - self.run.acknowledged),
            "refused": len(self.run.refused),
            "acceptances": sum(len(a) for a in accepted.values()),
            "ambiguous acceptances": self.ambiguous,
            "repeated": sum(len(a) - 1 for a in accepted.values()),
            "most copies of one": max((len(a) for a in accepted.values()), default=0),
            "not sent but called unknown": self.quality_losses,
            "status queries": len(self.run.asked),
            "SMTP transactions": len(self.run.dialogues),
            "95 % bound on the loss rate": f"{3 / pairs:.1e}" if pairs else "none",
        }

    def struck_between(self, begin, end):
        at = bisect.bisect_left(self.run.strikes, begin - SLACK)
        return at < len(self.run.strikes) and self.run.strikes[at] <= end + SLACK

    def outcome_after(self, recipient, acceptance, until):
        """The gateway's own word on the attempt that was accepted: its first event after the acceptance and before the next one, which
        in the same millisecond is the next one's."""
        for event in self.run.events.get(recipient, []):
            if acceptance.attempt and event.attempt == acceptance.attempt:
                return event
            if not acceptance.attempt and acceptance.at - SLACK <= event.at < until and event.destination == acceptance.sink:
                return event
        return None

    def loss(self):
        for p in self.run.acknowledged:
            states = self.run.states.get(p, [])
            is_failed_or_queued = any(s != "delivered" for s in states)
            if p not in self.run.accepted and not is_failed_or_queued:
                self.problems["lost"].append(p)
        for p, states in self.run.states.items():
            if "delivered" in states and p not in self.run.accepted:
                self.problems["delivered, but no sink has it"].append(p)

    def phantoms(self):
        for p in self.run.accepted:
            if p not in self.run.acknowledged and p not in self.run.unknown:
                self.problems["delivered, but refused at the door" if p in self.run.refused else "delivered, but never offered"].append(p)

    def copies(self):
        for p, acceptances in self.run.accepted.items():
            for one, following in zip(acceptances, [*acceptances[1:], None]):
                until = following.at if following else float("inf")
                event = self.outcome_after(p, one, until)
                # The event is committed with the row: what was delivered has no intent any more, whatever strikes then.
                known = event is not None and event.outcome == "delivered"
                excused = not one.replied or self.struck_between(one.at - LAG, min(until, one.at + 60))
                self.ambiguous += 1 if excused and not known else 0
                if following and (known or not excused):
                    self.problems["a second copy without an ambiguous attempt"].append(p)

    def own_notices(self):
        """They all go to the one sender, so they are counted, not joined: what is called delivered was taken."""
        if self.run.notices["delivered"] > self.run.notices["taken"]:
            self.problems["notices called delivered that no sink has"].append(dict(self.run.notices))

    def two_sinks(self):
        for p, acceptances in self.run.accepted.items():
            if len({a.sink for a in acceptances}) > 1:
                self.problems["at two destinations"].append(p)

    def truths(self):
        for p, states in self.run.states.items():
            if sum(1 for s in states if s in FINAL) > 1:
                self.problems["two final states"].append(p)
            if any(s in FAILED for s in states) and p in self.run.accepted and all(a.replied for a in self.run.accepted[p]):
                # Poison ended by strikes: what became of the attempts that they cut off is not known, and its notice says so.
                is_cut_off = all(self.struck_between(a.at - LAG, a.at + LAG) for a in self.run.accepted[p])
                if not ("dead_lettered" in states and is_cut_off):
                    self.problems["failed and delivered"].append(p)

    def integrity(self):
        for sink, recipients, body_sha256, subject, text in self.run.contents:
            for p in recipients:
                made = self.run.made.get(p)
                if made is None:
                    continue  # a phantom, told above
                same = made.subject == subject and (text.split() == made.text.split() if text is not None else body_sha256 == made.body_sha256)
                if not same:
                    self.problems["changed content"].append(f"{p} at {sink}")

    def classification(self):
        for p, acceptances in self.run.accepted.items():
            for one, following in zip(acceptances, [*acceptances[1:], None]):
                until = following.at if following else float("inf")
                event = self.outcome_after(p, one, until)
                if event and event.outcome in NOT_SENT and not self.struck_between(one.at - LAG, event.at):
                    self.problems["accepted, but called not sent"].append(f"{p}: {event.outcome}")
        for p, events in self.run.events.items():
            unknown = sum(1 for e in events if e.outcome == "unknown")
            self.quality_losses += max(0, unknown - len(self.run.accepted.get(p, [])))

    def keys(self):
        for key, ids in self.run.key_ids.items():
            if len(ids) > 1:
                self.problems["one key, two messages"].append(f"{key}: {sorted(ids)}")

    def status_queries(self):
        """What the client is told of a key whose answer it never read is what the gateway lists and the sinks have."""
        for key, told in self.run.asked.items():
            offered = self.run.offered.get(key, set())
            wrong = (set(told) - offered) | ((offered & self.run.acknowledged) - set(told))
            if wrong:
                self.problems["a status query tells of other recipients"].append(f"{key}: {sorted(wrong)}")
            for p, state in told.items():
                if state not in self.run.states.get(p, []):
                    self.problems["a status query differs from the queue"].append(f"{p}: {state}, listed {self.run.states.get(p, [])}")

    def overlaps(self):
        """Attempts of one recipient never intersect. The row tells begin and end of those it remembers, the events the ends of all."""
        for p, attempts in self.run.attempts.items():
            ends = {e.attempt: e.at for e in self.run.events.get(p, []) if e.attempt}
            for one in attempts:
                others = [at for attempt, at in ends.items() if attempt != one.id]
                others += [a.ended for a in attempts if a.id != one.id]
                if any(one.started + CUT < at < one.ended - CUT for at in others):
                    self.problems["two attempts at once"].append(f"{p}: during {one.id}")

    def reply_order(self):
        """One reply per command, in its order: each is one that its command can have, and nothing was said unasked."""
        for dialogue in self.run.dialogues:
            for command, code in dialogue:
                if code is not None and not may_answer(command, code):
                    self.problems["a reply that its command cannot have"].append(f"{command}: {code} in {dialogue}")


def may_answer(command, code):
    """RFC 5321 section 4.3.2. `unasked`: what a connection said that nobody asked for, before it ended."""
    if command == "unasked":
        return code == 421
    positive = {"connect": 220, "DATA": 354}.get(command, 250)
    return code == positive or 400 <= code <= 599
