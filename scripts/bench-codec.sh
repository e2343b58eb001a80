#!/bin/sh
# Measures ProtoWire against swift-protobuf. usage: scripts/bench-codec.sh [sum|user|list|numbers|deep]
set -eu
cd "$(dirname "$0")/../Benchmarks"
swift build -c release --product CodecBenchmark >&2
exec "$(swift build -c release --show-bin-path)/CodecBenchmark" "$@"
