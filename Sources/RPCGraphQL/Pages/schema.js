"use strict";

// The schema, by introspection: read at the start, and shown at the side. It comes before graphql.js.

const TYPE = "kind name ofType { kind name ofType { kind name ofType { kind name } } }";
const INTROSPECTION = `{ __schema {
  queryType { name } mutationType { name } subscriptionType { name }
  types { kind name description specifiedByURL
    fields(includeDeprecated: true) { name description isDeprecated type { ${TYPE} }
      args { name description defaultValue type { ${TYPE} } } }
    inputFields { name description defaultValue type { ${TYPE} } }
    enumValues(includeDeprecated: true) { name description isDeprecated }
    possibleTypes { name } } } }`;

function typeText(type) {
  if (type.kind === "NON_NULL") return typeText(type.ofType) + "!";
  if (type.kind === "LIST") return `[${typeText(type.ofType)}]`;
  return type.name;
}

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function link(name) {
  const made = element("button", name, "link");
  made.addEventListener("click", () => show(name));
  return made;
}

/// A type with its name as a link: `[User!]!`.
function typeLink(type) {
  const made = element("span");
  const name = named({ type });
  const [before, after] = typeText(type).split(name);
  made.append(before, link(name), after);
  return made;
}

function entry(field) {
  const term = element("dt", field.name, field.isDeprecated ? "deprecated" : "");
  if (field.args && field.args.length) {
    term.append("(");
    field.args.forEach((argument, index) => {
      term.append(index ? ", " : "", `${argument.name}: `, typeLink(argument.type));
      if (argument.defaultValue !== null) term.append(` = ${argument.defaultValue}`);
    });
    term.append(")");
  }
  if (field.type) term.append(": ", typeLink(field.type));
  return [term, element("dd", field.description || "")];
}

function show(name) {
  const found = type(name);
  $("search").value = "";
  $("trail").replaceChildren(...(found && name !== schema.queryType.name ? [link(schema.queryType.name), " › " + name] : []));
  if (!found) return;
  const list = element("dl");
  const entries = found.fields || found.inputFields || found.enumValues || [];
  for (const field of entries) list.append(...entry(field));
  const parts = [element("h3", `${found.name} (${found.kind.toLowerCase().replace("_", " ")})`), element("p", found.description || ""), list];
  if (name === schema.queryType.name) {
    const roots = [schema.mutationType, schema.subscriptionType].filter(Boolean);
    const others = element("p", "Also: ");
    roots.forEach((root) => others.append(link(root.name), " "));
    parts.splice(1, 0, others);
  }
  $("types").replaceChildren(...parts);
}

function search() {
  const wanted = $("search").value.trim().toLowerCase();
  if (!schema || !wanted) return schema && show(schema.queryType.name);
  const list = element("ul");
  for (const found of schema.types.filter((type) => !type.name.startsWith("__"))) {
    const fields = (found.fields || found.inputFields || found.enumValues || []).filter((field) => field.name.toLowerCase().includes(wanted));
    if (!fields.length && !found.name.toLowerCase().includes(wanted)) continue;
    const item = element("li");
    item.append(link(found.name), fields.length ? ": " + fields.map((field) => field.name).join(", ") : "");
    list.append(item);
  }
  $("types").replaceChildren(list.children.length ? list : element("p", "Nothing has this name."));
}

async function readSchema() {
  try {
    const response = await send({ query: INTROSPECTION }, "application/json");
    const answer = await response.json();
    if (!answer.data) throw new Error(answer.errors ? answer.errors[0].message : "no schema");
    schema = answer.data.__schema;
    show(schema.queryType.name);
  } catch (error) {
    $("types").replaceChildren(element("p", `The schema can't be read: ${error.message}`, "failed"));
  }
}
