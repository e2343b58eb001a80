#!/bin/bash
# Builds release binaries, always with the same flags, so that nothing is built twice; prints their paths.
# usage: scripts/build.sh PRODUCT...
set -euo pipefail
cd "$(dirname "$0")/.."

# One file to copy to a machine without Swift, where the toolchain carries the static libraries.
flags=(-c release)
swift_home=$(dirname "$(dirname "$(readlink -f "$(command -v swift)")")")
[ ! -d "$swift_home/lib/swift_static" ] || flags+=(--static-swift-stdlib)

for product in "$@"; do
  swift build "${flags[@]}" --product "$product" >&2
done
directory=$(swift build "${flags[@]}" --show-bin-path)
for product in "$@"; do
  echo "$directory/$product"
done
