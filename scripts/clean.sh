#!/bin/bash
# Deletes what was built and the databases of tests and measurements. The data of `make run` stays.
set -euo pipefail
cd "$(dirname "$0")/.."

for location in .local/postgres/*.directory; do
  [ -e "$location" ] || continue
  name=$(basename "$location" .directory)
  [ "$name" = run ] || scripts/postgres.sh delete "$name"
done
rm -rf .build .build-* Benchmarks/.build Benchmarks/Peers/swift/.build
rm -rf .local/venv .local/log .local/test-certs .local/bench-certs .local/peers
if [ -e .local/postgres/run.directory ]; then
  echo 'clean: the data of make run stays; scripts/postgres.sh delete run deletes it.'
fi
