#!/bin/bash
# Foreign clients (grpcurl, Python grpcio, h2load, raw sockets) against the binaries, on the Postgres of TEST_DATABASE_URL.
# usage: TEST_DATABASE_URL=... scripts/foreign.sh path/to/user-service path/to/bench-server path/to/interop-server [PYTEST-ARGUMENT]...
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -lt 3 ] || [ -z "${TEST_DATABASE_URL-}" ]; then
  sed -n 's/^# \(usage: .*\)/\1/p' "$0" >&2
  exit 64
fi
USER_SERVICE=$(readlink -f "$1")
BENCH_SERVER=$(readlink -f "$2")
INTEROP_SERVER=$(readlink -f "$3")
export USER_SERVICE BENCH_SERVER INTEROP_SERVER
shift 3
venv=$(scripts/venv.sh)
PATH=$venv/bin:$PATH:/usr/sbin exec "$venv/bin/python" -B -m pytest Tests/foreign "$@"
