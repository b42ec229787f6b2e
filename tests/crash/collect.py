"""Reads the logs of a run into the values the checker joins."""
import collections
import datetime
import json

from checker import Acceptance, Event, Made, Run
from stubs import load_stubs

STATES = ("scheduled", "ready", "attempting", "deferred", "unknown", "held", "delivered", "bounced", "expired", "refused",
          "suppressed", "cancelled", "discarded", "dead_lettered")


def seconds_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def read_load(paths, run):
    for path in paths:
        for line in path.read_text().splitlines():
            row = json.loads(line)
            recipients = row["recipients"]
            if row["event"] == "made":
                made = Made(row["token"], recipients, row["body_sha256"], row["subject"], row["text"])
                run.made.update({p: made for p in recipients})
            elif row["event"] == "ack":
                run.acknowledged.update(recipients)
                if row["key"]:
                    run.key_ids.setdefault(row["key"], set()).add(row["queue_id"])
            else:
                (run.unknown if row["event"] == "unknown" else run.refused).update(recipients)
    run.refused -= run.acknowledged | run.unknown


def read_sink(name, sink, run):
    for row in sink.records(None):
        if not row["reverse_path"].endswith("@shop.example") and name == "onprem":
            continue  # a notification of the gateway's own
        at = seconds_of(row["at"])
        for p in row["recipients"]:
            run.accepted.setdefault(p, []).append(Acceptance(at, name, row["replied"], row["attempt"] if name == "mailjet" else ""))
        headers = {key.lower(): value for key, value in row["headers"].items()}
        run.contents.append((name, row["recipients"], row["body_sha256"], headers.get("subject"), headers.get("textpart") if name == "mailjet" else None))


def read_events(gateway, run):
    """The ledger from its beginning, as a client sees it."""
    import grpc
    pb, rpc = load_stubs()
    channel = grpc.insecure_channel("127.0.0.1:%d" % gateway.addresses["grpc"][1])
    stub = rpc.SubmissionServiceStub(channel)
    call = stub.WatchEvents(pb.WatchEventsRequest(), metadata=[("authorization", "Bearer load-token")])
    for answer in until_idle(call):
        event = answer.event
        if event.recipient and event.outcome:
            at = event.time.seconds + event.time.nanos / 1e9
            run.events.setdefault(event.recipient, []).append(Event(at, event.outcome, event.destination, event.attempt_id))
    call.cancel()
    channel.close()


def until_idle(call, silence=3.0):
    """What a stream without an end yields until it is silent that long."""
    import queue
    import threading
    waiting = queue.Queue()

    def pump():
        try:
            for answer in call:
                waiting.put(answer)
        except Exception as failure:  # noqa: BLE001 - of gRPC, also when it is cancelled at the end
            waiting.put(failure)
    threading.Thread(target=pump, daemon=True).start()
    while True:
        try:
            answer = waiting.get(timeout=silence)
        except queue.Empty:
            return
        if isinstance(answer, Exception):
            raise answer
        yield answer


def read_states(gateway, run):
    for state in STATES:
        token = ""
        while True:
            answer = gateway.call("QueueService/ListMessages", {"state": state, "pageSize": 1000, "pageToken": token})
            for row in answer.get("recipients", []):
                run.states.setdefault(row["recipient"]["recipient"], []).append(state)
            token = answer.get("nextPageToken", "")
            if not token:
                break


def collect(gateway, sinks, load_logs, strikes):
    run = Run({}, set(), set(), set(), {}, {}, [], collections.defaultdict(list), {}, strikes)
    read_load(load_logs, run)
    for name, sink in sinks.items():
        read_sink(name, sink, run)
    for acceptances in run.accepted.values():
        acceptances.sort(key=lambda one: one.at)
    read_events(gateway, run)
    read_states(gateway, run)
    return run
