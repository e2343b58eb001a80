"""Foreign checks: clients that others wrote against the binaries of this repository.

scripts/foreign.sh runs them, with USER_SERVICE, BENCH_SERVER, INTEROP_SERVER, RPC_LOAD, CONFORMANCE_SERVER,
PROTOWIRE_CONFORMANCE, HTTP1_TRANSCRIPT and GRAPHQL_SYNTAX naming the binaries and TEST_DATABASE_URL a Postgres on which databases may be created.
"""

import os
import sys
import tempfile
from pathlib import Path

import connectrpc
import grpc
import pytest

ROOT = Path(__file__).resolve().parents[2]


# Programs that tests start are open to everybody; what keys and tokens do, test_access.py tests.
os.environ["USER_SERVICE_INSECURE_DEV"] = "true"


def pytest_configure(config):
    """Python stubs of Protos/ are made anew for each run: what is tested is what stands there now."""
    from grpc_tools import protoc

    directory = tempfile.TemporaryDirectory(prefix="user-service-stubs-")
    config.add_cleanup(directory.cleanup)
    files = ["rpcgateway/v1/schema.proto", "rpcgraphql/v1/graphql.proto", *(f"users/v1/{name}.proto" for name in ("access", "accounts", "users")),
             "benchmark/benchmark.proto", "helloworld/helloworld.proto",
             *(f"connectrpc/conformance/v1/{name}.proto" for name in ("client_compat", "config", "server_compat", "service")),
             *(f"conformance/{name}.proto" for name in ("conformance", "test_messages_proto2", "test_messages_proto3")),
             "grpc/channelz/v1/channelz.proto",
             *(f"grpc/testing/{name}.proto" for name in ("empty", "messages", "test"))]
    arguments = ["protoc", f"-I{ROOT / 'Protos'}", f"--python_out={directory.name}", f"--grpc_python_out={directory.name}"]
    if protoc.main([*arguments, *files]) != 0:
        raise pytest.UsageError("The Python stubs of Protos/ could not be made.")
    sys.path[:0] = [directory.name, str(Path(__file__).parent)]
    # The stubs of grpc.testing and connectrpc.conformance live beside the installed packages grpc and connectrpc.
    grpc.__path__.append(f"{directory.name}/grpc")
    connectrpc.__path__.append(f"{directory.name}/connectrpc")


@pytest.fixture(scope="session")
def administrator():
    from database import Administrator

    return Administrator()


@pytest.fixture(scope="module")
def database(administrator):
    """A database of this module's own: its URL."""
    with administrator.database() as url:
        yield url


@pytest.fixture(scope="module")
def service(database):
    """A user-service on this module's database, which must end well when the module is through."""
    from programs import UserService

    with UserService(database) as server:
        yield server


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """For localhost, with a client's pair and their authority."""
    from programs import Certificates

    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def users(service):
    """A stub of users.v1.UserService."""
    return service.users


@pytest.fixture(scope="module")
def bench_server():
    from programs import BenchServer

    with BenchServer() as server:
        yield server
