"""graphql-core and our parser read the same in documents: a corpus, and what random changes make of it."""

import json
import os
import random
import subprocess

import pytest
from graphql import GraphQLSyntaxError, parse
from graphql.language import ast

CORPUS = [
    "{a}", "query{a}", "query Q {a}", "mutation M {a}", "subscription S {a}", "{a b c}", "{a,b,,c}", "{a{b{c}}}", "{a:b c:d{e}}",
    "query Q($a:Int) {a}", "query($a:Int! $b:[Int!]!=[1,2] $c:T={a:1 b:[{c:\"d\"}]} @d(e:1)){a}", "query Q @a @b(c:$d){e}",
    "{a(b:1)}", "{a(b:1,c:2 d:3)}", "{a(b:-0 c:1.5 d:1e10 e:-1.5E-3 f:0.0)}", "{a(b:$c d:[$e {f:$g}])}",
    "{a(b:true c:false d:null e:ENUM f:trueish)}", "{a(b:\"\" c:\"x\" d:\"\\u00e9\\n\\\"\\\\\\/\\b\\f\\r\\t\")}",
    "{a(b:\"\\u{1F600}\\uD83D\\uDE00\" c:\"\u00e9\U0001f680\")}", "{a(b:\"\"\"x\"\"\")}", "{a(b:\"\"\"\n    a\n      b\n\n    c\n  \"\"\")}",
    "{a(b:\"\"\"\\\"\"\" \" \\n \t\"\"\")}", "{a(b:\"\"\"\r\n x\r y\n\"\"\")}", "{a(b:[] c:{} d:[[],{}])}", "{...a}", "{...a @b}",
    "{...on T{a}}", "{...{a}}", "{...@b{a}}", "{...on T@b{a}}", "fragment F on T{a}", "fragment F on T@a{b} {...F}",
    "{on query fragment mutation}", "{a @on}", "{a(on:1)}", "{on:on}", "query on{a}", "query query{a}", "query($on:on){a}",
    "fragment fragment on on{on}", "# c\n{a # b\n}", "\ufeff{a}", "{a}#", "\t{ a\r\n}\r", "{true null(false:true)}",
    "{_ __a a1 _1}", "query A{a} query B{b} fragment C on D{e}",
    # None of these is a document that can be executed.
    "", " ", "#", "{", "}", "{}", "a", "{a", "{a}}", "{a{}}", "{a()}", "query", "query Q", "query Q(){a}", "query($a){a}",
    "query(a:Int){a}", "query($a:[Int){a}", "query($a:Int!!){a}", "query($a:Int=$b){a}", "query($a:Int=[{b:$c}]){a}",
    "query($a:Int @b(c:$d)){a}", "{a(b)}", "{a(b:)}", "{a(b:1}", "{a(b:[1)}", "{a(b:{c})}", "{a(b:{c:1)}", "{a(:1)}", "{a(1:b)}",
    "{...}", "{...on}", "{...on on}", "{... on T}", "{..}", "{.}", "{....a}", "{...a{b}}", "fragment on on T{a}", "fragment F{a}",
    "fragment F of T{a}", "fragment F on{a}", "fragment F($a:Int) on T{a}", "{a@}", "{a@1}", "{a:}", "{a:1}", "{:a}", "{a::b}",
    "{a(b:01)}", "{a(b:1.)}", "{a(b:.5)}", "{a(b:1e)}", "{a(b:+1)}", "{a(b:--1)}", "{a(b:-)}", "{a(b:1x)}", "{a(b:1.5.6)}",
    "{a(b:0x1)}", "{a(b:1_)}", "{a(b:1e5e)}", "{a(b:\")}", "{a(b:\"\n\")}", "{a(b:\"\\x\")}", "{a(b:\"\\u12\")}",
    "{a(b:\"\\uD83D\")}", "{a(b:\"\\uDE00\")}", "{a(b:\"\\u{}\")}", "{a(b:\"\\u{110000}\")}", "{a(b:\"\\u{12\")}",
    "{a(b:\"\"\")}", "{a(b:\"\"\"x\"\")}", "{a(b:'c')}", "{a%}", "{a?}", "{a^b}", "{a\u00e9}", "\u00a0{a}", "{a}\u2028", "{a;b}",
    "{a|b}", "{a&b}", "{a=b}", "{a!}", "{a]", "{$a}", "{\"a\"}", "{1}", "extra{a}", "query Q Q{a}", "\"x\" {a}",
]
# Definitions of types are documents to graphql-core, and nothing to execute.
TYPES = (ast.TypeSystemDefinitionNode, ast.TypeSystemExtensionNode)


class Ours:
    def __init__(self):
        self.process = subprocess.Popen([os.environ["GRAPHQL_SYNTAX"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, text):
        data = text.encode()
        self.process.stdin.write(len(data).to_bytes(4, "big") + data)
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"the parser ended at {text!r}"
        return json.loads(line)


@pytest.fixture(scope="module")
def ours():
    made = Ours()
    yield made
    made.process.stdin.close()
    assert made.process.wait(timeout=30) == 0
    made.process.stdout.close()


class Theirs:
    """graphql-core's tree of a document, in our form."""

    def __init__(self, text):
        self.text = text
        document = parse(text)
        if any(isinstance(definition, TYPES) for definition in document.definitions):
            raise NotImplementedError
        operations = [d for d in document.definitions if isinstance(d, ast.OperationDefinitionNode)]
        fragments = [d for d in document.definitions if isinstance(d, ast.FragmentDefinitionNode)]
        self.tree = [
            [[o.operation.value, self.name(o.name), [self.variable(v) for v in o.variable_definitions],
              self.directives(o), self.selections(o.selection_set), self.offset(o)] for o in operations],
            [[f.name.value, f.type_condition.name.value, self.directives(f), self.selections(f.selection_set),
              self.offset(f)] for f in fragments]]

    def offset(self, node):
        return len(self.text[:node.loc.start].encode())

    def name(self, node):
        return node.value if node else None

    def variable(self, node):
        default = [self.value(node.default_value)] if node.default_value else None
        return [node.variable.name.value, self.type(node.type), default, self.directives(node), self.offset(node)]

    def type(self, node):
        if isinstance(node, ast.NamedTypeNode):
            return node.name.value
        return ["list" if isinstance(node, ast.ListTypeNode) else "nonnull", self.type(node.type)]

    def directives(self, node):
        return [[d.name.value, [self.argument(a) for a in d.arguments], self.offset(d)] for d in node.directives]

    def argument(self, node):
        return [node.name.value, self.value(node.value), self.offset(node)]

    def value(self, node):
        match node:
            case ast.VariableNode(): return ["variable", node.name.value]
            case ast.IntValueNode(): return ["int", node.value]
            case ast.FloatValueNode(): return ["float", node.value]
            case ast.StringValueNode(): return ["string", node.value]
            case ast.BooleanValueNode(): return node.value
            case ast.NullValueNode(): return None
            case ast.EnumValueNode(): return ["enum", node.value]
            case ast.ListValueNode(): return ["list", *map(self.value, node.values)]
            case ast.ObjectValueNode(): return ["object", *map(self.argument, node.fields)]
        raise AssertionError(node)

    def selections(self, node):
        return [self.selection(selection) for selection in node.selections] if node else []

    def selection(self, node):
        match node:
            case ast.FieldNode():
                return ["field", self.name(node.alias), node.name.value, [self.argument(a) for a in node.arguments],
                        self.directives(node), self.selections(node.selection_set), self.offset(node)]
            case ast.FragmentSpreadNode():
                return ["spread", node.name.value, self.directives(node), self.offset(node)]
        condition = node.type_condition.name.value if node.type_condition else None
        return ["inline", condition, self.directives(node), self.selections(node.selection_set), self.offset(node)]


def check(ours, text):
    """Whether it is a document."""
    found = ours(text)
    try:
        expected = Theirs(text).tree
    except NotImplementedError:
        assert "line" in found, text
        return False
    except GraphQLSyntaxError as error:
        assert "line" in found, f"we take {text!r}: {error}"
        place = error.locations[0]
        if text[error.positions[0]:] != text and found["message"] == "'\"' is unexpected here":
            # It reads what a description may stand before; to us no definition begins with one.
            assert (found["line"], found["column"]) <= (place.line, place.column), text
            return False
        assert (found["line"], found["column"]) == (place.line, place.column), f"{text!r}: {found}, {error}"
        return False
    assert found == expected, text
    return True


@pytest.mark.parametrize("text", CORPUS)
def test_corpus(ours, text):
    check(ours, text)


PIECES = ["{", "}", "(", ")", "[", "]", ":", "!", "$", "=", "@", "|", "&", "...", "\"", "\"\"\"", "\\", "#", "\n", "\r", ",", " ",
          "a", "on", "query", "fragment", "null", "1", "-", ".", "0", "e", "\\u0041", "\\u{41}", "\u00e9", "\U0001f680", "\ufeff"]


@pytest.mark.parametrize("seed", range(4))
def test_random_changes(ours, seed):
    generator = random.Random(seed)
    documents = 0
    for _ in range(5000):
        text = generator.choice(CORPUS)
        for _ in range(generator.randint(1, 3)):
            start = generator.randint(0, len(text))
            end = min(len(text), start + generator.choice([0, 0, 1, 1, 2, 5]))
            text = text[:start] + generator.choice(PIECES + [""]) + text[end:]
        documents += check(ours, text)
    assert 100 < documents < 4900
