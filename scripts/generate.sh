#!/bin/sh
# Writes the Swift code for Protos/ into Sources/. With --check, writes nothing and fails if what is there is stale.
set -eu
cd "$(dirname "$0")/.."

check=false
case "${1-}" in
  '') ;;
  --check) check=true ;;
  *)
    echo "usage: scripts/generate.sh [--check]" >&2
    exit 64
    ;;
esac

if ! command -v protoc >/dev/null; then
  echo "protoc is missing: apt-get install protobuf-compiler" >&2
  exit 69
fi

swift build --product protoc-gen-protowire >&2
plugin="$(swift build --show-bin-path)/protoc-gen-protowire"

temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT INT TERM

# Which Swift module holds what is generated for the .proto files of a directory.
modules='Module=users:UserAPI,Module=google/protobuf/compiler:protoc_gen_protowire'

# Debian's protoc is older than editions. The protoc of the foreign checks knows them; where there is neither, what is
# generated of such files stays as it is, and GeneratorTests finds out if it is stale.
version=$(protoc --version)
version=${version##* }
if [ "${version%%.*}" -ge 27 ]; then
  newer_protoc=protoc
elif [ -x .local/venv/bin/python ]; then
  newer_protoc='.local/venv/bin/python -m grpc_tools.protoc'
else
  newer_protoc=
fi

protoc=protoc
keep=
# What is made of services: servers' protocols and clients, by default.
services=true
# Whether the comments are written as data too.
comments=false
# generate TARGET VISIBILITY FILE... writes to TARGET/Generated. Files there that match the pattern `keep` are left alone.
generate() {
  target=$1
  visibility=$2
  shift 2
  mkdir -p "$temporary/$target"
  $protoc -I Protos -I Tests/Protos --plugin=protoc-gen-protowire="$plugin" \
    --protowire_opt="Visibility=$visibility,Services=$services,Comments=$comments,$modules" --protowire_out="$temporary/$target" "$@"
  if $check; then
    if ! diff -ruN ${keep:+-x "$keep"} "$target/Generated" "$temporary/$target"; then
      echo "$target/Generated is stale: run make generate" >&2
      exit 1
    fi
  else
    mkdir -p "$target/Generated"
    # Only what changed is touched, so that builds stay incremental; what has no .proto file any more goes.
    for file in "$target/Generated"/*.pb.swift; do
      case ${file##*/} in $keep) continue ;; esac
      [ -e "$temporary/$target/${file##*/}" ] || rm -f "$file"
    done
    for file in "$temporary/$target"/*.pb.swift; do
      cmp -s "$file" "$target/Generated/${file##*/}" || cp "$file" "$target/Generated/"
    done
  fi
}
# generate_with_editions TARGET VISIBILITY FILE...: some of the files, with edition in their names, need the newer protoc.
generate_with_editions() {
  if [ -n "$newer_protoc" ]; then
    protoc=$newer_protoc
    generate "$@"
  else
    keep='*edition*'
    for file; do
      shift
      case $file in *edition*) ;; *) set -- "$@" "$file" ;; esac
    done
    generate "$@"
  fi
  protoc=protoc
  keep=
}

cd Protos
google=$(ls google/protobuf/*.proto)
cd ..
generate Sources/ProtoWire public $google
generate Sources/protoc-gen-protowire internal google/protobuf/compiler/plugin.proto
generate Sources/RPCCore public google/api/annotations.proto google/api/field_behavior.proto google/api/http.proto \
  google/rpc/code.proto google/rpc/error_details.proto google/rpc/status.proto rpcgateway/v1/schema.proto \
  rpcgraphql/v1/graphql.proto
services=server
generate Sources/RPCServer internal grpc/health/v1/health.proto grpc/reflection/v1/reflection.proto \
  grpc/reflection/v1alpha/reflection.proto
generate Sources/RPCDiagnostics internal grpc/channelz/v1/channelz.proto
services=true
comments=true
generate Sources/UserAPI public users/v1/access.proto users/v1/accounts.proto users/v1/users.proto
comments=false
services=server
generate Sources/bench-server internal benchmark/benchmark.proto helloworld/helloworld.proto
services=client
generate Sources/RPCDynamic internal grpc/reflection/v1/reflection.proto
generate Sources/RPCClient internal grpc/health/v1/health.proto grpc/service_config/service_config.proto \
  xds/data/orca/v3/orca_load_report.proto
services=true
generate Sources/ConformanceAPI package connectrpc/conformance/v1/client_compat.proto connectrpc/conformance/v1/config.proto \
  connectrpc/conformance/v1/server_compat.proto connectrpc/conformance/v1/service.proto
generate Sources/InteropAPI package grpc/testing/empty.proto grpc/testing/messages.proto grpc/testing/test.proto

cd Protos
messages=$(ls conformance/*.proto)
cd ..
generate_with_editions Sources/protowire-conformance internal $messages

# For tests.
generate Tests/TestMessages public everything.proto extensions.proto legacy.proto wellknown.proto
generate Tests/RPCServerTests internal guarded.proto
comments=true
generate Tests/RPCGatewayTests internal library.proto
generate Tests/RPCGraphQLTests internal garden.proto
comments=false
generate_with_editions Tests/GeneratorTests internal everything.proto hard.proto names.proto clash.proto default.proto \
  editions.proto edition2024.proto
