"use strict";

const $ = (id) => document.getElementById(id);
const path = document.body.dataset.path;
let schema = null;
let running = null;

// MARK: Requests

function headerFields() {
  const text = $("headers").value.trim();
  const fields = text ? JSON.parse(text) : {};
  return { "content-type": "application/json", ...fields };
}

async function send(body, accept, signal) {
  return fetch(path, { method: "POST", headers: { ...headerFields(), accept }, body: JSON.stringify(body), signal });
}

async function run() {
  if (running) running.abort();
  const controller = new AbortController();
  running = controller;
  const result = $("result");
  const start = performance.now();
  try {
    const variables = $("variables").value.trim();
    const body = { query: $("query").value };
    if (variables) body.variables = JSON.parse(variables);
    if ($("operation").value) body.operationName = $("operation").value;
    result.textContent = "";
    status("Waiting…");
    const isSubscription = operationKind() === "subscription";
    $("stop").hidden = !isSubscription;
    const response = await send(body, isSubscription ? "text/event-stream" : "application/graphql-response+json", controller.signal);
    if ((response.headers.get("content-type") || "").startsWith("text/event-stream")) {
      await readEvents(response, result);
    } else {
      const text = await response.text();
      result.textContent = pretty(text);
    }
    status(`${response.status}, ${Math.round(performance.now() - start)} ms`, !response.ok);
  } catch (error) {
    status(error.name === "AbortError" ? "Stopped." : String(error.message || error), error.name !== "AbortError");
  } finally {
    if (running === controller) running = null;
    $("stop").hidden = true;
  }
}

async function readEvents(response, result) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let count = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    for (const event of events) {
      const name = /^event: (.*)$/m.exec(event);
      const data = /^data: (.*)$/m.exec(event);
      if (!name || name[1] !== "next" || !data) continue;
      count += 1;
      status(`${count} events`);
      // The newest first, and not without end.
      result.prepend(document.createTextNode(pretty(data[1]) + "\n\n"));
      while (result.childNodes.length > 200) result.lastChild.remove();
    }
  }
}

function pretty(text) {
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}

function status(text, isFailure) {
  $("status").textContent = text;
  $("status").className = isFailure ? "failed" : "";
}

// MARK: The document

function operations() {
  const text = $("query").value.replace(/"""[\s\S]*?"""|"(\\.|[^"\\\n])*"|#.*/g, "");
  const found = [];
  let depth = 0;
  for (const match of text.matchAll(/[{}]|\b(query|mutation|subscription)\b\s*([_A-Za-z]\w*)?/g)) {
    if (match[0] === "{") {
      if (depth === 0 && !/(query|mutation|subscription|fragment)[^{}]*$/.test(text.slice(0, match.index))) found.push({ kind: "query", name: "" });
      depth += 1;
    } else if (match[0] === "}") depth -= 1;
    else if (depth === 0) found.push({ kind: match[1], name: match[2] || "" });
  }
  return found;
}

function operationKind() {
  const all = operations();
  return (all.find((operation) => operation.name === $("operation").value) || all[0] || {}).kind;
}

function listOperations() {
  const before = $("operation").value;
  const names = operations().map((operation) => operation.name).filter(Boolean);
  $("operation").replaceChildren(...names.map((name) => new Option(name, name)));
  if (names.includes(before)) $("operation").value = before;
}

function insert(text, from) {
  const editor = $("query");
  editor.setRangeText(text, from, editor.selectionEnd, "end");
  editor.focus();
  changed();
}

function changed() {
  listOperations();
  sessionStorage.setItem("graphql.query", $("query").value);
  sessionStorage.setItem("graphql.variables", $("variables").value);
}

function indent(event) {
  const editor = event.target;
  const line = editor.value.slice(0, editor.selectionStart).split("\n").pop();
  const space = /^\s*/.exec(line)[0] + (/[{(]\s*$/.test(line) ? "  " : "");
  event.preventDefault();
  editor.setRangeText("\n" + space, editor.selectionStart, editor.selectionEnd, "end");
  changed();
}

// MARK: Completion

/// The type whose fields may stand at the cursor: by the braces and names before it.
function typeAtCursor() {
  const before = $("query").value.slice(0, $("query").selectionStart).replace(/"(\\.|[^"\\\n])*"|#.*/g, "");
  const stack = [];
  let last = "";
  let parentheses = 0;
  let condition = null;
  let root = schema.queryType;
  for (const match of before.matchAll(/\.\.\.\s*on\s+(\w+)|fragment\s+\w+\s+on\s+(\w+)|[{}()]|[_A-Za-z]\w*/g)) {
    const token = match[0];
    if (match[1] || match[2]) condition = match[1] || match[2];
    else if (token === "(") parentheses += 1;
    else if (token === ")") parentheses -= 1;
    else if (parentheses > 0) continue;
    else if (token === "{") {
      const outer = stack[stack.length - 1];
      if (condition) stack.push(condition);
      else if (stack.length === 0) stack.push(root.name);
      else stack.push(named(((type(outer) || {}).fields || []).find((field) => field.name === last)));
      condition = null;
    } else if (token === "}") stack.pop();
    else {
      if (stack.length === 0) {
        root = (token === "mutation" && schema.mutationType) || (token === "subscription" && schema.subscriptionType) || root;
      }
      last = token;
    }
  }
  return stack.length ? type(stack[stack.length - 1]) : null;
}

function named(field) {
  let found = field && field.type;
  while (found && found.ofType) found = found.ofType;
  return found && found.name;
}

function type(name) { return schema.types.find((type) => type.name === name); }

function complete() {
  if (!schema) return;
  const editor = $("query");
  const word = /\w*$/.exec(editor.value.slice(0, editor.selectionStart))[0];
  const found = typeAtCursor();
  const fields = ((found && found.fields) || []).filter((field) => field.name.startsWith(word)).slice(0, 50);
  const list = $("completions");
  list.replaceChildren(...fields.map((field, index) => {
    const item = document.createElement("li");
    item.role = "option";
    item.textContent = `${field.name}: ${typeText(field.type)}`;
    item.dataset.name = field.name;
    item.setAttribute("aria-selected", index === 0);
    item.addEventListener("mousedown", (event) => { event.preventDefault(); choose(item); });
    return item;
  }));
  list.hidden = fields.length === 0;
}

function choose(item) {
  const editor = $("query");
  const word = /\w*$/.exec(editor.value.slice(0, editor.selectionStart))[0];
  $("completions").hidden = true;
  insert(item.dataset.name, editor.selectionStart - word.length);
}

function move(step) {
  const items = [...$("completions").children];
  const now = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
  const next = (now + step + items.length) % items.length;
  items.forEach((item, index) => item.setAttribute("aria-selected", index === next));
  items[next].scrollIntoView({ block: "nearest" });
}

// MARK: Keys

$("query").addEventListener("keydown", (event) => {
  const list = $("completions");
  if (event.key === " " && event.ctrlKey) { event.preventDefault(); complete(); return; }
  if (!list.hidden) {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); move(event.key === "ArrowDown" ? 1 : -1); return; }
    if (event.key === "Enter" && !event.ctrlKey) { event.preventDefault(); choose(list.querySelector('[aria-selected="true"]')); return; }
    if (event.key === "Escape") { list.hidden = true; return; }
  }
  if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) indent(event);
});
$("query").addEventListener("input", () => { changed(); if (!$("completions").hidden) complete(); });
$("query").addEventListener("blur", () => { $("completions").hidden = true; });
$("variables").addEventListener("input", changed);
$("search").addEventListener("input", search);
$("run").addEventListener("click", run);
$("stop").addEventListener("click", () => running && running.abort());
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); $("completions").hidden = true; run(); }
});

const parameters = new URLSearchParams(location.search);
$("query").value = parameters.get("document") || sessionStorage.getItem("graphql.query") || "{\n  __typename\n}\n";
$("variables").value = parameters.get("variables") || sessionStorage.getItem("graphql.variables") || "";
listOperations();
readSchema();
