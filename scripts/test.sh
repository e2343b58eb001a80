#!/bin/bash
# Every check: the code is formatted and documented, the contract breaks no client, generated code is up to date, Swift
# tests on a real Postgres, foreign clients against the release binary.
# Goes on after a failed check, so that one run tells all; the last line and the exit code say how it went.
set -uo pipefail
cd "$(dirname "$0")/.."

failed=()
summary=()
finish() {
  local status=$?
  trap '' INT TERM HUP
  trap - EXIT
  scripts/postgres.sh stop test || true
  [ ${#summary[@]} -eq 0 ] || printf '%s\n' '' "${summary[@]}"
  if [ "$status" -eq 0 ]; then
    echo 'make test: PASSED'
  else
    echo "make test: FAILED${failed[*]:+ (${failed[*]})}"
  fi
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# check NAME COMMAND...
check() {
  local name=$1 begin=$SECONDS result=ok
  shift
  printf '\n== %s\n' "$name"
  "$@" || result=FAILED
  summary+=("$(printf '%-12s %-6s %4d s' "$name" "$result" $((SECONDS - begin)))")
  [ "$result" = ok ] || failed+=("$name")
  [ "$result" = ok ]
}

start_database() {
  scripts/postgres.sh start test && TEST_DATABASE_URL=$(scripts/postgres.sh url test) && export TEST_DATABASE_URL
}

check setup scripts/setup.sh || exit 69
check database start_database || exit 69
check format scripts/format.sh --check
check docs scripts/docs-check.sh
check contract scripts/contract.sh
check generated scripts/generate.sh --check
if check build swift build --build-tests; then
  # A few tests at a time: they wait for each other's bytes and for timers, and some block a thread of the pool. All at
  # once, which is the default, a server that is to see a silent client in time does not get a processor.
  tests=$(swift build --show-bin-path)/user-servicePackageTests.xctest
  check swift "$tests" --testing-library swift-testing \
    --experimental-maximum-parallelization-width $(($(nproc) + 1)) \
    --skip 'PostgresTests|PostgresUserStoreTests|UserServiceTests'
  # What waits for the database has the processors for itself: its faults are told by time limits.
  check postgres swift test --skip-build --filter PostgresTests
  check store swift test --skip-build --filter PostgresUserStoreTests
  check users swift test --skip-build --filter UserServiceTests
fi
build_release() {
  scripts/build.sh user-service bench-server interop-server interop-client rpc-load conformance-server conformance-client >/dev/null
}
if check release build_release; then
  # The debug build has these already: optimizing generated messages takes longer than their tests.
  PROTOWIRE_CONFORMANCE=$(swift build --show-bin-path)/protowire-conformance
  HTTP1_TRANSCRIPT=$(swift build --show-bin-path)/http1-transcript
  GRAPHQL_SYNTAX=$(swift build --show-bin-path)/graphql-syntax
  export PROTOWIRE_CONFORMANCE HTTP1_TRANSCRIPT GRAPHQL_SYNTAX
  check foreign scripts/foreign.sh .build/release
fi
[ ${#failed[@]} -eq 0 ]
