#!/bin/bash
# Fuzzes the wire reader, the JSON reader, the transcoder, HTTP/1.1, what clients read and GraphQL with libFuzzer and the address sanitizer.
# What is found new goes to .local/fuzz; an input that fails goes to Tests/Fuzzing/Corpus, where `make test` replays it.
# usage: scripts/fuzz.sh [wire|json|transcode|http1|responses|trailers|config|graphql]...      FUZZ_SECONDS=60: how long each runs
set -euo pipefail
cd "$(dirname "$0")/.."

[ $# -gt 0 ] || set -- wire json transcode http1 responses trailers config graphql
# The compiler is told of the fuzzer, the linker is not: it would take libFuzzer's main, and there is one already.
clang=$(dirname "$(readlink -f "$(command -v swift)")")/../lib/clang
runtime=$(find "$clang" -name "libclang_rt.fuzzer_no_main-$(uname -m).a" | head -1)
if [ -z "$runtime" ]; then
  echo "fuzz: this Swift toolchain has no libFuzzer." >&2
  exit 69
fi
flags=(-c release --scratch-path .build-fuzz --sanitize=address -Xswiftc -DFUZZING
  -Xswiftc -Xfrontend -Xswiftc -sanitize=fuzzer,address -Xlinker "$runtime" -Xlinker -lstdc++)
swift build "${flags[@]}" --product protowire-fuzz >&2
fuzzer=$(swift build "${flags[@]}" --show-bin-path)/protowire-fuzz
failed=0
# Swift's own report of a crash gets in the way of the sanitizer's.
export SWIFT_BACKTRACE=enable=no
for target in "$@"; do
  found=.local/fuzz/$target
  mkdir -p "$found" "Tests/Fuzzing/Corpus/$target"
  dictionary=Tests/Fuzzing/json.dict
  case $target in
    graphql | http1 | responses | trailers) dictionary=Tests/Fuzzing/$target.dict ;;
  esac
  echo "== $target: ${FUZZ_SECONDS:-60} s" >&2
  "$fuzzer" "$target" -max_total_time="${FUZZ_SECONDS:-60}" -max_len=4096 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -dict="$dictionary" -artifact_prefix="Tests/Fuzzing/Corpus/$target/" "$found" "Tests/Fuzzing/Corpus/$target" \
    2>"$found.log" || failed=1
  grep -E '^(stat::number_of_executed_units|SUMMARY|==.*ERROR)|Test unit written' "$found.log" >&2 || tail -5 "$found.log" >&2
done
exit "$failed"
