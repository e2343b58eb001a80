"""Filters, orders, masks and resumed exports, as clients in other languages meet them."""

import httpx
import pytest
from calls import TIMEOUT, create, failing, new_email
from google.protobuf.field_mask_pb2 import FieldMask
from grpc import StatusCode
from users.v1 import users_pb2 as pb


@pytest.fixture(scope="module")
def team(users):
    """Six users of a team of their own; the last two are deleted."""
    name = new_email().split("@")[0]
    members = [create(users, name=f"{name} {index}", labels={"filter.team": name}) for index in range(6)]
    for user in members[4:]:
        users.DeleteUser(pb.DeleteUserRequest(id=user.id), timeout=TIMEOUT)
    return name, members


def listed(users, **fields):
    request = pb.ListUsersRequest(page_size=2, **fields)
    found = []
    while True:
        page = users.ListUsers(request, timeout=TIMEOUT)
        found += [user.id for user in page.users]
        if not page.next_page_token:
            return found
        request.page_token = page.next_page_token


def test_labels_names_and_states(users, team):
    name, members = team
    ids = [user.id for user in members]
    label = f'labels."filter.team" = "{name}"'
    assert listed(users, filter=label) == ids[:4]
    assert listed(users, filter=label, show_deleted=True, order_by="create_time desc") == ids[::-1]
    assert listed(users, filter=f"{label} AND state = DELETED") == ids[4:]
    assert listed(users, filter=f'name = "{name}*"') == ids[:4]
    assert listed(users, filter=f'name = "{name} 2"', order_by="name") == [ids[2]]
    assert listed(users, filter=f'name = "{name}*" AND state = DELETED', order_by="name desc") == ids[:3:-1]
    assert listed(users, filter=f'email = "{members[1].email.upper()}" AND {label}') == [ids[1]]


def test_times(users, team):
    _, members = team
    ids = [user.id for user in members]
    since, until = (members[index].create_time.ToJsonString() for index in (1, 3))
    assert listed(users, filter=f'create_time >= "{since}" AND create_time < {until}') == ids[1:3]
    renamed = users.UpdateUser(
        pb.UpdateUserRequest(user=pb.User(id=ids[0], name=members[0].name + " "), update_mask=FieldMask(paths=["name"])),
        timeout=TIMEOUT)
    changed = listed(users, filter=f'update_time >= "{renamed.update_time.ToJsonString()}"')
    assert changed == [ids[0]]
    deleted = users.GetUser(pb.GetUserRequest(id=ids[4]), timeout=TIMEOUT).delete_time.ToJsonString()
    assert listed(users, filter=f'delete_time >= "{deleted}"', order_by="delete_time desc")[::-1][:2] == ids[4:]


def test_a_total(users, team):
    name, _ = team
    request = pb.ListUsersRequest(filter=f'name = "{name}*"', page_size=1, show_deleted=True, show_total_size=True)
    assert users.ListUsers(request, timeout=TIMEOUT).total_size == 6


@pytest.mark.parametrize("filter, reason", [
    ("state = ACTIVE OR state = DELETED", "NOT_INDEXED"),
    ("labels.a = b AND labels.c = d", "NOT_INDEXED"),
    ("name = *ann*", "NOT_INDEXED"),
    ("nonsense", "INVALID_FORMAT"),
    ("x" * 1001, "TOO_LONG"),
])
def test_what_is_refused_has_a_reason(users, filter, reason):
    details = failing(StatusCode.INVALID_ARGUMENT, users.ListUsers, pb.ListUsersRequest(filter=filter))
    assert [(violation.field, violation.reason) for violation in details.bad_request.field_violations] == [("filter", reason)]


def test_masks(users, team):
    _, members = team
    mask = FieldMask(paths=["email", "labels.`filter.team`"])
    user = users.GetUser(pb.GetUserRequest(id=members[0].id, read_mask=mask), timeout=TIMEOUT)
    assert user == pb.User(email=members[0].email, labels=members[0].labels)
    wrong = pb.GetUserRequest(id=members[0].id, read_mask=FieldMask(paths=["nope"]))
    assert failing(StatusCode.INVALID_ARGUMENT, users.GetUser, wrong).fields == ["read_mask.paths[0]"]


def test_an_export_goes_on_where_it_broke_off(users, team):
    name, members = team
    request = pb.ExportUsersRequest(filter=f'name = "{name}*"', read_mask=FieldMask(paths=["name"]))
    stream = users.ExportUsers(request, timeout=TIMEOUT)
    first = [next(stream), next(stream)]
    stream.cancel()
    request.resume_after = first[-1].id
    rest = list(users.ExportUsers(request, timeout=TIMEOUT))
    found = [user.id for user in first + rest]
    assert found == sorted(user.id for user in members[:4])
    assert all(user.name and not user.email for user in rest)


def test_over_json(service, users, team):
    name, members = team
    with httpx.Client(base_url=f"http://{service.address}", timeout=TIMEOUT) as client:
        parameters = {"filter": f'name = "{name}*"', "readMask": "name,createTime", "showTotalSize": "true"}
        page = client.get("/v1/users", params=parameters).json()
        assert page["totalSize"] == 4 and [user["name"] for user in page["users"]][1:] == [user.name for user in members[1:4]]
        assert set(page["users"][0]) == {"name", "createTime"}
        refused = client.get("/v1/users", params={"filter": "a OR b"})
        assert refused.status_code == 400 and "filter" in refused.text
