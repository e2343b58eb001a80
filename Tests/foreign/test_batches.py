"""Batches, request ids and single labels, as clients in other languages meet them."""

import threading
import uuid

import httpx
import pytest
from calls import TIMEOUT, create, failing, new_email
from google.protobuf.field_mask_pb2 import FieldMask
from grpc import StatusCode
from users.v1 import users_pb2 as pb


def creations(count):
    return [pb.CreateUserRequest(user=pb.User(email=new_email())) for _ in range(count)]


def test_a_batch_is_created_read_and_changed(users):
    requests = creations(100)
    made = users.BatchCreateUsers(pb.BatchCreateUsersRequest(requests=requests), timeout=TIMEOUT).users
    assert [user.email for user in made] == [request.user.email for request in requests]
    ids = [user.id for user in reversed(made)]
    found = users.BatchGetUsers(pb.BatchGetUsersRequest(ids=ids), timeout=TIMEOUT).users
    assert list(found) == list(reversed(made))
    updates = [pb.UpdateUserRequest(user=pb.User(id=user.id, name="new", etag=user.etag)) for user in made]
    changed = users.BatchUpdateUsers(pb.BatchUpdateUsersRequest(requests=updates), timeout=TIMEOUT).users
    assert {user.name for user in changed} == {"new"} and [user.id for user in changed] == [user.id for user in made]
    stale = failing(StatusCode.ABORTED, users.BatchUpdateUsers, pb.BatchUpdateUsersRequest(requests=updates))
    assert stale.info.reason == "ETAG_MISMATCH" and stale.info.metadata["index"] == "0"


def test_a_batch_is_all_or_nothing(users):
    taken = create(users)
    requests = creations(3)
    requests[2].user.email = taken.email.upper()
    details = failing(StatusCode.ALREADY_EXISTS, users.BatchCreateUsers, pb.BatchCreateUsersRequest(requests=requests))
    assert (details.info.metadata["index"], details.info.metadata["field"]) == ("2", "email")
    failing(StatusCode.NOT_FOUND, users.LookupUser, pb.LookupUserRequest(email=requests[0].user.email))
    nobody = str(uuid.uuid4())
    details = failing(StatusCode.NOT_FOUND, users.BatchGetUsers, pb.BatchGetUsersRequest(ids=[taken.id, nobody]))
    assert details.info.metadata["index"] == "1" and details.resource.resource_name == nobody


def test_over_json(service, users):
    user = create(users)
    with httpx.Client(base_url=f"http://{service.address}", timeout=TIMEOUT) as client:
        found = client.get("/v1/users:batchGet", params={"ids": [user.id, user.id], "readMask": "email"})
        assert found.json() == {"users": [{"email": user.email}] * 2}
        made = client.post("/v1/users:batchCreate", json={"requests": [{"user": {"email": new_email()}}] * 1})
        assert made.status_code == 200 and len(made.json()["users"]) == 1
        changed = client.post(
            "/v1/users:batchUpdate", json={"requests": [{"user": {"id": user.id, "name": "Ada"}, "updateMask": "name"}]})
        assert changed.json()["users"][0]["name"] == "Ada"


def test_a_request_id_creates_once(users):
    request = pb.CreateUserRequest(user=pb.User(email=new_email()), request_id=str(uuid.uuid4()))
    answers = []

    def call():
        answers.append(users.CreateUser(request, timeout=TIMEOUT))

    threads = [threading.Thread(target=call) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 20 and len({user.id for user in answers}) == 1
    request.user.name = "other"
    assert failing(StatusCode.ALREADY_EXISTS, users.CreateUser, request).info.reason == "REQUEST_ID_REUSED"


@pytest.mark.parametrize("key, path", [("team", "labels.team"), ("a.b/c", "labels.`a.b/c`")])
def test_one_label_at_a_time(users, key, path):
    user = create(users, labels={"kept": "1"})
    set_one = pb.UpdateUserRequest(user=pb.User(id=user.id, labels={key: "x"}), update_mask=FieldMask(paths=[path]))
    assert users.UpdateUser(set_one, timeout=TIMEOUT).labels == {"kept": "1", key: "x"}
    set_one.user.labels.clear()
    assert users.UpdateUser(set_one, timeout=TIMEOUT).labels == {"kept": "1"}
