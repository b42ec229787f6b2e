"""The Python modules that protoc makes of proto/: generated at the first import, once for the process (descriptors are registered once)."""
import pathlib
import shutil
import subprocess
import sys
import tempfile

_ROOT = pathlib.Path(__file__).resolve().parents[2]


def _generated():
    directory = tempfile.mkdtemp(prefix="stellwerk-proto-")
    try:
        subprocess.run(["sh", _ROOT / "examples/grpc/generate.sh", directory], cwd=_ROOT, check=True, timeout=60)
        sys.path.insert(0, directory)
        from stellwerk.v1 import submission_pb2, submission_pb2_grpc
        from google.rpc import status_pb2
        return submission_pb2, submission_pb2_grpc, status_pb2
    finally:
        sys.path.remove(directory)
        shutil.rmtree(directory)


pb, rpc, status_pb = _generated()
