#!/bin/bash
# Checks that docs/architecture.md names every module of Sources, and that links in the documentation lead to files.
set -euo pipefail
cd "$(dirname "$0")/.."

ok=true
modules=$(awk -F '|' '/^\|/ { print $2 }' docs/architecture.md)
for directory in Sources/*/; do
  module=$(basename "$directory")
  if ! tr -d ' ' <<<"$modules" | tr ',' '\n' | grep -qx "$module"; then
    echo "docs/architecture.md: the module $module is not in the table" >&2
    ok=false
  fi
done

for page in *.md docs/*.md; do
  for target in $(grep -oE '\]\([^)# ]+' "$page" | cut -c 3- | grep -v : || true); do
    if ! [ -e "$(dirname "$page")/$target" ]; then
      echo "$page: there is no $target" >&2
      ok=false
    fi
  done
done
$ok
