"""GraphQL by httpx, with graphql-core as the oracle: introspection, execution, the audits of GraphQL over HTTP
(https://graphql.github.io/graphql-over-http/draft/), a federation router's queries, and server-sent events."""

import json
import os
import subprocess
import uuid

import httpx
import pytest
from calls import create, new_email
from google.protobuf import json_format
from graphql import (GraphQLSchema, build_client_schema, build_schema, execute, get_introspection_query,
                     lexicographic_sort_schema, parse, print_schema, validate)
from users.v1 import users_pb2 as pb

RESPONSE = "application/graphql-response+json"


@pytest.fixture(scope="module", params=["HTTP/1.1", "HTTP/2"])
def http(request, service):
    is_2 = request.param == "HTTP/2"
    with httpx.Client(http1=not is_2, http2=is_2, base_url=f"http://{service.address}", timeout=30) as client:
        yield client


def post(http, query, variables=None, accept=RESPONSE, **more):
    return http.post("/graphql", json={"query": query, "variables": variables, **more}, headers={"accept": accept})


def answered(http, query, variables=None, **more):
    response = post(http, query, variables, **more)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == f"{RESPONSE}; charset=utf-8"
    answer = response.json()
    assert "errors" not in answer, answer
    return answer["data"]


def command(*arguments):
    return subprocess.run([os.environ["USER_SERVICE"], "graphql", *arguments], check=True, capture_output=True, text=True).stdout


# The schema.


def test_graphql_core_takes_the_introspection(http):
    told = build_client_schema(answered(http, get_introspection_query(specified_by_url=True, input_value_deprecation=True)))
    printed = build_schema(command())
    assert print_schema(lexicographic_sort_schema(told)) == print_schema(lexicographic_sort_schema(printed))
    assert validate(told, parse("{user(id:1){id email labels state createTime}}")) == []


def test_introspection_answers_as_graphql_core_does(http):
    schema = build_schema(command())
    for query in [get_introspection_query(specified_by_url=True, input_value_deprecation=True),
                  "{__type(name:\"User\"){fields{name type{kind ofType{name}}} interfaces{name} possibleTypes{name}}}",
                  "{__type(name:\"nothing\"){name}}", "{__schema{directives{name args(includeDeprecated:true){name}}}}"]:
        theirs = execute(schema, parse(query)).data

        def ordered(value, key=""):
            """In any order: of types and directives."""
            if isinstance(value, list) and key in ("types", "directives", "possibleTypes", "locations"):
                value = sorted(value, key=lambda item: item["name"] if isinstance(item, dict) else item)
            if isinstance(value, list):
                return [ordered(item) for item in value]
            return {k: ordered(v, k) for k, v in value.items()} if isinstance(value, dict) else value

        ours = ordered(answered(http, query))
        theirs = ordered(theirs)
        if "__schema" in theirs:
            # graphql-core knows further directives, and its own descriptions.
            names = {directive["name"] for directive in ours["__schema"]["directives"]}
            theirs["__schema"]["directives"] = [d for d in theirs["__schema"]["directives"] if d["name"] in names]
        assert without_descriptions(ours) == without_descriptions(theirs), query


def without_descriptions(value):
    if isinstance(value, list):
        kept = [without_descriptions(item) for item in value]
        return [item for item in kept if not (isinstance(item, dict) and str(item.get("name", "")).startswith("__"))]
    if isinstance(value, dict):
        return {k: without_descriptions(v) for k, v in value.items() if k not in ("description", "locations")}
    return value


def test_descriptions_are_the_comments(http):
    found = answered(http, "{__type(name:\"User\"){description fields{name description}}}")["__type"]
    assert found["description"] == "A person or a machine that other services know by its id."
    assert next(f for f in found["fields"] if f["name"] == "createTime")["description"].startswith("When the user was created.")


# Execution.


@pytest.fixture(scope="module")
def people(users):
    return [create(users, name=f"Person {n}", labels={"quoted": "\u00e9\U0001f680 \" \\ /"}) for n in range(3)]


def rest(user):
    """A user as graphql-core gets it: all fields, as JSON has them."""
    return json_format.MessageToDict(user, always_print_fields_with_no_presence=True)


SELECTIONS = [
    "{id}", "{id email name labels state createTime updateTime deleteTime purgeTime etag}", "{a:id b:id __typename}",
    "{...F} ", "{... on User{id ...{name}} n:name}", "{id @skip(if:true) name}", "{id @include(if:$yes) name @skip(if:$yes)}",
    "{...F @include(if:$no) email}", "{...G}",
]
FRAGMENTS = "fragment F on User{id state ...G} fragment G on User{email labels}"


@pytest.mark.parametrize("selection", SELECTIONS)
def test_execution_agrees_with_graphql_core(http, people, selection):
    schema: GraphQLSchema = build_schema(command())
    by_id = {user.id: rest(user) for user in people}
    by_email = {user.email: rest(user) for user in people}
    schema.query_type.fields["user"].resolve = lambda _, info, id: by_id.get(id)
    schema.query_type.fields["userByEmail"].resolve = lambda _, info, email: by_email.get(email)
    document = (f"query($id:ID! $email:String! $yes:Boolean=true $no:Boolean=false){{one:user(id:$id){selection} other:user(id:\"{people[1].id}\"){selection}"
                f" userByEmail(email:$email){selection} one:user(id:$id){{email}} __typename}} {FRAGMENTS}")
    # What nobody uses must not be there.
    if "..." not in selection or "...{" in selection and "...F" not in selection and "...G" not in selection:
        document = document.replace(FRAGMENTS, "")
    elif "...F" not in selection:
        document = document.replace("fragment F on User{id state ...G}", "")
    for name in ("yes", "no"):
        if f"${name}" not in selection:
            document = document.replace(f" ${name}:Boolean={'true' if name == 'yes' else 'false'}", "")
    variables = {"id": people[0].id, "email": people[2].email}
    assert validate(schema, parse(document)) == [], document
    theirs = execute(schema, parse(document), variable_values=variables)
    assert theirs.errors is None
    ours = post(http, document, variables)
    assert ours.status_code == 200 and ours.json() == {"data": theirs.data}
    # The order of the fields is that of the document.
    assert json.dumps(ours.json()["data"]) == json.dumps(theirs.data)


def test_writes(http, users):
    email = new_email()
    made = answered(
        http, "mutation($u:UserInput!){createUser(user:$u){id email name labels state etag}}",
        {"u": {"email": email, "name": "Ada", "labels": {"team": "engines"}}})["createUser"]
    assert (made["email"], made["name"], made["labels"], made["state"]) == (email, "Ada", {"team": "engines"}, "STATE_ACTIVE")
    changed = answered(
        http, "mutation($u:UserPatch!){updateUser(user:$u){name labels email etag}}",
        {"u": {"id": made["id"], "name": None, "labels": {}, "etag": made["etag"]}})["updateUser"]
    assert (changed["name"], changed["labels"], changed["email"]) == ("", {}, email)
    stale = post(http, "mutation($u:UserPatch!){updateUser(user:$u){name}}", {"u": {"id": made["id"], "name": "x", "etag": made["etag"]}}).json()
    assert stale["data"] == {"updateUser": None} and stale["errors"][0]["extensions"]["code"] == "ABORTED"
    gone = answered(http, "mutation($i:ID!){deleteUser(id:$i){state deleteTime}}", {"i": made["id"]})["deleteUser"]
    assert gone["state"] == "STATE_DELETED" and gone["deleteTime"].endswith("Z")
    back = answered(http, "mutation($i:ID!){undeleteUser(id:$i){state}}", {"i": made["id"]})["undeleteUser"]
    assert back == {"state": "STATE_ACTIVE"}
    assert users.GetUser(pb.GetUserRequest(id=made["id"])).name == ""


def test_errors_say_what_the_status_says(http):
    answer = post(http, "{user(id:\"%s\"){id}}" % uuid.uuid4()).json()
    error = answer["errors"][0]
    assert answer["data"] == {"user": None} and error["path"] == ["user"]
    assert error["extensions"]["code"] == "NOT_FOUND" and error["extensions"]["domain"] == "user-service" and error["extensions"]["reason"]
    wrong = post(http, "mutation{createUser(user:{email:\"nonsense\"}){id}}").json()["errors"][0]["extensions"]
    assert wrong["code"] == "INVALID_ARGUMENT" and [v["field"] for v in wrong["fieldViolations"]] == ["user.email"]


def test_connections_pass_over_everybody_once(http, users):
    made = {create(users).id for _ in range(7)}
    for size in (1, 3, 50):
        seen, cursor = [], None
        while True:
            page = answered(
                http, "query($n:Int $c:String){users(first:$n after:$c){nodes{id} edges{cursor node{id}} pageInfo{hasNextPage endCursor}}}",
                {"n": size, "c": cursor})["users"]
            assert [n["id"] for n in page["nodes"]] == [e["node"]["id"] for e in page["edges"]]
            seen += [n["id"] for n in page["nodes"]]
            # From the middle of a page, too.
            if len(page["edges"]) == 3:
                middle = answered(http, "query($c:String){users(first:2 after:$c){nodes{id}}}", {"c": page["edges"][0]["cursor"]})
                assert [n["id"] for n in middle["users"]["nodes"]] == [n["id"] for n in page["nodes"][1:]]
            cursor = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break
        assert len(seen) == len(set(seen)) and made <= set(seen)


def test_lookups_of_a_request_keep_their_names(http, people):
    ids = [people[n % 3].id for n in range(30)]
    found = answered(http, "{%s}" % " ".join(f"a{n}:user(id:\"{i}\"){{id}}" for n, i in enumerate(ids)))
    assert [found[f"a{n}"]["id"] for n in range(30)] == ids


# GraphQL over HTTP: what the audits of graphql-http ask, written afresh.

QUERY = "{__typename}"


def get(http, accept=RESPONSE, **parameters):
    return http.get("/graphql", params=parameters, headers={"accept": accept})


@pytest.mark.parametrize("accept, expected", [
    (RESPONSE, RESPONSE), ("application/json", "application/json"), ("*/*", "application/json"), (None, "application/json"),
    (f"{RESPONSE}, application/json;q=0.9", RESPONSE), (f"application/json, {RESPONSE};q=0.5", "application/json"),
    (f"application/json;q=0.5, {RESPONSE};charset=utf-8", RESPONSE), ("application/*", "application/json")])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_media_types(http, method, accept, expected):
    headers = {"accept": accept} if accept else {}
    request = http.build_request(method, "/graphql", params={"query": QUERY} if method == "GET" else None,
                                 json={"query": QUERY} if method == "POST" else None, headers=headers)
    if not accept:
        del request.headers["accept"]
    response = http.send(request)
    assert response.status_code == 200 and response.json() == {"data": {"__typename": "Query"}}
    assert response.headers["content-type"] == f"{expected}; charset=utf-8"


def test_unacceptable(http):
    assert get(http, "image/png", query=QUERY).status_code == 406


@pytest.mark.parametrize("content_type, status", [
    ("application/json", 200), ("application/json; charset=utf-8", 200), ("APPLICATION/JSON", 200), ("text/plain", 415), ("application/graphql", 415),
    ("application/x-www-form-urlencoded", 415)])
def test_content_types(http, content_type, status):
    response = http.post("/graphql", content=json.dumps({"query": "{__typename}"}), headers={"content-type": content_type})
    assert response.status_code == status and "application/json" in response.headers["content-type"]


@pytest.mark.parametrize("accept", [RESPONSE, "application/json"])
@pytest.mark.parametrize("body", [
    "", "{", "null", "1", "[]", "[{\"query\":\"{__typename}\"}]", "{}", "{\"query\":null}", "{\"query\":0}", "{\"query\":false}", "{\"query\":[\"a\"]}",
    "{\"query\":{\"obj\":\"ect\"}}", "{\"notquery\":\"{__typename}\"}", "{\"query\":\"{__typename}\",\"operationName\":0}",
    "{\"query\":\"{__typename}\",\"operationName\":{}}", "{\"query\":\"{__typename}\",\"operationName\":[]}", "{\"query\":\"{__typename}\",\"operationName\":false}",
    "{\"query\":\"{__typename}\",\"variables\":\"x\"}", "{\"query\":\"{__typename}\",\"variables\":0}", "{\"query\":\"{__typename}\",\"variables\":false}",
    "{\"query\":\"{__typename}\",\"variables\":[]}", "{\"query\":\"{__typename}\",\"extensions\":\"x\"}", "{\"query\":\"{__typename}\",\"extensions\":0}",
    "{\"query\":\"{__typename}\",\"extensions\":false}", "{\"query\":\"{__typename}\",\"extensions\":[]}"])
def test_what_is_no_request(http, body, accept):
    response = http.post("/graphql", content=body, headers={"content-type": "application/json", "accept": accept})
    assert response.status_code == 400 and response.headers["content-type"].startswith(accept)
    assert "data" not in response.json() and response.json()["errors"][0]["message"]


@pytest.mark.parametrize("more", [
    {"variables": None}, {"operationName": None}, {"extensions": None}, {"variables": {}}, {"extensions": {"a": 1}}, {"unknown": 1}, {"operationName": ""}])
def test_what_may_be_left_out(http, more):
    assert http.post("/graphql", json={"query": QUERY, **more}).json() == {"data": {"__typename": "Query"}}


def test_names_and_variables(http):
    document = "query A{a:__typename} query B($n:String!){__type(name:$n){name}}"
    assert answered(http, document, operationName="A") == {"a": "Query"}
    assert answered(http, document, {"n": "User"}, operationName="B") == {"__type": {"name": "User"}}
    told = get(http, query=document, operationName="B", variables="{\"n\":\"User\"}")
    assert told.status_code == 200 and told.json() == {"data": {"__type": {"name": "User"}}}
    assert get(http, query=document, operationName="B", variables="nonsense").status_code == 400


@pytest.mark.parametrize("document, more, code", [
    ("{", {}, "GRAPHQL_PARSE_FAILED"), ("", {}, "GRAPHQL_PARSE_FAILED"), ("{nothing}", {}, "GRAPHQL_VALIDATION_FAILED"), ("{user{id}}", {}, "GRAPHQL_VALIDATION_FAILED"),
    ("query A{__typename} query B{__typename}", {}, "OPERATION_RESOLUTION_FAILURE"), ("query A{__typename}", {"operationName": "B"}, "OPERATION_RESOLUTION_FAILURE"),
    ("query($i:ID!){user(id:$i){id}}", {}, "BAD_USER_INPUT"), ("query($i:ID!){user(id:$i){id}}", {"variables": {"i": {}}}, "BAD_USER_INPUT"),
    ("fragment F on Query{__typename}", {}, "GRAPHQL_VALIDATION_FAILED")])
def test_requests_that_are_not_executed(http, document, more, code):
    variables = more.get("variables")
    name = {"operationName": more["operationName"]} if "operationName" in more else {}
    for accept, status in [(RESPONSE, 400), ("application/json", 200)]:
        response = post(http, document, variables, accept, **name)
        assert response.status_code == status and "data" not in response.json()
        assert response.json()["errors"][0]["extensions"]["code"] == code, response.text


def test_get_does_not_mutate(http):
    for accept in (RESPONSE, "application/json"):
        response = get(http, accept, query="mutation{deleteUser(id:\"a\"){id}}")
        assert response.status_code == 405 and response.headers["allow"] == "POST"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_other_methods(http, method):
    response = http.request(method, "/graphql", json={"query": QUERY})
    assert response.status_code == 405 and set(response.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}


# Federation: what a router sends.


def test_a_router_reads_the_subgraph(http):
    sdl = answered(http, "query SubgraphIntrospectQuery{_service{sdl}}")["_service"]["sdl"]
    assert sdl == command("--subgraph")
    assert "type User @key(fields: \"id\") @key(fields: \"email\") {" in sdl and "type PageInfo @shareable {" in sdl
    build_schema(sdl + """
        scalar link__Import
        directive @link(url: String!, import: [link__Import]) repeatable on SCHEMA
        directive @key(fields: String!, resolvable: Boolean = true) repeatable on OBJECT
        directive @shareable on OBJECT | FIELD_DEFINITION
    """, assume_valid_sdl=True)


def test_a_router_asks_for_entities(http, people):
    document = ("query Orders__users__1($representations:[_Any!]!){_entities(representations:$representations)"
                "{__typename ...on User{id name email}}}")
    representations = [
        {"__typename": "User", "id": people[0].id}, {"__typename": "User", "email": people[1].email.upper()},
        {"__typename": "User", "id": str(uuid.uuid4())}, {"__typename": "User", "id": people[2].id, "name": "stale"}, {"__typename": "User", "id": people[0].id}]
    found = answered(http, document, {"representations": representations}, operationName="Orders__users__1")["_entities"]
    assert [f and f["id"] for f in found] == [people[0].id, people[1].id, None, people[2].id, people[0].id]
    assert all(f["__typename"] == "User" for f in found if f) and found[3]["name"] == people[2].name
    wrong = post(http, document, {"representations": [{"__typename": "Nothing"}, {"__typename": "User"}, {}, 1, {"__typename": "User", "id": people[0].id}]}).json()
    assert [f and f["id"] for f in wrong["data"]["_entities"]] == [None, None, None, None, people[0].id]
    assert [e["path"] for e in wrong["errors"]] == [["_entities", n] for n in range(4)]


# Server-sent events.


def events(response):
    return [dict(line.split(":", 1) for line in event.split("\n")) for event in response.text.split("\n\n") if event]


def test_a_query_as_events(http):
    response = post(http, QUERY, accept="text/event-stream")
    assert response.status_code == 200 and response.headers["content-type"] == "text/event-stream"
    found = events(response)
    assert [e["event"] for e in found] == [" next", " complete"] and json.loads(found[0]["data"]) == {"data": {"__typename": "Query"}}
    told = http.get("/graphql", params={"query": "{nothing}"}, headers={"accept": "text/event-stream"})
    assert json.loads(events(told)[0]["data"])["errors"]


def test_changes_as_events(http, users):
    """graphql-sse in its distinct connections mode, of users.v1.UserService/WatchUsers."""
    document = "subscription{userChanges{resumeToken event{kind userId fields version}}}"
    user = create(users)
    with http.stream("POST", "/graphql", json={"query": document}, headers={"accept": "text/event-stream"}) as response:
        assert response.status_code == 200 and response.headers["content-type"] == "text/event-stream"
        name, seen, changed = None, [], False
        for line in response.iter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            if not line.startswith("data: "):
                continue
            assert name == "next"
            answer = json.loads(line.removeprefix("data: "))
            assert "errors" not in answer and answer["data"]["userChanges"]["resumeToken"]
            if not changed:
                users.UpdateUser(pb.UpdateUserRequest(user=pb.User(id=user.id, name="Changed"), update_mask={"paths": ["name"]}))
                changed = True
            event = answer["data"]["userChanges"]["event"]
            if event and event["userId"] == user.id and event["kind"] == "KIND_UPDATED":
                assert event["fields"] == ["name"] and isinstance(event["version"], str)
                break


# Hostile documents, over HTTP.


def test_hostile_documents_are_answered(http):
    from test_graphql_validation import hostile

    nested = "{__schema{types{" + "fields{type{" * 12 + "name" + "}}" * 12 + "}}}"
    laughs = "{...F0}" + "".join(f"fragment F{n} on Query{{a{n}:__schema{{types{{name}}}} ...F{n + 1} ...F{n + 1}}}" for n in range(60)) + "fragment F60 on Query{__typename}"
    for document in [*hostile(), nested, laughs, "{" * 5000, "[" * 5000, "{a(b:" + "[" * 4000]:
        answer = post(http, document)
        assert answer.status_code in (200, 400) and (answer.json().get("errors") or answer.json().get("data"))
    assert answered(http, QUERY) == {"__typename": "Query"}
