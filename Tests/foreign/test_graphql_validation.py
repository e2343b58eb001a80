"""graphql-core and our validator find that the same documents break the same rules: a corpus, and random changes of it."""

import json
import os
import random
import subprocess

import pytest
from graphql import GraphQLError, build_schema, parse, specified_rules, validate

CORPUS = [
    # Valid.
    "{dog{name}}", "query Q{dog{name} cat{meows}}", "{pet{name ...on Dog{barks} ...on Cat{meows}}}",
    "{being{...B}} fragment B on Being{name}", "{catOrDog{__typename ...on Dog{barks} ...on Cat{meows}}}",
    "query($a:Boolean!){dog{name @include(if:$a) nickname @skip(if:false)}}", "{__schema{types{name}} __type(name:\"Dog\"){kind}}",
    "query($c:DogCommand){dog{doesKnowCommand(dogCommand:$c)}}", "{dog{doesKnowCommand(dogCommand:SIT)}}",
    "{dog{isHouseTrained isAtLocation(x:1,y:2)}}", "{complicatedArgs{multipleReqs(req1:1,req2:2)}}",
    "{complicatedArgs{complexArgField(complexArg:{requiredField:true,intField:4,stringListField:[\"a\"]})}}",
    "{complicatedArgs{stringListArgField(stringListArg:\"one\") anyArgField(anyArg:{a:[1,\"b\",C]})}}",
    "query($i:Int=1){complicatedArgs{nonNullIntArgField(nonNullIntArg:$i)}}", "mutation{feed(id:1){name}}",
    "query($i:Int){complicatedArgs{nonNullFieldWithDefault(arg:$i)}}", "subscription{birth{name}}", "{human(id:\"1\"){pets{name} relatives{id}}}",
    "{dog{...F ...F}} fragment F on Dog{name}", "{dog{name name}}", "{dog{n:name n:name}}", "{pet{...on Dog{v:barkVolume} ...on Cat{w:meowsVolume}}}",
    "{humanOrAlien{...on Human{name} ...on Alien{iq}}}", "query A{dog{name}} query B{cat{name}}", "{complicatedArgs{floatArgField(floatArg:1) idArgField(idArg:1)}}",
    "query($s:[String!]!){complicatedArgs{stringListNonNullArgField(stringListNonNullArg:$s) }}", "query($c:ComplexInput){complicatedArgs{complexArgField(complexArg:$c)}}",
    "query($b:Boolean!){complicatedArgs{complexArgField(complexArg:{requiredField:$b})}}", "{dog{mother{mother{name}} mother{mother{barks}}}}",
    "query($a:[Int]){complicatedArgs{anyArgField(anyArg:$a)}}", "{pet{... @include(if:true){name}}}", "{dog{name(surname:null)}}",
    "query($x:Int,$y:Int){dog{...L}} fragment L on Dog{isAtLocation(x:$x,y:$y)}",
    # Operations.
    "{dog{name}} {cat{name}}", "{dog{name}} query Q{cat{name}}", "query Q{dog{name}} query Q{cat{name}}", "query Q{dog{name}} mutation Q{feed(id:1){name}}",
    "subscription{birth{name} death{name}}", "subscription{...S} fragment S on Subscription{birth{name} death{name}}",
    "subscription{__typename}", "subscription{birth{name} __typename}", "subscription{a:birth{name} b:birth{name}}",
    # Types.
    "query($a:Nothing){dog{name}}", "{...on Nothing{a}}", "{dog{...F}} fragment F on Nothing{a}", "fragment F on FurColor{a} {dog{...F}}",
    "{dog{...on Int{a}}}", "query($a:Dog){dog{name}}", "query($a:[Pet!]){dog{name}}", "query($a:CatOrDog!){dog{name}}", "fragment F on ComplexInput{a} {...F}",
    # Fields.
    "{nothing}", "{dog{nothing}}", "{dog}", "{dog{name{a}}}", "{catOrDog{name}}", "{pet{barks}}", "{dog{__schema{types{name}}}}", "{dog{owner}}",
    "{dog{...on Cat{meows}}}", "{human{pets}}", "{dog{a:nothing}}", "{__typename{a}}", "mutation{dog{name}}", "{__type{name}}",
    # Fragments.
    "{dog{...F}}", "fragment F on Dog{name} {dog{name}}", "{dog{...F}} fragment F on Dog{name} fragment F on Dog{barks}",
    "{dog{...A}} fragment A on Dog{...A}", "{dog{...A}} fragment A on Dog{...B} fragment B on Dog{...A}", "{dog{...A}} fragment A on Dog{mother{...A}}",
    "{cat{...F}} fragment F on Dog{name}", "{humanOrAlien{...on Dog{name}}}", "{pet{...on Alien{iq}}}", "{being{...on Pet{name}}}",
    "{catOrDog{...on HumanOrAlien{__typename}}}", "{dog{...A}} fragment A on Dog{...B} fragment B on Dog{...C} fragment C on Dog{...B}",
    "{human{...on Pet{name}}}", "fragment A on Dog{...A}", "{alien{...on Being{name}}}",
    # Variables.
    "query($a:Int,$a:Int){complicatedArgs{intArgField(intArg:$a)}}", "{complicatedArgs{intArgField(intArg:$a)}}", "query($a:Int){dog{name}}",
    "query($a:String){complicatedArgs{intArgField(intArg:$a)}}", "query($a:Int){complicatedArgs{nonNullIntArgField(nonNullIntArg:$a)}}",
    "query($a:Int=null){complicatedArgs{nonNullIntArgField(nonNullIntArg:$a)}}", "query($a:[String]){complicatedArgs{stringListNonNullArgField(stringListNonNullArg:$a)}}",
    "query($a:String){complicatedArgs{stringListArgField(stringListArg:[$a])}}", "query($a:String){complicatedArgs{stringListArgField(stringListArg:$a)}}",
    "query($a:Boolean){dog{name @skip(if:$a)}}", "query($a:Boolean=true){dog{name @skip(if:$a)}}", "query A($a:Int){...F} query B{...F} fragment F on Query{complicatedArgs{intArgField(intArg:$a)}}",
    "query($b:Boolean){complicatedArgs{complexArgField(complexArg:{requiredField:$b})}}", "query($b:Boolean){complicatedArgs{complexArgField(complexArg:{requiredField:true,nonNullField:$b})}}",
    "{complicatedArgs{complexArgField(complexArg:{requiredField:$b})}}", "query($a:Int=\"x\"){complicatedArgs{intArgField(intArg:$a)}}", "query($a:ComplexInput={}){complicatedArgs{complexArgField(complexArg:$a)}}",
    "query($a:Int @skip(if:true)){complicatedArgs{intArgField(intArg:$a)}}", "query($a:String){complicatedArgs{anyArgField(anyArg:{b:$a})}}", "query($a:[[Int]]){complicatedArgs{anyArgField(anyArg:$a)}}",
    # Directives and arguments.
    "{dog @nothing{name}}", "query @skip(if:true){dog{name}}", "{dog{name @skip(if:true) @skip(if:false)}}", "{dog{name @deprecated}}", "{dog{name @skip}}",
    "{dog{name @skip(unless:true)}}", "{dog{...F @include(if:true)}} fragment F on Dog @include(if:true){name}", "mutation @include(if:true){feed(id:1){name}}", "{dog{name @specifiedBy(url:\"a\")}}",
    "{dog{doesKnowCommand(nothing:SIT)}}", "{dog{isAtLocation(x:1,x:2)}}", "{complicatedArgs{multipleReqs(req1:1)}}", "{complicatedArgs{multipleReqs}}",
    "mutation{feed{name}}", "{dog{name @skip(if:true,if:false)}}", "{dog{nothing(a:1,a:2)}}",
    # Values.
    "{complicatedArgs{intArgField(intArg:\"1\")}}", "{complicatedArgs{intArgField(intArg:1.0)}}", "{complicatedArgs{intArgField(intArg:2147483648)}}", "{complicatedArgs{intArgField(intArg:-2147483648)}}",
    "{complicatedArgs{stringArgField(stringArg:1)}}", "{complicatedArgs{stringArgField(stringArg:A)}}", "{complicatedArgs{booleanArgField(booleanArg:1)}}", "{complicatedArgs{enumArgField(enumArg:\"BROWN\")}}",
    "{complicatedArgs{enumArgField(enumArg:PINK)}}", "{complicatedArgs{floatArgField(floatArg:\"1\")}}", "{complicatedArgs{idArgField(idArg:1.5)}}", "{complicatedArgs{nonNullIntArgField(nonNullIntArg:null)}}",
    "{complicatedArgs{stringListArgField(stringListArg:[1,\"a\"])}}", "{complicatedArgs{stringListNonNullArgField(stringListNonNullArg:[null])}}", "{complicatedArgs{complexArgField(complexArg:{})}}",
    "{complicatedArgs{complexArgField(complexArg:{requiredField:true,nothing:1})}}", "{complicatedArgs{complexArgField(complexArg:{requiredField:true,requiredField:false})}}", "{complicatedArgs{complexArgField(complexArg:1)}}",
    "{complicatedArgs{complexArgField(complexArg:{requiredField:true,inner:{intField:\"a\"}})}}", "{complicatedArgs{complexArgField(complexArg:{requiredField:null})}}", "{complicatedArgs{intArgField(intArg:{a:1})}}",
    "{complicatedArgs{stringListArgField(stringListArg:[[\"a\"]])}}", "{complicatedArgs{anyArgField(anyArg:{a:1,a:2})}}", "{complicatedArgs{floatArgField(floatArg:1e400)}}", "{complicatedArgs{complexArgField(complexArg:{requiredField:true,nonNullField:null})}}",
    # Overlaps.
    "{dog{name:nickname name}}", "{dog{a:name a:nickname}}", "{dog{doesKnowCommand(dogCommand:SIT) doesKnowCommand(dogCommand:HEEL)}}", "{dog{doesKnowCommand doesKnowCommand(dogCommand:HEEL)}}",
    "{pet{...on Dog{v:barkVolume} ...on Cat{v:meowsVolume}}}", "{pet{...on Dog{n:name} ...on Cat{n:nickname}}}", "{pet{...on Dog{n:name} ...on Cat{n:meows}}}", "{dog{mother{a:name} mother{a:barks}}}",
    "{dog{...A ...B}} fragment A on Dog{x:name} fragment B on Dog{x:nickname}", "{dog{m:mother{name} m:owner{name}}}", "{dog{isAtLocation(x:1,y:2) isAtLocation(y:2,x:1)}}", "{dog{a:barkVolume mother{a:name}}}",
    "{human{relatives{id} relatives{id:name}}}", "query A{dog{a:name}} query B{dog{a:nickname}}", "{dog{...A mother{...B}}} fragment A on Dog{mother{x:name}} fragment B on Dog{x:barks}",
    "{pet{...on Dog{o:owner{id}} ...on Cat{o:nickname}}}", "{a:dog{name} a:cat{name}}", "{dog{...A} dog{...B}} fragment A on Dog{x:name ...B} fragment B on Dog{x:nickname ...A}", "{human{a:pets{name} a:relatives{name}}}",
    "{catOrDog{...on Dog{s:name} ...on Cat{s:name(surname:true)}}}", "{pet{s:name ...on Cat{s:name(surname:true)}}}", "{nothing{a} nothing:dog{name}}",
]

# Of graphql-core's own; ours is a budget at execution.
SPECIFIED = [rule for rule in specified_rules if rule.__name__ != "MaxIntrospectionDepthRule"]
RULES = [rule.__name__ for rule in SPECIFIED]


class Ours:
    def __init__(self):
        self.process = subprocess.Popen([os.environ["GRAPHQL_SYNTAX"], "--validate"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.schema = json.loads(self.process.stdout.readline())

    def __call__(self, text):
        data = text.encode()
        self.process.stdin.write(len(data).to_bytes(4, "big") + data)
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"the validator ended at {text!r}"
        return json.loads(line)


@pytest.fixture(scope="module")
def ours():
    made = Ours()
    yield made
    made.process.stdin.close()
    assert made.process.wait(timeout=30) == 0
    made.process.stdout.close()


@pytest.fixture(scope="module")
def schema(ours):
    return build_schema(ours.schema)


def broken(schema, document):
    """The rules that graphql-core finds broken, asked one by one."""
    found = set()
    for rule in SPECIFIED:
        try:
            if validate(schema, document, [rule]):
                found.add(rule.__name__)
        except RecursionError:
            # It follows fragments that contain themselves: NoFragmentCycles says so.
            pass
    return found


def check(ours, schema, text):
    """The rules that a document breaks; None if it is no document."""
    found = ours(text)
    try:
        document = parse(text)
    except GraphQLError:
        assert found is None, text
        return None
    expected = broken(schema, document)
    if found is None:
        assert "ExecutableDefinitionsRule" in expected, text
        return None
    if "UniqueFragmentNamesRule" in expected:
        # Which of two fragments of one name the other rules are about, nobody says.
        assert "UniqueFragmentNamesRule" in found[0], text
    elif expected & {"UniqueArgumentNamesRule", "UniqueInputFieldNamesRule"}:
        # Nor which of two arguments of one name makes fields differ.
        different = {"OverlappingFieldsCanBeMergedRule", "ValuesOfCorrectTypeRule"}
        assert set(found[0]) - different == expected - different, text
    else:
        assert set(found[0]) == expected, text
    return expected


def test_graphql_core_has_the_26_rules():
    assert len(RULES) == 26


@pytest.mark.parametrize("text", CORPUS)
def test_corpus(ours, schema, text):
    check(ours, schema, text)


def test_the_corpus_breaks_every_rule(ours, schema):
    found = set().union(*(broken(schema, parse(text)) for text in CORPUS))
    # The parser refuses definitions of types, the corpus of test_graphql_syntax.py has some.
    assert set(RULES) - found <= {"ExecutableDefinitionsRule"}


TOKENS = ["name", "nickname", "barks", "dog", "cat", "pet", "being", "Dog", "Cat", "Pet", "Being", "Human", "catOrDog", "Query", "nothing", "meows",
          "F", "A", "B", "a", "id", "Int", "String", "Boolean", "true", "null", "1", "\"x\"", "SIT", "barkVolume", "mother", "owner", "relatives",
          "pets", "intArg", "Int!", "ID"]


@pytest.mark.parametrize("seed", range(4))
def test_random_changes(ours, schema, seed):
    """Names put in the place of others, and documents joined."""
    import re

    generator = random.Random(seed)
    valid = invalid = 0
    for _ in range(600):
        text = generator.choice(CORPUS)
        if generator.random() < 0.3:
            text += " " + generator.choice(CORPUS)
        for _ in range(generator.randint(0, 2)):
            words = list(re.finditer(r"[A-Za-z_]+", text))
            word = generator.choice(words)
            text = text[:word.start()] + generator.choice(TOKENS) + text[word.end():]
        found = check(ours, schema, text)
        if found is not None:
            valid, invalid = valid + (not found), invalid + bool(found)
    assert valid > 20 and invalid > 200


def hostile():
    """Documents within the limits of the parser that are meant to cost much. Trap 34."""
    yield "{" + "dog{name} " * 1200 + "}"
    yield "{" + "a:dog{name} " * 99 + "}"
    yield "{dog{" + "isAtLocation(x:1,y:2) " * 480 + "}}"
    yield "{" + "dog{mother{mother{mother{name}}}} " * 380 + "}"
    yield "{" + " ".join(f"...F{i}" for i in range(400)) + "}" + "".join(f"fragment F{i} on Query{{dog{{mother{{name}}}}}}" for i in range(400))
    yield "{...F0}" + "".join(f"fragment F{i} on Query{{...F{i + 1} ...F{i + 1} dog{{name}}}}" for i in range(300)) + "fragment F300 on Query{dog{name}}"
    yield "{" + "dog{...F " * 1 + "}}" + "fragment F on Dog{" + "mother{...G} " * 300 + "} fragment G on Dog{" + "mother{name} " * 300 + "}"
    yield "".join(f"query Q{i}{{...F0}} " for i in range(330)) + "".join(f"fragment F{i} on Query{{...F{i + 1}}}" for i in range(280)) + "fragment F280 on Query{dog{name}}"
    yield "query(" + "$a:Int " * 1000 + "){dog{name}}"
    yield "{dog{doesKnowCommand(" + "dogCommand:SIT " * 1500 + ")}}"
    yield "{complicatedArgs{anyArgField(anyArg:[" + "{a:1} " * 800 + "])}}"
    yield "{" * 31 + "dog" + "}" * 31


@pytest.mark.parametrize("text", list(hostile()), ids=range(12))
def test_hostile_documents_spend_a_bounded_budget(ours, text):
    found = ours(text)
    assert found is None or found[1] <= 10_000


def test_honest_documents_need_few_comparisons(ours):
    fields = " ".join(f"f{i}: name" for i in range(45))
    assert ours("{dog{" + fields + "} dog{" + fields + "}}")[1] < 200
