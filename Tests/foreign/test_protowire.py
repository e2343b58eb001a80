"""Random messages of every type, encoded by Python's protobuf and by ProtoWire, each read by the other: wire and JSON.

ProtoWire's side is protowire-conformance, which answers what the conformance runner would ask.
"""

import os
import random
import struct
import subprocess

import pytest
from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor as Field

ROUNDS = 150
INTEGERS = {
    Field.CPPTYPE_INT32: (-(1 << 31), (1 << 31) - 1), Field.CPPTYPE_UINT32: (0, (1 << 32) - 1),
    Field.CPPTYPE_INT64: (-(1 << 63), (1 << 63) - 1), Field.CPPTYPE_UINT64: (0, (1 << 64) - 1)}
LETTERS = 'abcXYZ09 _-"\\/\n\t\0\x7fäß€漢😀\u2028'


class ProtoWire:
    def __init__(self):
        self.process = subprocess.Popen([os.environ["PROTOWIRE_CONFORMANCE"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, kind, output, **payload):
        from conformance import conformance_pb2 as pb

        request = pb.ConformanceRequest(
            message_type=kind, requested_output_format=output, test_category=pb.BINARY_TEST, **payload).SerializeToString()
        self.process.stdin.write(len(request).to_bytes(4, "little") + request)
        self.process.stdin.flush()
        size = int.from_bytes(self.process.stdout.read(4), "little")
        response = pb.ConformanceResponse.FromString(self.process.stdout.read(size))
        result = response.WhichOneof("result")
        assert result in ("protobuf_payload", "json_payload"), f"{response} for {request!r}"
        return getattr(response, result)

    def wire(self, kind, **payload):
        return self.ask(kind, 1, **payload)

    def json(self, kind, **payload):
        return self.ask(kind, 2, **payload)


@pytest.fixture(scope="module")
def testee():
    testee = ProtoWire()
    yield testee
    testee.process.stdin.close()
    assert testee.process.wait(timeout=60) == 0


def scalar(field, rng):
    if field.cpp_type in INTEGERS:
        low, high = INTEGERS[field.cpp_type]
        return rng.choice([low, high, 0, 1, rng.randint(low, high), rng.randint(max(low, -300), 300)])
    if field.cpp_type == Field.CPPTYPE_DOUBLE:
        return rng.choice([0.0, -0.0, 1.5, 1e300, 5e-324, float("inf"), -float("inf"), rng.uniform(-1e6, 1e6), rng.random()])
    if field.cpp_type == Field.CPPTYPE_FLOAT:
        value = rng.choice([0.0, 1.5, 3e38, 1e-45, float("inf"), rng.uniform(-1e6, 1e6), rng.random()])
        return struct.unpack("<f", struct.pack("<f", value))[0]
    if field.cpp_type == Field.CPPTYPE_BOOL:
        return rng.random() < 0.5
    if field.cpp_type == Field.CPPTYPE_ENUM:
        return rng.choice(field.enum_type.values).number
    if field.type == Field.TYPE_BYTES:
        return rng.randbytes(rng.randrange(12))
    return "".join(rng.choice(LETTERS) for _ in range(rng.randrange(20)))


def anything(rng, depth=0):
    """What google.protobuf.Struct may hold."""
    kind = rng.randrange(6 if depth < 3 else 4)
    if kind == 4:
        return [anything(rng, depth + 1) for _ in range(rng.randrange(3))]
    if kind == 5:
        return {f"k{n}": anything(rng, depth + 1) for n in range(rng.randrange(3))}
    return [None, rng.random() < 0.5, rng.uniform(-9, 9), "sä"][kind]


def fill_well_known(message, rng):
    """Whether the message is of a type whose values must fit its JSON; it is filled then."""
    name = message.DESCRIPTOR.full_name
    if name == "google.protobuf.Timestamp":
        message.seconds, message.nanos = rng.randint(-62135596800, 253402300799), rng.choice([0, 1, 5_000, 7_000_000])
    elif name == "google.protobuf.Duration":
        sign = rng.choice([-1, 1])
        message.seconds, message.nanos = sign * rng.randint(0, 315576000000 - 1), sign * rng.choice([0, 1, 5_000, 7_000_000])
    elif name == "google.protobuf.FieldMask":
        message.paths.extend(rng.sample(["a", "foo_bar", "a.b_c", "x9.y"], rng.randrange(4)))
    elif name == "google.protobuf.Struct":
        json_format.ParseDict({f"k{n}": anything(rng) for n in range(rng.randrange(3))}, message)
    elif name == "google.protobuf.Value":
        json_format.ParseDict(anything(rng), message)
    elif name == "google.protobuf.ListValue":
        json_format.ParseDict([anything(rng) for _ in range(rng.randrange(3))], message)
    elif name == "google.protobuf.Any":
        from google.protobuf import duration_pb2, wrappers_pb2

        message.Pack(rng.choice([duration_pb2.Duration(seconds=5), wrappers_pb2.StringValue(value="x")]))
    else:
        return False
    return True


def fill(message, rng, depth=0):
    if fill_well_known(message, rng):
        return
    for field in message.DESCRIPTOR.fields:
        if rng.random() > (0.3 if depth == 0 else 0.1):
            continue
        is_message = field.cpp_type == Field.CPPTYPE_MESSAGE
        if is_message and field.message_type.GetOptions().map_entry:
            key, value = field.message_type.fields_by_name["key"], field.message_type.fields_by_name["value"]
            for _ in range(rng.randrange(4)):
                name = scalar(key, rng)
                if value.cpp_type != Field.CPPTYPE_MESSAGE:
                    getattr(message, field.name)[name] = scalar(value, rng)
                elif depth < 3:
                    fill(getattr(message, field.name)[name], rng, depth + 1)
        elif field.is_repeated:
            for _ in range(rng.randrange(4)):
                if not is_message:
                    getattr(message, field.name).append(scalar(field, rng))
                elif depth < 3:
                    fill(getattr(message, field.name).add(), rng, depth + 1)
        elif not is_message:
            setattr(message, field.name, scalar(field, rng))
        elif depth < 3:
            child = getattr(message, field.name)
            child.SetInParent()
            fill(child, rng, depth + 1)


def messages(edition):
    from conformance import test_messages_proto2_pb2, test_messages_proto3_pb2

    kind = test_messages_proto3_pb2.TestAllTypesProto3 if edition == 3 else test_messages_proto2_pb2.TestAllTypesProto2
    rng = random.Random(edition)
    for _ in range(ROUNDS):
        message = kind()
        fill(message, rng)
        yield message.DESCRIPTOR.full_name, message


def same(message, wire):
    """Compares encodings: NaN is not equal to itself."""
    other = type(message).FromString(wire)
    assert other.SerializeToString(deterministic=True) == message.SerializeToString(deterministic=True), f"{message} {other}"


@pytest.mark.parametrize("edition", [2, 3], ids=["proto2", "proto3"])
def test_wire_bytes_of_each_are_read_by_the_other(testee, edition):
    for kind, message in messages(edition):
        same(message, testee.wire(kind, protobuf_payload=message.SerializeToString()))


@pytest.mark.parametrize("edition", [2, 3], ids=["proto2", "proto3"])
def test_our_json_is_read_by_python(testee, edition):
    for kind, message in messages(edition):
        text = testee.json(kind, protobuf_payload=message.SerializeToString())
        same(message, json_format.Parse(text, type(message)()).SerializeToString())


@pytest.mark.parametrize("edition", [2, 3], ids=["proto2", "proto3"])
def test_json_of_python_is_read_by_us(testee, edition):
    for kind, message in messages(edition):
        same(message, testee.wire(kind, json_payload=json_format.MessageToJson(message)))
