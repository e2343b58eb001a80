#!/bin/bash
# Measures release binaries: GetSum and StreamSum of bench-server beside nghttpd, GetUser of user-service beside pgbench
# on a private Postgres. Takes 3-4 minutes after the build.
# usage: scripts/bench.sh [sum] [latency] [stream] [user]   (all of them by default)
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh build database test
{ read -r BENCH_SERVER && read -r USER_SERVICE; } <<<"$(scripts/build.sh bench-server user-service)"
export BENCH_SERVER USER_SERVICE

trap 'scripts/postgres.sh delete bench' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
scripts/postgres.sh start bench
BENCH_DATABASE_URL=$(scripts/postgres.sh url bench) # the whole of it is ours
export BENCH_DATABASE_URL
python3 -B Benchmarks/bench.py "$@"
