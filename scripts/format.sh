#!/bin/bash
# Formats the Swift code as .swift-format says. With --check, changes nothing and fails if anything is to be formatted or
# breaks a rule: a public symbol without documentation, a line that is too long. Generated code is left out.
set -euo pipefail
cd "$(dirname "$0")/.."

case "${1-}" in
  '') command=(format --in-place) ;;
  --check) command=(lint --strict) ;;
  *)
    echo "usage: scripts/format.sh [--check]" >&2
    exit 64
    ;;
esac

swift_files() {
  find Package.swift Sources Tests Plugins -name '*.swift' -not -path '*/Generated/*' -print0
}

ok=true
swift_files | xargs -0 swift format "${command[@]}" --parallel --configuration .swift-format -- || ok=false

# The formatter leaves comments as they are, and does not measure them. Addresses can't be broken.
if [ "${1-}" = --check ] &&
  swift_files | LC_ALL=C.UTF-8 xargs -0 grep -nE '^ *//.*' | LC_ALL=C.UTF-8 grep -E '^[^:]+:[0-9]+:.{121}' |
  grep -vE 'https?://[^ ]{60}' >&2; then
  echo 'These comments are longer than 120 columns.' >&2
  ok=false
fi
$ok
