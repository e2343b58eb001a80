#!/bin/bash
# Checks the contract of the user service, Protos/users: its style, and that it breaks nothing of the last release.
# With --release, writes what later versions must not break, to Protos/users/released.txtpb; a breaking contract is refused.
set -euo pipefail
cd "$(dirname "$0")/.."

released=Protos/users/released.txtpb
case "${1-}" in
  '' | --release) ;;
  *)
    echo "usage: scripts/contract.sh [--release]" >&2
    exit 64
    ;;
esac

buf=$(scripts/venv.sh)/bin/buf
ok=true
"$buf" lint || ok=false
if ! "$buf" breaking --against "$released"; then
  echo "The contract breaks clients of the last release ($released). Add instead of changing, or start users.v2." >&2
  ok=false
fi
$ok
[ "${1-}" != --release ] || "$buf" build --exclude-source-info -o "$released"
