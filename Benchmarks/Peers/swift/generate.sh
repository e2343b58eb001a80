#!/bin/sh
# Writes the Swift code of the two services, by the plugins of the packages themselves.
set -eu
cd "$(dirname "$0")"
for plugin in protoc-gen-swift protoc-gen-grpc-swift-2; do
  swift build -c release --product "$plugin" >&2
done
plugins=$(swift build -c release --show-bin-path)
for name in benchmark helloworld; do
  protoc -I "../../../Protos/$name" --plugin="$plugins/protoc-gen-swift" --plugin="$plugins/protoc-gen-grpc-swift-2" \
    --swift_out=Sources/grpc-swift/Generated --grpc-swift-2_out=Sources/grpc-swift/Generated \
    --grpc-swift-2_opt=Server=true,Client=false "$name.proto"
done
