#!/bin/bash
# Finds the Debian packages that are missing and installs them.
# usage: scripts/setup.sh [build|database|generate|certs|test|peers]...   (all but the last by default)
set -euo pipefail

declare -A packages=(
  [build]='libnghttp2-dev libssl-dev libpq-dev libjemalloc-dev zlib1g-dev libzstd-dev libidn2-dev libunistring-dev libcrypt-dev pkg-config'
  [database]='postgresql'
  [generate]='protobuf-compiler'
  [certs]='openssl'
  [test]='curl openssl nghttp2-client nghttp2-server python3 python3-venv pgbouncer nginx-light haproxy chromium'
  # What scripts/bench.sh compares with; nothing else needs it.
  [peers]='g++ make libgrpc++-dev libprotobuf-dev protobuf-compiler protobuf-compiler-grpc valgrind'
)

[ $# -gt 0 ] || set -- build database generate certs test

wanted=()
for group in "$@"; do
  if [ -z "${packages[$group]-}" ]; then
    echo "usage: scripts/setup.sh [build|database|generate|certs|test|peers]..." >&2
    exit 64
  fi
  read -ra names <<<"${packages[$group]}"
  wanted+=("${names[@]}")
done

if ! command -v swift >/dev/null; then
  echo 'setup: there is no swift on the PATH. Install a Swift 6.2 or later toolchain (https://www.swift.org/install/linux/)' \
    'and put its usr/bin on the PATH, then try again.' >&2
  exit 69
fi

if ! command -v dpkg >/dev/null; then
  echo "setup: this is not Debian. Make sure that you have what these packages carry: ${wanted[*]}" >&2
  exit 0
fi

missing=()
for name in "${wanted[@]}"; do
  # A package that was removed but not purged is known to dpkg too: only "installed" counts.
  dpkg -s "$name" 2>/dev/null | grep -q '^Status: .* installed$' || missing+=("$name")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "setup: these packages are missing, and installing them needs root or sudo. As root, run:" >&2
    echo "  apt-get update && apt-get install ${missing[*]}" >&2
    exit 69
  fi
  as_root=(sudo)
fi

echo "setup: installing missing packages: ${missing[*]}" >&2
if ! { "${as_root[@]}" apt-get update -q >&2 &&
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" >&2; }; then
  echo "setup: apt-get could not install ${missing[*]}: see above." >&2
  exit 69
fi
