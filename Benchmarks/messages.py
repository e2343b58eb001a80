"""Protobuf and gRPC bytes by hand, so that what measures needs no library of what is measured."""

import uuid


def varint(value):
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + varint(value >> 7)


def field(number, value):
    """A protobuf field: an int as a varint, bytes by their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def framed(message):
    """A gRPC message: not compressed, its length, itself."""
    return b"\0" + len(message).to_bytes(4, "big") + message


def user(number):
    """A User as a caller would create it, 15 characters of name and two labels."""
    labels = b"".join(field(4, field(1, key) + field(2, b"platform")) for key in (b"team", b"office"))
    return field(2, f"ada-{number:08}@example.com".encode()) + field(3, b"Ada King-Byron") + labels


def user_id(number):
    return str(uuid.UUID(int=(0x0190D5F17A4C7C1E << 64) | (0x8 << 60) | number))
