"""`serve --channelz`: grpc.channelz.v1 as a foreign client reads it."""

import grpc
import pytest
from calls import TIMEOUT, create
from grpc import StatusCode
from grpc.channelz.v1 import channelz_pb2 as pb, channelz_pb2_grpc
from programs import UserService


def test_connections_and_their_calls(database):
    with UserService(database, "--channelz", listen=("127.0.0.1:0", "127.0.0.1:0")) as service:
        for _ in range(3):
            create(service.users)
        channelz = channelz_pb2_grpc.ChannelzStub(service.channel())
        servers = channelz.GetServers(pb.GetServersRequest(), timeout=TIMEOUT)
        assert servers.end and len(servers.server) == 1
        server = servers.server[0]
        assert [socket.name for socket in server.listen_socket] == service.addresses
        assert server.data.calls_started == 4 and server.data.calls_succeeded == 3
        sockets = channelz.GetServerSockets(pb.GetServerSocketsRequest(server_id=server.ref.server_id), timeout=TIMEOUT)
        assert sockets.end and len(sockets.socket_ref) == 2
        socket = channelz.GetSocket(pb.GetSocketRequest(socket_id=sockets.socket_ref[0].socket_id), timeout=TIMEOUT).socket
        assert socket.data.messages_received == socket.data.messages_sent == 3
        assert socket.remote.tcpip_address.ip_address == bytes([127, 0, 0, 1])


def test_it_is_off_unless_asked_for(service):
    channelz = channelz_pb2_grpc.ChannelzStub(service.channel())
    with pytest.raises(grpc.RpcError) as raised:
        channelz.GetServers(pb.GetServersRequest(), timeout=TIMEOUT)
    assert raised.value.code() == StatusCode.UNIMPLEMENTED
