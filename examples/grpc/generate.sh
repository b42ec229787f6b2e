#!/bin/sh
# Generates the Python modules of the service below DIRECTORY: generate.sh DIRECTORY, from the root of the repository.
# (Debian 12's grpc_tools.protoc is too old for the options of our files; protoc with gRPC's plugin is not.)
set -eu
mkdir -p "$1/google"
protoc -I proto -I proto/google_rpc --python_out="$1" --grpc_python_out="$1" --plugin=protoc-gen-grpc_python="$(command -v grpc_python_plugin)" \
  google/rpc/status.proto stellwerk/v1/submission.proto
# google.rpc lives beside the installed google package.
printf 'import google\ngoogle.__path__.append(__file__.rsplit("/", 1)[0] + "/google")\n' > "$1/stellwerk/__init__.py"
