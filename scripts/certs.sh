#!/bin/bash
# Makes certificates for development: an authority, a pair for a server on this machine, and one for a client of mutual TLS.
# What is there and will be valid for a week is kept.
# usage: scripts/certs.sh [directory [host]]   (.local/certs and localhost by default)
set -euo pipefail
cd "$(dirname "$0")/.."

directory=${1:-.local/certs}
host=${2:-localhost}
mkdir -p "$directory"
cd "$directory"

week=$((7 * 24 * 3600))
is_good() {
  openssl verify -CAfile ca.pem server.pem client.pem && openssl x509 -checkend $week -in server.pem &&
    openssl x509 -checkend $week -in client.pem
}

if ! is_good >/dev/null 2>&1; then
  umask 077 # keys are nobody else's business
  log=$(mktemp)
  trap '[ $? -eq 0 ] || cat "$log" >&2; rm -f "$log"' EXIT
  {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 -subj '/CN=user-service development CA' \
      -addext 'basicConstraints=critical,CA:TRUE,pathlen:0' -addext 'keyUsage=critical,keyCertSign' \
      -keyout ca-key.pem -out ca.pem
    # usage: issue name subject-alternative-names extended-key-usage
    issue() {
      openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$1-key.pem" -out "$1.csr"
      openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 90 -out "$1.pem" -extfile <(
        printf '%s\n' "subjectAltName=$2" "extendedKeyUsage=$3" 'keyUsage=critical,digitalSignature' \
          'basicConstraints=critical,CA:FALSE'
      )
      rm "$1.csr"
    }
    issue server "DNS:$host,IP:127.0.0.1,IP:::1" serverAuth
    issue client 'URI:spiffe://development/client' clientAuth
  } >"$log" 2>&1
fi
pwd
