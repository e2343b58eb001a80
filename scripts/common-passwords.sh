#!/bin/bash
# Writes the list of common passwords that accounts may not have, from Debian's python3-django: the 20,000 most common ones that
# Royce Williams found in leaks, without those that are too short anyway. Run it to take a newer list.
set -euo pipefail
cd "$(dirname "$0")/.."

temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT INT TERM
(cd "$temporary" && apt-get download -q python3-django >&2 && dpkg-deb -x python3-django_*.deb .)
list=$temporary/usr/lib/python3/dist-packages/django/contrib/auth/common-passwords.txt.gz

{
  echo '// Made by scripts/common-passwords.sh from common-passwords.txt of Django (BSD-3-Clause, Django Software Foundation and'
  echo '// individual contributors). Do not edit.'
  echo
  echo '/// Passwords of 8 characters or more that many people have, in lower case, with spaces between.'
  echo 'let commonPasswordList: StaticString = #"""'
  gunzip -c "$list" | LC_ALL=C grep -xE '[!-~]{8,}' | LC_ALL=C sort -u | fmt -w 110 | sed 's/^/  /'
  echo '  """#'
} >Sources/UserService/Generated/common_passwords.swift
