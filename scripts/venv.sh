#!/bin/bash
# Makes the Python environment of the foreign checks, and again when its list of packages changed; prints its directory.
set -euo pipefail
cd "$(dirname "$0")/.."

requirements=Tests/foreign/requirements.txt
venv=$PWD/.local/venv
if ! cmp -s "$requirements" "$venv/requirements.txt"; then
  rm -rf "$venv"
  mkdir -p .local
  python3 -m venv "$venv" >&2
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$requirements" >&2
  cp "$requirements" "$venv/requirements.txt"
fi
echo "$venv"
