"""Reads the logs of a run into the values the checker joins."""
import collections
import datetime
import json

from checker import SENDER, Acceptance, Attempt, Event, Made, Run
from grpc_modules import pb, rpc

STATES = ("scheduled", "ready", "attempting", "deferred", "unknown", "held", "delivered", "bounced", "expired", "refused",
          "suppressed", "cancelled", "discarded", "dead_lettered")


def seconds_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def read_load(paths, run):
    for path in paths:
        for line in path.read_text().splitlines():
            row = json.loads(line)
            recipients = row["recipients"]
            if row["event"] == "dialogue":
                run.dialogues.append([tuple(step) for step in row["steps"]])
            elif row["event"] == "made":
                made = Made(row["token"], recipients, row["body_sha256"], row["subject"], row["text"])
                run.made.update({p: made for p in recipients})
            elif row["event"] == "ack":
                run.acknowledged.update(recipients)
                if row["key"]:
                    run.offered.setdefault(row["key"], set()).update(recipients)
                    run.key_ids.setdefault(row["key"], set()).add(row["queue_id"])
            else:
                if row["event"] == "unknown" and row.get("key"):
                    run.offered.setdefault(row["key"], set()).update(recipients)
                    run.asked[row["key"]] = {}
                (run.unknown if row["event"] == "unknown" else run.refused).update(recipients)
    run.refused -= run.acknowledged | run.unknown


def read_sink(name, sink, run):
    for row in sink.records(None):
        if not row["reverse_path"].endswith("@shop.example") and name == "onprem":
            run.notices["taken"] += 1
            continue
        at = seconds_of(row["at"])
        for p in row["recipients"]:
            run.accepted.setdefault(p, []).append(Acceptance(at, name, row["replied"], row["attempt"] if name == "mailjet" else ""))
        headers = {key.lower(): value for key, value in row["headers"].items()}
        run.contents.append((name, row["recipients"], row["body_sha256"], headers.get("subject"), headers.get("textpart") if name == "mailjet" else None))


def read_events(gateway, run):
    """The ledger from its beginning, as a client sees it."""
    import grpc
    channel = grpc.insecure_channel("127.0.0.1:%d" % gateway.addresses["grpc"][1])
    client = rpc.SubmissionServiceStub(channel)
    call = client.WatchEvents(pb.WatchEventsRequest(), metadata=[("authorization", "Bearer load-token")])
    for answer in until_idle(call):
        event = answer.event
        if event.recipient and event.outcome and event.recipient != SENDER:
            at = event.time.seconds + event.time.nanos / 1e9
            run.events.setdefault(event.recipient, []).append(Event(at, event.outcome, event.destination, event.attempt_id))
    call.cancel()
    channel.close()


def ask_again(gateway, run):
    """A status query for each key whose answer was not read at first; offering it again told the queue id."""
    import grpc
    with grpc.insecure_channel("127.0.0.1:%d" % gateway.addresses["grpc"][1]) as channel:
        client = rpc.SubmissionServiceStub(channel)
        for key in run.asked:
            for queue_id in run.key_ids.get(key, ()):
                answer = client.GetSubmission(pb.GetSubmissionRequest(queue_id=queue_id), timeout=20, metadata=[("authorization", "Bearer load-token")])
                for one in answer.recipients:
                    run.asked[key][one.recipient] = pb.RecipientState.State.Name(one.state).removeprefix("STATE_").lower()


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
                one = row["recipient"]
                if one["recipient"] == SENDER:  # a notice; everybody else is a recipient of one message
                    run.notices[state] += 1
                    continue
                run.states.setdefault(one["recipient"], []).append(state)
                run.attempts[one["recipient"]] = [Attempt(a["attemptId"], seconds_of(a["startTime"]), seconds_of(a["endTime"]))
                                                  for a in one.get("attempts", [])]
            token = answer.get("nextPageToken", "")
            if not token:
                break


def collect(gateway, sinks, load_logs, strikes):
    run = Run({}, set(), set(), set(), {}, {}, [], collections.defaultdict(list), {}, strikes, {}, {}, {}, [])
    read_load(load_logs, run)
    for name, sink in sinks.items():
        read_sink(name, sink, run)
    for acceptances in run.accepted.values():
        acceptances.sort(key=lambda one: one.at)
    read_events(gateway, run)
    read_states(gateway, run)
    ask_again(gateway, run)
    return run
