#!/usr/bin/python3
"""Submits one message over gRPC and waits until it is settled.   submit.py ADDRESS TOKEN REVERSE_PATH RECIPIENT [ORDER]"""
import sys
import time

import grpc
from stellwerk.v1 import submission_pb2 as pb
from stellwerk.v1 import submission_pb2_grpc

address, token, reverse_path, recipient = sys.argv[1:5]
order = sys.argv[5] if len(sys.argv) > 5 else "4711"
client = submission_pb2_grpc.SubmissionServiceStub(grpc.insecure_channel(address))
identity = [("authorization", f"Bearer {token}")]

submission = pb.Submission(
    idempotency_key=f"order-{order}-confirmation",  # a repeat within 72 h is answered, not sent
    envelope=pb.Envelope(reverse_path=reverse_path, recipients=[recipient]),
    email=pb.Email(
        **{"from": pb.Mailbox(address=reverse_path, display_name="Shop")},
        to=[pb.Mailbox(address=recipient)],
        subject=f"Order confirmation {order}",
        text=f"Thank you for your order. Order number: {order}\n",
    ),
    tags=["order"],
    metadata={"order": order},
)
try:
    answer = client.Submit(pb.SubmitRequest(submission=submission), metadata=identity, timeout=10)
except grpc.RpcError as refused:
    sys.exit(f"{refused.code().name}: {refused.details()}")
print(answer.queue_id, pb.TrafficStream.Name(answer.traffic_stream), answer.stream_reason)  # OK means durable

for _ in range(100):
    seen = client.GetSubmission(pb.GetSubmissionRequest(queue_id=answer.queue_id), metadata=identity, timeout=10)
    state = pb.RecipientState.State.Name(seen.recipients[0].state)
    if state not in ("STATE_READY", "STATE_ATTEMPTING"):
        break
    time.sleep(0.1)
for attempt in seen.recipients[0].attempts:
    print(attempt.destination, attempt.outcome, attempt.reply)
print(state)
