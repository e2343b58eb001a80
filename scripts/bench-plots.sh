#!/bin/bash
# Measures how cost grows and draws it to docs/plots. Takes about six minutes after the build.
# usage: scripts/bench-plots.sh [connections|streams|sizes|users]...   (all by default)
set -euo pipefail
cd "$(dirname "$0")/.."

PROGRAM=plots exec scripts/bench.sh "$@"
