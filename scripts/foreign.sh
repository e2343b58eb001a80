#!/bin/bash
# Foreign clients (grpcurl, Python grpcio, h2load, raw sockets) against the binaries, on the Postgres of TEST_DATABASE_URL.
# usage: TEST_DATABASE_URL=... scripts/foreign.sh DIRECTORY-OF-BINARIES [PYTEST-ARGUMENT]...
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -lt 1 ] || [ -z "${TEST_DATABASE_URL-}" ]; then
  sed -n 's/^# \(usage: .*\)/\1/p' "$0" >&2
  exit 64
fi
binaries=$(readlink -f "$1")
shift
export USER_SERVICE=$binaries/user-service BENCH_SERVER=$binaries/bench-server
export INTEROP_SERVER=$binaries/interop-server INTEROP_CLIENT=$binaries/interop-client RPC_LOAD=$binaries/rpc-load
export CONFORMANCE_SERVER=$binaries/conformance-server CONFORMANCE_CLIENT=$binaries/conformance-client
export PROTOWIRE_CONFORMANCE=${PROTOWIRE_CONFORMANCE:-$binaries/protowire-conformance}
export GRAPHQL_SYNTAX=${GRAPHQL_SYNTAX:-$binaries/graphql-syntax}
export HTTP1_TRANSCRIPT=${HTTP1_TRANSCRIPT:-$binaries/http1-transcript}
venv=$(scripts/venv.sh)
PATH=$venv/bin:$PATH:/usr/sbin exec "$venv/bin/python" -B -m pytest Tests/foreign "$@"
