#!/bin/bash
# Formats the Swift code as .swift-format says. With --check, changes nothing and fails if anything is to be formatted or
# breaks a rule, such as a public symbol without documentation. Generated code is left out.
set -euo pipefail
cd "$(dirname "$0")/.."

case "${1-}" in
  '') command=(format --in-place --parallel) ;;
  --check) command=(lint --strict --parallel) ;;
  *)
    echo "usage: scripts/format.sh [--check]" >&2
    exit 64
    ;;
esac

find Package.swift Sources Tests Plugins -name '*.swift' -not -path '*/Generated/*' -print0 |
  xargs -0 swift format "${command[@]}" --configuration .swift-format --
