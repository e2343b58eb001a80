#!/bin/bash
# Measures release binaries beside their peers and writes the tables of docs/benchmarks.md: see there. Takes about 15 minutes
# after the build, and less with a choice of sections.
# usage: scripts/bench.sh [SECTION]...   (`help` lists them)
set -euo pipefail
cd "$(dirname "$0")/.."
program=${PROGRAM-bench}

scripts/setup.sh build database certs test peers
{ read -r BENCH_SERVER && read -r USER_SERVICE && read -r RPC_LOAD; } \
  <<<"$(scripts/build.sh bench-server user-service rpc-load)"
export BENCH_SERVER USER_SERVICE RPC_LOAD
make -s -C Benchmarks/Peers OUT="$PWD/.local/peers" >&2
BENCH_PEERS=$PWD/.local/peers
BENCH_PYTHON=$(scripts/venv.sh)/bin/python
BENCH_CERTS=$(scripts/certs.sh .local/bench-certs)
export BENCH_PEERS BENCH_PYTHON BENCH_CERTS
if [ "$program" = bench ]; then
  # A build of many minutes the first time; without it its rows are missing.
  swift=(swift build -c release --static-swift-stdlib --package-path Benchmarks/Peers/swift --product grpc-swift)
  if [ -n "${BENCH_WITHOUT_SWIFT-}" ] || ! "${swift[@]}" >&2; then
    echo 'bench: grpc-swift-2 is left out.' >&2
  else
    BENCH_GRPC_SWIFT=$("${swift[@]}" --show-bin-path)/grpc-swift
    export BENCH_GRPC_SWIFT
  fi
fi

trap 'scripts/postgres.sh delete bench; scripts/postgres.sh delete bench_disk' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
scripts/postgres.sh start bench
BENCH_DATABASE_URL=$(scripts/postgres.sh url bench) # the whole of it is ours
scripts/postgres.sh start bench_disk
BENCH_DISK_DATABASE_URL=$(scripts/postgres.sh url bench_disk)
export BENCH_DATABASE_URL BENCH_DISK_DATABASE_URL
ulimit -n "$(ulimit -H -n)" # for 10,000 connections
python3 -B "Benchmarks/$program.py" "$@"
