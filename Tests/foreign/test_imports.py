"""ImportUsers and SyncUsers, also when the service is killed in their middle: nothing is doubled, nothing is lost."""

import json
import threading
import uuid

import bcrypt
import grpc
import httpx
import pytest
from calls import TIMEOUT, create, failing, new_email
from database import psql
from grpc import StatusCode
from programs import UserService, eventually
from users.v1 import accounts_pb2, accounts_pb2_grpc
from users.v1 import users_pb2 as pb


def rows(prefix, count, import_id="", first=0):
    for index in range(first, count):
        yield pb.ImportUsersRequest(
            import_id=import_id, first_index=first if index == first else 0,
            user=pb.ImportedUser(email=f"{prefix}{index}@example.com", name=f"N{index}", labels={"import": prefix}))


def test_bad_rows_are_reported_and_the_others_imported(users):
    taken = create(users)
    prefix = new_email().split("@")[0]
    requests = list(rows(prefix, 3000))
    requests[5].user.email = "no at"
    requests[2500].user.email = taken.email.upper()
    done = users.ImportUsers(iter(requests), timeout=TIMEOUT)
    assert (done.row_count, done.imported_count, done.failed_count) == (3000, 2998, 2)
    assert [(failure.index, failure.reason, failure.field) for failure in done.failures] == [
        (5, "INVALID_FORMAT", "email"), (2500, "USER_ALREADY_EXISTS", "email")]
    assert users.GetImport(pb.GetImportRequest(id=done.id), timeout=TIMEOUT) == done
    again = users.ImportUsers(rows(prefix, 3000, import_id=done.id), timeout=TIMEOUT)
    assert again == done
    found = users.ListUsers(
        pb.ListUsersRequest(filter=f'labels.import = "{prefix}"', show_total_size=True), timeout=TIMEOUT)
    assert found.total_size == 2998


def test_passwords_of_another_system_come_along(service, users):
    email = new_email()
    hashed = bcrypt.hashpw(b"correct horse battery", bcrypt.gensalt(4)).decode()
    request = pb.ImportUsersRequest(user=pb.ImportedUser(email=email, password_hash=hashed))
    assert users.ImportUsers(iter([request]), timeout=TIMEOUT).imported_count == 1
    row = users.LookupUser(pb.LookupUserRequest(email=email), timeout=TIMEOUT)
    accounts = accounts_pb2_grpc.AccountServiceStub(service.channel())
    account = accounts.GetAccount(accounts_pb2.GetAccountRequest(user_id=row.id), timeout=TIMEOUT)
    assert account.has_password


def test_lines_of_json(service, users):
    prefix = new_email().split("@")[0]
    lines = "".join(json.dumps({"email": f"{prefix}{index}@example.com"}) + "\n" for index in range(50))
    with httpx.Client(base_url=f"http://{service.address}", timeout=TIMEOUT) as client:
        import_id = str(uuid.uuid4())
        response = client.post(
            "/v1/users:import", params={"importId": import_id}, content=lines,
            headers={"content-type": "application/x-ndjson"})
        assert response.status_code == 200, response.text
        assert response.json() == {"id": import_id, "rowCount": "50", "importedCount": "50"}
        assert client.get(f"/v1/imports/{import_id}").json() == response.json()
        synced = client.post(
            "/v1/users:sync", content=lines + json.dumps({"email": "no at"}) + "\n",
            headers={"content-type": "application/x-ndjson"})
        answers = [json.loads(line)["result"] if "result" in line else json.loads(line) for line in synced.text.splitlines()]
        assert [answer["action"] for answer in answers] == ["ACTION_UNCHANGED"] * 50 + ["ACTION_FAILED"]


def test_sync_answers_in_order(users):
    prefix = new_email().split("@")[0]
    requests = [pb.SyncUsersRequest(user=pb.User(email=f"{prefix}{index % 100}@example.com", name=f"{index // 100}"))
                for index in range(300)]
    answers = list(users.SyncUsers(iter(requests), timeout=TIMEOUT))
    assert [answer.index for answer in answers] == list(range(300))
    assert [answer.action for answer in answers] == [1] * 100 + [2] * 200
    assert [answer.user.name for answer in answers[200:]] == ["2"] * 100


@pytest.fixture
def kill_when(database):
    """A service that is killed, the hard way, as soon as so many users of a prefix are there; then another one."""

    def run(prefix, count, work):
        with pytest.raises(grpc.RpcError):
            with UserService(database) as service:
                def killer():
                    sql = f"SELECT count(*) FROM users WHERE email LIKE '{prefix}%'"
                    eventually(lambda: int(psql(database, sql)) >= count, "enough users")
                    service.process.kill()

                thread = threading.Thread(target=killer)
                thread.start()
                try:
                    work(service.users)
                finally:
                    thread.join()

    return run


def test_killed_during_an_import(database, kill_when):
    prefix, import_id, count = f"k{uuid.uuid4().hex}.", str(uuid.uuid4()), 40_000
    kill_when(prefix, 4000, lambda users: users.ImportUsers(rows(prefix, count, import_id), timeout=TIMEOUT * 4))
    with UserService(database) as service:
        state = service.users.GetImport(pb.GetImportRequest(id=import_id), timeout=TIMEOUT)
        assert 0 < state.row_count < count and state.failed_count == 0
        sql = f"SELECT count(*) FROM users WHERE email LIKE '{prefix}%'"
        assert int(psql(database, sql)) == state.imported_count
        # From where it is, and from the start.
        half = (state.row_count + count) // 2
        done = service.users.ImportUsers(rows(prefix, half, import_id, state.row_count), timeout=TIMEOUT * 4)
        assert done.row_count == half
        done = service.users.ImportUsers(rows(prefix, count, import_id), timeout=TIMEOUT * 4)
        assert (done.row_count, done.imported_count, done.failed_count) == (count, count, 0)
        assert int(psql(database, sql)) == count


def test_killed_during_a_sync(database, kill_when):
    prefix = f"s{uuid.uuid4().hex}."
    requests = [pb.SyncUsersRequest(user=pb.User(email=f"{prefix}{index}@example.com", name="N")) for index in range(8000)]
    answered = []

    def work(users):
        for answer in users.SyncUsers(iter(requests), timeout=TIMEOUT * 4):
            answered.append(answer)

    kill_when(prefix, 500, work)
    with UserService(database) as service:
        answers = list(service.users.SyncUsers(iter(requests), timeout=TIMEOUT * 4))
        assert len(answers) == 8000 and {answer.action for answer in answers} == {1, 3}
        # What was answered was done, and is not done again.
        for before in answered:
            assert answers[before.index].action == 3 and answers[before.index].user == before.user
        assert psql(database, f"SELECT count(*), count(DISTINCT email) FROM users WHERE email LIKE '{prefix}%'") == "8000|8000"


def test_killed_during_creations_with_request_ids(database):
    prefix, count = f"c{uuid.uuid4().hex}.", 3000
    requests = [pb.CreateUserRequest(user=pb.User(email=f"{prefix}{index}@example.com"), request_id=str(uuid.uuid4()))
                for index in range(count)]
    created, lock = {}, threading.Lock()

    def call_all(service, numbers):
        def work(stub, own):
            for number in own:
                try:
                    user = stub.CreateUser(requests[number], timeout=TIMEOUT)
                except grpc.RpcError as error:
                    assert error.code() in (StatusCode.UNAVAILABLE, StatusCode.CANCELLED), error
                    return
                with lock:
                    assert created.setdefault(number, user.id) == user.id

        threads = [threading.Thread(target=work, args=[service.stub(), numbers[part::8]]) for part in range(8)]
        for thread in threads:
            thread.start()
        return threads

    service = UserService(database)
    threads = call_all(service, list(range(count)))
    sql = f"SELECT count(*) FROM users WHERE email LIKE '{prefix}%'"
    eventually(lambda: int(psql(database, sql)) >= 300, "enough users")
    service.process.kill()
    for thread in threads:
        thread.join()
    service.process.wait()
    assert 0 < len(created) < count
    with UserService(database) as service:
        # All of them again, those that were answered too.
        for thread in call_all(service, list(range(count))):
            thread.join()
    assert len(created) == count == len(set(created.values()))
    assert psql(database, f"SELECT count(*), count(DISTINCT email) FROM users WHERE email LIKE '{prefix}%'") == f"{count}|{count}"


def test_a_stream_that_goes_on_with_an_import_of_another_is_refused(users):
    import_id, prefix = str(uuid.uuid4()), new_email().split("@")[0]
    assert users.ImportUsers(rows(prefix, 10, import_id), timeout=TIMEOUT).row_count == 10
    details = failing(StatusCode.OUT_OF_RANGE, users.ImportUsers, rows(prefix, 30, import_id, first=20))
    assert details.info.reason == "IMPORT_INCOMPLETE" and details.info.metadata["row_count"] == "10"
