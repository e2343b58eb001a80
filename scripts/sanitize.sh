#!/bin/bash
# Runs the Swift tests under a sanitizer, those with a database included. With address, C has traps for undefined behaviour too:
# Swift has its own, always.
# usage: scripts/sanitize.sh address|thread [swift test arguments]
set -euo pipefail
cd "$(dirname "$0")/.."

case "${1-}" in
  address | thread) sanitizer=$1 ;;
  *)
    echo 'usage: scripts/sanitize.sh address|thread [swift test arguments]' >&2
    exit 64
    ;;
esac
shift

# A finding gives an exit code of its own; Swift's report of a crash would get in its way.
suppressions=$PWD/Tests/sanitizers
export ASAN_OPTIONS=detect_leaks=1
export LSAN_OPTIONS=suppressions=$suppressions/leaks.txt:print_suppressions=0
export TSAN_OPTIONS=exitcode=66
export SWIFT_BACKTRACE=enable=no

if [ "$sanitizer" = thread ]; then
  mkdir -p .build-thread
  clang -shared -fPIC -O1 -o .build-thread/ordering.so Tests/sanitizers/ordering.c
  preload=(env "LD_PRELOAD=$PWD/.build-thread/ordering.so")
else
  preload=()
fi
trap 'scripts/postgres.sh stop test' EXIT
scripts/postgres.sh start test
TEST_DATABASE_URL=$(scripts/postgres.sh url test)
export TEST_DATABASE_URL

flags=(--sanitize="$sanitizer" --scratch-path ".build-$sanitizer")
[ "$sanitizer" = thread ] || flags+=(-Xcc -fsanitize=undefined -Xcc -fsanitize-trap=undefined)
swift build --build-tests "${flags[@]}"
if [ $# -gt 0 ]; then
  "${preload[@]}" swift test --skip-build "${flags[@]}" "$@"
  exit
fi
# As scripts/test.sh has it: tests that block one at a time, those with a database together.
"${preload[@]}" swift test --skip-build "${flags[@]}" --no-parallel --skip 'PostgresTests|PostgresUserStoreTests|UserServiceTests'
"${preload[@]}" swift test --skip-build "${flags[@]}" --filter PostgresTests
"${preload[@]}" swift test --skip-build "${flags[@]}" --filter PostgresUserStoreTests
"${preload[@]}" swift test --skip-build "${flags[@]}" --filter UserServiceTests
