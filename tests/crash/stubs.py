"""Python stubs of the submission service, made once for the process from proto/."""
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def load_stubs():
    directory = tempfile.mkdtemp(prefix="stellwerk-stubs-")
    try:
        subprocess.run(["sh", ROOT / "examples/grpc/stubs.sh", directory], cwd=ROOT, check=True, timeout=60)
        sys.path.insert(0, directory)
        from stellwerk.v1 import submission_pb2, submission_pb2_grpc
        return submission_pb2, submission_pb2_grpc
    finally:
        sys.path.remove(directory)
        shutil.rmtree(directory)
