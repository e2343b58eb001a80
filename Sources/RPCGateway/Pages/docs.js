// Renders the OpenAPI document of this server. Everything from the document becomes text, never markup.
"use strict";

const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
};

const text = (content) => (content ? make("p", { class: "text" }, content) : null);

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

const rules = (schema) => ["pattern", "minLength", "maxLength", "minimum", "maximum", "example"]
  .filter((name) => schema?.[name] !== undefined && !(schema.type === "integer" && schema.format))
  .map((name) => `${name} ${JSON.stringify(schema[name])}`).join(", ");

const table = (caption, rows) => rows.length === 0 ? null : make("table", {}, make("caption", { class: "text" }, caption),
  make("tbody", {}, ...rows.map(([name, type, about]) =>
    make("tr", {}, make("th", { scope: "row" }, name), make("td", {}, type), make("td", { class: "text" }, about)))));

const fields = (schema) => Object.entries(schema.properties ?? {}).map(([name, field]) => [
  make("code", { class: field.deprecated ? "deprecated" : "" }, name), typeOf(field),
  [(schema.required ?? []).includes(name) ? "Required." : "", field.readOnly ? "Output only." : "", field.description,
    rules(field)].filter(Boolean).join("\n")]);

const example = (path, method, operation) => {
  const body = operation.requestBody?.content?.["application/json"] ? " --json '{…}'" : "";
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
    [one.required ? "Required." : "", one.description, rules(one.schema)].filter(Boolean).join("\n")])),
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
  document.getElementById("about").textContent = api.info.description ?? "";
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
