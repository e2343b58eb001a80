#!/bin/bash
# Builds the documentation of the libraries from their comments, with the toolchain's docc. usage: scripts/docs.sh [MODULE]...
set -euo pipefail
cd "$(dirname "$0")/.."

[ $# -gt 0 ] || set -- ProtoWire
for module in "$@"; do
  graphs=$PWD/.local/symbols/$module
  rm -rf "$graphs"
  mkdir -p "$graphs" .local/docs
  swift build --scratch-path .build-docs --target "$module" \
    -Xswiftc -emit-symbol-graph -Xswiftc -emit-symbol-graph-dir -Xswiftc "$graphs" >&2
  find "$graphs" -name '*.symbols.json' ! -name "$module*" -delete
  docc convert --fallback-display-name "$module" --fallback-bundle-identifier "user-service.$module" \
    --additional-symbol-graph-dir "$graphs" --output-path ".local/docs/$module" --warnings-as-errors >&2
  echo ".local/docs/$module"
done
