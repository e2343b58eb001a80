#!/bin/sh
# Writes the Swift code of codec.proto, by both plugins.
set -eu
cd "$(dirname "$0")"
swift build --product protoc-gen-swift >&2
swift build --package-path .. --product protoc-gen-protowire >&2
protoc -I . -I ../Protos --plugin=protoc-gen-swift="$(swift build --show-bin-path)/protoc-gen-swift" \
  --swift_opt=Visibility=Public --swift_out=Sources/TheirMessages/Generated codec.proto
protoc -I . -I ../Protos \
  --plugin=protoc-gen-protowire="$(swift build --package-path .. --show-bin-path)/protoc-gen-protowire" \
  --protowire_opt=Visibility=public,Module=google/protobuf:ProtoWire --protowire_out=Sources/OurMessages/Generated codec.proto
