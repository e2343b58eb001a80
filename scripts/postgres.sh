#!/bin/bash
# A private Postgres for development: its data is under .local/postgres, it listens on a free port of the loopback
# interface only and leaves any other Postgres of the machine alone. Every local user may log in without a password
# (trust): fine for development and tests, not for anything else.
#
# usage: scripts/postgres.sh start|stop|crash|promote|url|status|delete [run|test|NAME] | standby NAME PRIMARY
#   start   starts it unless it runs; creates it the first time
#   standby starts it like `start`, but creates it as a streaming standby of the server PRIMARY, which runs
#   promote makes a standby a primary
#   stop    stops it if it runs; crash does so the hard way, as a power cut of the server would
#   url     prints its URL, for DATABASE_URL
#   status  says whether it runs; exit code 3 if not
#   delete  stops it and deletes its data
# `run` (the default) keeps its data safe, and so does what ends in `_disk`. All others are for tests: they do not wait for
# the disk.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd -P)

usage() {
  sed -n 's/^# \(usage: .*\)/\1/p' "$0" >&2
  exit 64
}
fail() {
  echo "postgres: $*" >&2
  exit 69
}

command=${1-}
name=${2-run}
primary=${3-}
case "$command,$#" in start,[12] | stop,[12] | crash,[12] | promote,[12] | url,[12] | status,[12] | delete,[12] | standby,3) ;; *) usage ;; esac
case "$name" in '' | *[!a-z0-9_]*) usage ;; esac
case "$primary" in *[!a-z0-9_]*) usage ;; esac

state=$here/.local/postgres
directory_file=$state/$name.directory
port_file=$state/$name.port

# The newest Postgres of the machine, of Debian or on the PATH.
find_binaries() {
  local newest
  newest=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
  if [ -n "$newest" ] && [ -x "$newest/initdb" ]; then
    echo "$newest"
  elif command -v initdb >/dev/null; then
    dirname "$(readlink -f "$(command -v initdb)")"
  else
    fail 'there is no Postgres server on this machine: scripts/setup.sh database installs it.'
  fi
}

# Postgres refuses to run as root, so root runs it as the user postgres.
as_owner() {
  if [ "$(id -u)" -eq 0 ]; then
    (cd / && exec runuser -u postgres -- env LC_ALL=C "$@")
  else
    (cd / && exec env LC_ALL=C "$@")
  fi
}

# Sets `directory`, where the data is or will be.
choose_directory() {
  if [ -e "$directory_file" ]; then
    directory=$(<"$directory_file")
    return
  fi
  mkdir -p "$state" 2>/dev/null || fail "$state can't be written. If root created it, delete it as root first."
  directory=$state/$name
  if [ "$(id -u)" -eq 0 ]; then
    id postgres >/dev/null 2>&1 || fail 'root can run Postgres only as the user postgres, and there is no such user.'
    install -d -o postgres -m 700 "$directory"
    if ! as_owner test -w "$directory" 2>/dev/null; then
      rmdir "$directory"
      directory=/var/lib/user-service-development/$(echo "$here" | cksum | cut -d ' ' -f 1)/$name
      install -d -m 755 "$(dirname "$directory")"
      install -d -o postgres -m 700 "$directory"
      as_owner test -w "$directory" || fail "neither $state nor $directory can be reached by the user postgres."
      echo "postgres: the user postgres can't reach $here, so the data is in $directory." >&2
    fi
  else
    mkdir -p -m 700 "$directory"
  fi
  echo "$directory" >"$directory_file"
}

# Whether the process of the pid file is our server. After a crash or a restart of the machine the number may be that of
# any other process, so the number alone says nothing; a Postgres server stands in its data directory.
is_running() {
  [ -e "$directory_file" ] || return 1
  directory=$(<"$directory_file")
  local pid
  pid=$(head -n 1 "$directory/data/postmaster.pid" 2>/dev/null) || return 1
  [[ $pid =~ ^[0-9]+$ ]] || return 1
  [ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" = "$directory/data" ]
}

# url [PORT-FILE]
url() {
  echo "postgresql://postgres@127.0.0.1:$(<"${1-$port_file}")/users"
}

is_port_taken() {
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# The port of the last time if it is free, else another one below the range that the kernel hands out itself.
choose_port() {
  local port
  port=$(cat "$port_file" 2>/dev/null || true)
  while [ -z "$port" ] || is_port_taken "$port"; do
    port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
  done
  echo "$port" >"$port_file"
}

create() {
  [ ! -e "$directory/data/PG_VERSION" ] || return 0
  echo "postgres: creating $directory" >&2
  # initdb cleans up after itself when it fails, but not when it is killed.
  as_owner rm -rf "$directory/data.new"
  if [ -n "$primary" ]; then
    as_owner "$binaries/pg_basebackup" -d "$(url "$state/$primary.port")" -D "$directory/data.new" -R -X stream \
      --checkpoint=fast --no-sync >"$state/$name.initdb.log" 2>&1 ||
      fail "pg_basebackup failed: $(tail -n 3 "$state/$name.initdb.log")"
  else
    as_owner "$binaries/initdb" -D "$directory/data.new" -U postgres --auth=trust -E UTF8 --locale=C.UTF-8 --no-sync \
      >"$state/$name.initdb.log" 2>&1 || fail "initdb failed: $(tail -n 3 "$state/$name.initdb.log")"
  fi
  as_owner mv "$directory/data.new" "$directory/data"
}

start() {
  mkdir -p "$state" 2>/dev/null || fail "$state can't be written. If root created it, delete it as root first."
  exec 9>"$state/$name.lock" || fail "$state can't be written. If root created it, delete it as root first."
  flock 9
  if is_running; then
    wait_until_ready
    return
  fi
  binaries=$(find_binaries)
  choose_directory
  create
  as_owner rm -f "$directory/data/postmaster.pid"

  local options attempt
  options="-c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=200"
  [ "$name" = run ] || options="$options -c max_connections=1000"
  case "$name" in run | *_disk) ;; *) options="$options -c fsync=off -c full_page_writes=off" ;; esac
  for attempt in 1 2 3 4 5; do
    choose_port
    # A session of its own: ctrl-C at the terminal is for the service, which still needs its database to drain.
    if as_owner setsid "$binaries/pg_ctl" start -w -t 60 -s -D "$directory/data" -l "$directory/server.log" \
      -o "$options -p $(<"$port_file")" </dev/null >/dev/null 2>&1 9>&-; then
      wait_until_ready
      echo "postgres: started $name on 127.0.0.1:$(<"$port_file"), without passwords" >&2
      return
    fi
    # Somebody may have been faster to take the port.
    is_port_taken "$(<"$port_file")" || break
  done
  echo "postgres: $name does not start. The end of $directory/server.log:" >&2
  as_owner tail -n 10 "$directory/server.log" >&2 || true
  exit 69
}

# Ready means that it answers and has the database `users`.
wait_until_ready() {
  local attempt binaries answer
  binaries=$(find_binaries)
  for attempt in {1..300}; do
    answer=$("$binaries/psql" -X -q -t -A -d "postgresql://postgres@127.0.0.1:$(<"$port_file")/postgres" \
      -c "SELECT count(*) FROM pg_database WHERE datname = 'users'" 2>/dev/null 9>&-) || answer=
    case "$answer" in
      1) return ;;
      0) "$binaries/createdb" -h 127.0.0.1 -p "$(<"$port_file")" -U postgres users 9>&- || true ;;
    esac
    sleep 0.1
  done
  fail "$name does not answer: see $directory/server.log"
}

# stop MODE
stop() {
  is_running || return 0
  local binaries
  binaries=$(find_binaries)
  as_owner "$binaries/pg_ctl" stop -w -t 60 -s -m "$1" -D "$directory/data" >&2 || fail "$name does not stop."
  echo "postgres: stopped $name" >&2
}

case "$command" in
  start | standby) start ;;
  promote)
    is_running || fail "$name does not run."
    as_owner "$(find_binaries)/pg_ctl" promote -w -t 60 -s -D "$directory/data" >&2 || fail "$name can't be promoted."
    ;;
  stop) stop fast ;;
  crash) stop immediate ;;
  url)
    [ -e "$port_file" ] || fail "$name was never started: scripts/postgres.sh start $name"
    url
    ;;
  status)
    if is_running; then
      echo "running: $(url)"
    else
      echo 'not running'
      exit 3
    fi
    ;;
  delete)
    stop immediate
    if [ -e "$directory_file" ]; then
      rm -rf "$(<"$directory_file")"
      rm -f "$state/$name".*
    fi
    ;;
esac
