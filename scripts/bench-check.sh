#!/bin/bash
# Counts instructions and allocations a call under callgrind and holds them to Benchmarks/thresholds.txt.
# usage: scripts/bench-check.sh [--update]   (writes the file anew)
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh build test peers
BENCH_SERVER=$(scripts/build.sh bench-server)
swift build -c release --package-path Benchmarks --product CodecBenchmark >&2
BENCH_CODEC=$(swift build -c release --package-path Benchmarks --show-bin-path)/CodecBenchmark

# valgrind of Debian 12 can't read this toolchain's debugging information; the names of functions stay.
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
for program in "$BENCH_SERVER" "$BENCH_CODEC"; do
  strip --strip-debug -o "$directory/$(basename "$program")" "$program"
done
export BENCH_SERVER=$directory/bench-server BENCH_CODEC=$directory/CodecBenchmark
python3 -B Benchmarks/check.py "$@"
