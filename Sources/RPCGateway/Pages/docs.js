// Renders the OpenAPI document of this server. Everything from the document becomes text, never markup.
"use strict";

const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
};

// What is between backticks is code.
const inline = (line) => line.split(/`([^`]+)`/).map((part, index) => (index % 2 ? make("code", {}, part) : part));

// Paragraphs and lists, whose lines the .proto file has wrapped.
const prose = (content) => (content ?? "").split(/\n\s*\n/).filter(Boolean).flatMap((block) => {
  const [before, ...items] = ("\n" + block).split(/\n- /);
  const join = (lines) => inline(lines.trim().replace(/\s*\n\s*/g, " "));
  return [before.trim() ? make("p", {}, ...join(before)) : "",
    items.length ? make("ul", {}, ...items.map((item) => make("li", {}, ...join(item)))) : ""];
});

const text = (content) => (content ? make("div", {}, ...prose(content)) : null);

const nameOf = (schema) => schema.$ref.split("/").pop();

// The type of a schema in a few words, with links to those that have names.
const typeOf = (schema) => {
  if (!schema) return "";
  if (schema.$ref) return make("a", { href: `#schema-${nameOf(schema)}` }, nameOf(schema));
  if (schema.type === "array") return make("span", {}, "array of ", typeOf(schema.items));
  if (schema.additionalProperties?.type || schema.additionalProperties?.$ref) {
    return make("span", {}, "map of ", typeOf(schema.additionalProperties));
  }
  const type = [schema.type ?? schema.anyOf?.map((one) => one.type).filter(Boolean) ?? "any"].flat().join(" or ");
  return schema.format ? `${type} (${schema.format})` : type;
};

const limits = [-2147483648, 2147483647, 4294967295];
const rules = (schema) => ["enum", "pattern", "minLength", "maxLength", "maxProperties", "maxItems", "minimum", "maximum", "examples"]
  .filter((name) => schema?.[name] !== undefined && !limits.includes(schema[name]))
  .map((name) => `${name} \`${JSON.stringify(schema[name])}\``).join(", ");

const table = (caption, rows) => rows.length === 0 ? null : make("table", {}, make("caption", {}, caption),
  make("tbody", {}, ...rows.map(([name, type, about]) =>
    make("tr", {}, make("th", { scope: "row" }, name), make("td", {}, type), make("td", {}, ...prose(about))))));

const fields = (schema) => Object.entries(schema.properties ?? {}).map(([name, field]) => [
  make("code", { class: field.deprecated ? "deprecated" : "" }, name), typeOf(field),
  [(schema.required ?? []).includes(name) ? "Required." : "", field.readOnly ? "Output only." : "", field.description,
    rules(field)].filter(Boolean).join("\n\n")]);

const example = (path, method, operation) => {
  const json = operation.requestBody?.content?.["application/json"];
  const body = json ? ` --json '${JSON.stringify(json.example ?? {}).replaceAll("'", "'\\''")}'` : "";
  const token = operation.security?.length ? ` -H "authorization: Bearer $TOKEN"` : "";
  return `curl -X ${method.toUpperCase()}${token}${body} '${location.origin}${path}'`;
};

const access = (operation) => {
  if (!operation.security) return null;
  if (operation.security.length === 0) return text("Everybody may call it.");
  const scopes = operation.security.map((one) => one.bearer?.join(" and ")).filter(Boolean);
  return text(scopes.length ? `Needs a token with the scope ${scopes.join(" or ")}.` : "Needs a token.");
};

const content = (title, contents) => Object.entries(contents ?? {}).map(([type, media]) =>
  make("div", {}, make("h4", {}, `${title} `, make("code", {}, type)), make("p", {}, typeOf(media["x-itemSchema"] ?? media.schema)),
    media.schema?.properties ? table("Fields", fields(media.schema)) : null));

const article = (path, method, operation) => make("article", { id: operation.operationId },
  make("h3", { class: operation.deprecated ? "deprecated" : "" },
    make("span", { class: "method" }, method.toUpperCase()), make("code", {}, path)),
  text(operation.description), access(operation),
  table("Parameters", (operation.parameters ?? []).map((one) => [
    make("code", {}, one.name), make("span", {}, `${one.in}: `, typeOf(one.schema)),
    [one.required && !one.description?.startsWith("Required.") ? "Required." : "", one.description, rules(one.schema)].filter(Boolean).join("\n\n")])),
  ...content("Body", operation.requestBody?.content),
  ...content("Response", operation.responses["200"]?.content),
  table("Errors", Object.entries(operation.responses).filter(([status]) => status !== "200")
    .map(([status, response]) => [make("code", {}, status), "", response.description])),
  make("pre", {}, example(path, method, operation)));

const schemaArticle = ([name, schema]) => make("article", { id: `schema-${name}` }, make("h3", {}, name),
  text(schema.description), schema.enum ? make("p", {}, schema.enum.join(", ")) : null, table("Fields", fields(schema)));

const show = (api) => {
  document.title = api.info.title;
  document.getElementById("title").textContent = `${api.info.title} ${api.info.version}`;
  document.getElementById("about").append(...prose(api.info.description));
  const main = document.getElementById("operations");
  const index = document.getElementById("index");
  for (const [path, item] of Object.entries(api.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      main.append(article(path, method, operation));
      index.append(make("li", {}, make("a", { href: `#${operation.operationId}` },
        make("span", { class: "method" }, method.toUpperCase()), operation.summary ?? path)));
    }
  }
  main.append(make("h2", {}, "Messages"), ...Object.entries(api.components.schemas).map(schemaArticle));
  document.getElementById("status").remove();
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
};

fetch("openapi.json").then((response) => {
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return response.json();
}).then(show).catch((error) => {
  document.getElementById("status").textContent = `The document can't be shown: ${error.message}.`;
});
