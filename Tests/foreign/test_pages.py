"""Lists and exports of thousands of users."""

import base64

import grpc
import pytest
from calls import TIMEOUT, create, failing
from database import psql
from grpc import StatusCode
from users.v1 import users_pb2 as pb

COUNT = 3000
DELETED = 300


@pytest.fixture(scope="module", autouse=True)
def many_users(service, database):
    """Straight into the table, many of them created in the same microsecond."""
    psql(
        database,
        f"""
        INSERT INTO users (id, email, email_normalized, name, labels, create_time, update_time, version)
        SELECT gen_random_uuid(), 'u' || n || '@example.com', 'u' || n || '@example.com', 'User ' || n, '{{"n": "x"}}',
          timestamptz '2026-01-01' + (n / 10) * interval '1 microsecond', now(), 1
        FROM generate_series(1, {COUNT}) AS n;
        UPDATE users SET delete_time = now(), purge_time = now() + interval '30 days'
        WHERE id IN (SELECT id FROM users ORDER BY id LIMIT {DELETED})
        """)


def pages(users, **fields):
    request = pb.ListUsersRequest(**fields)
    while True:
        page = users.ListUsers(request, timeout=TIMEOUT)
        yield list(page.users)
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token


@pytest.mark.parametrize("show_deleted", [False, True])
@pytest.mark.parametrize("order", ["", "create_time", "create_time desc", "email", "email desc"])
def test_pages_tell_everybody_once_and_in_order(users, order, show_deleted):
    found = [user for page in pages(users, page_size=701, order_by=order, show_deleted=show_deleted) for user in page]
    assert len({user.id for user in found}) == len(found) == (COUNT if show_deleted else COUNT - DELETED)
    by_email = order.startswith("email")
    keys = [user.email if by_email else user.create_time.ToNanoseconds() for user in found]
    assert keys == sorted(keys, reverse=order.endswith("desc"))


@pytest.mark.parametrize("size, expected", [(0, 50), (1, 1), (1000, 1000), (1001, 1000), (2**31 - 1, 1000)])
def test_page_sizes(users, size, expected):
    assert len(next(pages(users, page_size=size))) == expected


@pytest.mark.parametrize(
    "change",
    [{"order_by": "email"}, {"show_deleted": True}, {"page_token": "nonsense"}, {"page_token": "\u00e4"}])
def test_a_token_is_bound_to_its_order_and_filter(users, change):
    token = users.ListUsers(pb.ListUsersRequest(page_size=10), timeout=TIMEOUT).next_page_token
    request = pb.ListUsersRequest(**{"page_size": 10, "page_token": token, **change})
    assert failing(StatusCode.INVALID_ARGUMENT, users.ListUsers, request).fields == ["page_token"]


@pytest.mark.parametrize("order", ["email", "email desc"])
def test_a_token_tells_no_email(users, order):
    page = users.ListUsers(pb.ListUsersRequest(page_size=10, order_by=order), timeout=TIMEOUT)
    token = base64.urlsafe_b64decode(page.next_page_token + "=" * (-len(page.next_page_token) % 4))
    assert b"example" not in token and page.users[-1].email.encode()[:4] not in token


def test_an_unknown_order_is_refused(users):
    details = failing(StatusCode.INVALID_ARGUMENT, users.ListUsers, pb.ListUsersRequest(order_by="name; DROP TABLE users"))
    assert details.fields == ["order_by"]


def test_users_created_between_two_pages_move_nobody(users):
    walk = pages(users, page_size=1000, order_by="create_time")
    seen = [user.id for user in next(walk)]
    create(users)
    seen += [user.id for page in walk for user in page]
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize("show_deleted", [False, True])
def test_an_export_has_everybody_once(users, database, show_deleted):
    found = [user.id for user in users.ExportUsers(pb.ExportUsersRequest(show_deleted=show_deleted), timeout=TIMEOUT)]
    expected = psql(database, f"SELECT count(*) FROM users WHERE {show_deleted} OR delete_time IS NULL")
    assert len(set(found)) == len(found) == int(expected)
    assert found == sorted(found)


def test_an_export_can_be_left(users):
    for _ in range(20):
        call = users.ExportUsers(pb.ExportUsersRequest(), timeout=TIMEOUT)
        assert next(call).id
        call.cancel()
        with pytest.raises(grpc.RpcError) as raised:
            list(call)
        assert raised.value.code() == StatusCode.CANCELLED
    assert len(next(pages(users))) == 50
