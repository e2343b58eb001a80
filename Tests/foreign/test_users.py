"""Python grpcio: every call of users.v1.UserService."""

import re
import uuid

import pytest
from calls import TIMEOUT, create, failing, new_email
from google.protobuf.field_mask_pb2 import FieldMask
from grpc import StatusCode
from users.v1 import users_pb2 as pb

UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def test_a_user_is_created_and_read_back(users):
    labels = {"team": "engines", "office": "london"}
    user = create(users, name="Ada Lovelace", labels=labels)
    assert UUID7.fullmatch(user.id)
    assert (user.name, user.labels, user.state) == ("Ada Lovelace", labels, pb.User.STATE_ACTIVE)
    assert user.create_time == user.update_time and user.create_time.seconds > 1_700_000_000
    assert user.etag and not user.HasField("delete_time") and not user.HasField("purge_time")
    assert users.GetUser(pb.GetUserRequest(id=user.id), timeout=TIMEOUT) == user
    assert users.LookupUser(pb.LookupUserRequest(email=user.email), timeout=TIMEOUT) == user


def test_the_caller_may_choose_the_id(users):
    chosen = str(uuid.uuid4())
    request = pb.CreateUserRequest(user=pb.User(email=new_email()), user_id=chosen.upper())
    assert users.CreateUser(request, timeout=TIMEOUT).id == chosen
    request.user.email = new_email()
    taken = failing(StatusCode.ALREADY_EXISTS, users.CreateUser, request)
    assert taken.info.metadata["field"] == "id"


def test_an_email_is_unique_in_its_normal_form(users):
    user = create(users, email=" Zo\u00eb." + new_email("X").upper() + " ")
    same = "zoe\u0308." + user.email.split(".", 1)[1].lower()
    assert users.LookupUser(pb.LookupUserRequest(email=same), timeout=TIMEOUT).id == user.id
    request = pb.CreateUserRequest(user=pb.User(email=same))
    taken = failing(StatusCode.ALREADY_EXISTS, users.CreateUser, request)
    assert (taken.info.domain, taken.info.reason) == ("user-service", "USER_ALREADY_EXISTS")
    assert taken.info.metadata["field"] == "email"
    assert taken.status.code == StatusCode.ALREADY_EXISTS.value[0] and taken.status.message == taken.message


@pytest.mark.parametrize(
    "email, same",
    [
        ("\u03a3\u0399\u03a3.{}@x.org", "\u03c3\u03b9\u03c2.{}@x.org"),
        ("a.{}@m\u00fcnchen.de", "A.{}@XN--MNCHEN-3YA.de"),
        ("wei\u00df.{}@x.org", "WEISS.{}@X.org"),
    ])
def test_spellings_of_other_scripts_are_one_user(users, email, same):
    unique = uuid.uuid4().hex
    user = create(users, email=email.format(unique))
    assert user.email == email.format(unique)
    assert users.LookupUser(pb.LookupUserRequest(email=same.format(unique)), timeout=TIMEOUT).id == user.id
    request = pb.CreateUserRequest(user=pb.User(email=same.format(unique)))
    assert failing(StatusCode.ALREADY_EXISTS, users.CreateUser, request).info.metadata["field"] == "email"


@pytest.mark.parametrize(
    "email", ["ann\u3164@x.org", "ann\u115f@x.org", "ann\u034f@x.org", "ann@x\u3164.org", "ann@\U0001f98a.org", "ann@xn--a.de"])
def test_twins_by_what_cannot_be_seen_are_refused(users, email):
    for call, request, field in [
        (users.CreateUser, pb.CreateUserRequest(user=pb.User(email=email)), "user.email"),
        (users.LookupUser, pb.LookupUserRequest(email=email), "email"),
    ]:
        assert failing(StatusCode.INVALID_ARGUMENT, call, request).fields == [field]


def test_validate_only_changes_nothing(users):
    request = pb.CreateUserRequest(user=pb.User(email=new_email(), name="Nobody"), validate_only=True)
    assert users.CreateUser(request, timeout=TIMEOUT).name == "Nobody"
    failing(StatusCode.NOT_FOUND, users.LookupUser, pb.LookupUserRequest(email=request.user.email))


def test_every_violation_is_told_at_once(users):
    user = pb.User(email="no at", name="x" * 201, labels={"UPPER": "x", "ok": "y" * 300})
    details = failing(StatusCode.INVALID_ARGUMENT, users.CreateUser, pb.CreateUserRequest(user=user, user_id="no uuid"))
    assert (details.info.domain, details.info.reason) == ("user-service", "INVALID_FIELDS")
    expected = ["user_id", "user.email", "user.name", 'user.labels["UPPER"]', 'user.labels["ok"]']
    assert sorted(details.fields) == sorted(expected)
    assert all(violation.description for violation in details.bad_request.field_violations)


def test_nobody_is_not_found(users):
    nobody = str(uuid.uuid4())
    details = failing(StatusCode.NOT_FOUND, users.GetUser, pb.GetUserRequest(id=nobody))
    assert details.info.reason == "USER_NOT_FOUND"
    assert (details.resource.resource_type, details.resource.resource_name) == ("users.v1.User", nobody)
    for call, request in [
        (users.LookupUser, pb.LookupUserRequest(email=new_email())),
        (users.DeleteUser, pb.DeleteUserRequest(id=nobody)),
        (users.UndeleteUser, pb.UndeleteUserRequest(id=nobody)),
        (users.UpdateUser, pb.UpdateUserRequest(user=pb.User(id=nobody, name="x"))),
    ]:
        assert failing(StatusCode.NOT_FOUND, call, request).info.reason == "USER_NOT_FOUND"


def update(users, paths=None, **fields):
    mask = None if paths is None else FieldMask(paths=paths)
    return users.UpdateUser(pb.UpdateUserRequest(user=pb.User(**fields), update_mask=mask), timeout=TIMEOUT)


def test_an_update_changes_what_its_mask_names(users):
    user = create(users, name="Ada", labels={"a": "1"})
    renamed = update(users, ["name"], id=user.id, name="Augusta", labels={"b": "2"}, etag=user.etag)
    assert (renamed.name, renamed.labels, renamed.email) == ("Augusta", {"a": "1"}, user.email)
    assert renamed.etag != user.etag and renamed.update_time.ToNanoseconds() > user.update_time.ToNanoseconds()
    assert update(users, id=user.id, labels={"c": "3"}).labels == {"c": "3"}
    assert update(users, ["labels"], id=user.id).labels == {}
    moved = new_email()
    everything = update(users, ["*"], id=user.id, email=moved)
    assert (everything.email, everything.name, everything.create_time) == (moved, "", user.create_time)


@pytest.mark.parametrize("path", ["id", "create_time", "etag", "nickname", "labels.A", "labels.a.b", ""])
def test_a_mask_with_a_wrong_path_is_refused(users, path):
    user = create(users)
    request = pb.UpdateUserRequest(user=pb.User(id=user.id), update_mask=FieldMask(paths=["name", path]))
    assert failing(StatusCode.INVALID_ARGUMENT, users.UpdateUser, request).fields == ["update_mask.paths[1]"]


def test_an_old_etag_is_aborted(users):
    user = create(users)
    update(users, id=user.id, name="new")
    for call, request in [
        (users.UpdateUser, pb.UpdateUserRequest(user=pb.User(id=user.id, name="x", etag=user.etag))),
        (users.UpdateUser, pb.UpdateUserRequest(user=pb.User(id=user.id, name="x", etag="nonsense"))),
        (users.DeleteUser, pb.DeleteUserRequest(id=user.id, etag=user.etag)),
    ]:
        assert failing(StatusCode.ABORTED, call, request).info.reason == "ETAG_MISMATCH"
    assert users.GetUser(pb.GetUserRequest(id=user.id), timeout=TIMEOUT).name == "new"


def test_a_deleted_user_can_be_had_back(users):
    user = create(users)
    deleted = users.DeleteUser(pb.DeleteUserRequest(id=user.id, etag=user.etag), timeout=TIMEOUT)
    assert deleted.state == pb.User.STATE_DELETED
    assert deleted.purge_time.ToNanoseconds() > deleted.delete_time.ToNanoseconds()
    assert users.GetUser(pb.GetUserRequest(id=user.id), timeout=TIMEOUT) == deleted
    failing(StatusCode.NOT_FOUND, users.DeleteUser, pb.DeleteUserRequest(id=user.id))
    failing(StatusCode.NOT_FOUND, users.UpdateUser, pb.UpdateUserRequest(user=pb.User(id=user.id, name="x")))
    failing(StatusCode.ALREADY_EXISTS, users.CreateUser, pb.CreateUserRequest(user=pb.User(email=user.email)))

    back = users.UndeleteUser(pb.UndeleteUserRequest(id=user.id, etag=deleted.etag), timeout=TIMEOUT)
    assert back.state == pb.User.STATE_ACTIVE and not back.HasField("delete_time") and not back.HasField("purge_time")
    again = failing(StatusCode.ALREADY_EXISTS, users.UndeleteUser, pb.UndeleteUserRequest(id=user.id))
    assert again.info.reason == "USER_NOT_DELETED"


@pytest.mark.parametrize("size", [-1, -(2**31)])
def test_a_negative_page_size_is_refused(users, size):
    details = failing(StatusCode.INVALID_ARGUMENT, users.ListUsers, pb.ListUsersRequest(page_size=size))
    assert details.fields == ["page_size"]


def test_metadata_comes_and_goes(users):
    call = users.CreateUser.with_call(
        pb.CreateUserRequest(user=pb.User(email=new_email())), timeout=TIMEOUT,
        metadata=[("x-request-id", "7"), ("trace-bin", bytes(range(256))), ("x-long", "v" * 4000)])[1]
    assert call.code() == StatusCode.OK
    details = failing(
        StatusCode.NOT_FOUND, users.GetUser, pb.GetUserRequest(id=str(uuid.uuid4())), metadata=[("x-empty", "")])
    assert details.info is not None


def test_an_unknown_method_is_unimplemented(service):
    call = service.channel().unary_unary("/users.v1.UserService/NoSuchCall")
    failing(StatusCode.UNIMPLEMENTED, call, b"")
    call = service.channel().unary_unary("/users.v1.NoSuchService/GetUser")
    failing(StatusCode.UNIMPLEMENTED, call, b"")
