"""What tests of the user service often need: users, and errors with their details."""

import itertools
import os

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from users.v1 import users_pb2 as pb

_numbers = itertools.count()
TIMEOUT = 30


def new_email(name="ada"):
    return f"{name}.{os.getpid()}.{next(_numbers)}@example.com"


def create(users, **fields):
    fields.setdefault("email", new_email())
    return users.CreateUser(pb.CreateUserRequest(user=pb.User(**fields)), timeout=TIMEOUT)


class Details:
    """The google.rpc details of a failed call."""

    def __init__(self, error):
        self.code = error.code()
        self.message = error.details()
        packed = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin")
        self.status = status_pb2.Status.FromString(packed) if packed else status_pb2.Status()
        self.info = self._find(error_details_pb2.ErrorInfo)
        self.bad_request = self._find(error_details_pb2.BadRequest)
        self.resource = self._find(error_details_pb2.ResourceInfo)
        self.retry = self._find(error_details_pb2.RetryInfo)

    def _find(self, kind):
        for packed in self.status.details:
            if packed.Is(kind.DESCRIPTOR):
                message = kind()
                packed.Unpack(message)
                return message
        return None

    @property
    def fields(self):
        return [violation.field for violation in self.bad_request.field_violations]


def failing(code, call, request, **options):
    """Makes a call that must fail with a code, and answers with its details."""
    options.setdefault("timeout", TIMEOUT)
    with pytest.raises(grpc.RpcError) as raised:
        result = call(request, **options)
        if hasattr(result, "__iter__"):
            list(result)
    details = Details(raised.value)
    assert details.code == code, f"{details.code}: {details.message}"
    return details
