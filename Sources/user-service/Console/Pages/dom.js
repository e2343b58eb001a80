// Elements, forms and messages. Everything becomes text, never markup.
export const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
};

export const button = (text, action, attributes = {}) => make("button", { type: "button", ...attributes, onclick: action }, text);

let last = null;

// Says it at the page's foot, and to screen readers. The same text said twice is said twice.
export const announce = (text, isError = false) => {
  const place = document.getElementById("announcer");
  place.classList.toggle("error", isError);
  place.textContent = "";
  clearTimeout(last);
  requestAnimationFrame(() => { place.textContent = text; });
  last = setTimeout(() => { place.textContent = ""; }, isError ? 20000 : 6000);
};

export const report = (error) => {
  if (error.name === "AbortError") return;
  announce(error instanceof TypeError ? "The server can't be reached." : error.message, true);
};

// What a button does, with the button out of use meanwhile, and errors told.
export const acting = (action) => async (event) => {
  const control = event.currentTarget;
  control.disabled = true;
  try {
    await action();
  } catch (error) {
    report(error);
  } finally {
    control.disabled = false;
  }
};

export const time = (text) => text ? make("time", { datetime: text, title: text }, new Date(text).toLocaleString()) : "-";

export const table = (caption, heads, rows) => make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
  make("table", {}, make("caption", { class: "unseen" }, caption),
    make("thead", {}, make("tr", {}, heads.map((head) => make("th", { scope: "col" }, head)))),
    make("tbody", {}, rows)));

export const row = (head, ...cells) => make("tr", {}, make("th", { scope: "row" }, head), cells.map((cell) => make("td", {}, cell)));

export const facts = (pairs) => make("dl", {}, pairs.map(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));

let count = 0;

// A form of fields {name, label, type, value, hint, required, autocomplete, rows}. `action` gets the values by name; what
// the server says of a field stands below it.
export const form = (fields, submit, action, { label, reset } = {}) => {
  const id = `form-${count += 1}`;
  const parts = fields.map((field) => {
    const own = `${id}-${field.name}`;
    const control = make(field.rows ? "textarea" : "input", {
      id: own, name: field.name, type: field.rows ? null : field.type ?? "text", rows: field.rows, required: field.required,
      autocomplete: field.autocomplete ?? "off", spellcheck: "false", "aria-describedby": `${own}-hint ${own}-error`,
    });
    control.value = field.value ?? "";
    const error = make("p", { id: `${own}-error`, class: "error" });
    const all = make("div", { class: "field" }, make("label", { for: own }, field.label), control,
      make("p", { id: `${own}-hint`, class: "hint" }, field.hint ?? ""), error);
    return { field, control, error, all };
  });
  const summary = make("p", { role: "alert", class: "error" });
  const say = (part, text) => {
    part.error.textContent = text;
    part.control.setAttribute("aria-invalid", text ? "true" : "false");
  };
  const show = (error) => {
    let first = null;
    const rest = [];
    for (const [name, description] of error.fields ?? []) {
      const part = parts.find(({ field }) => field.name === name || name.startsWith(`${field.name}[`));
      if (!part) { rest.push(`${name} ${description}`); continue; }
      say(part, `${part.error.textContent ? part.error.textContent + "; " : "It "}${description}`);
      first ??= part.control;
    }
    summary.textContent = [first || rest.length ? "" : error instanceof TypeError ? "The server can't be reached." : error.message, ...rest].join(" ").trim();
    first?.focus();
  };
  const button = make("button", { type: "submit", class: "primary" }, submit);
  const element = make("form", { "aria-label": label ?? submit, novalidate: true }, parts.map(({ all }) => all), summary, button);
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    for (const part of parts) say(part, "");
    summary.textContent = "";
    const missing = parts.find(({ field, control }) => field.required && !control.value);
    if (missing) { say(missing, "It must not be empty"); missing.control.focus(); return; }
    button.disabled = true;
    try {
      await action(Object.fromEntries(parts.map(({ field, control }) => [field.name, control.value])));
      if (reset) element.reset();
    } catch (error) {
      if (error.name !== "AbortError") show(error);
    } finally {
      button.disabled = false;
    }
  });
  return element;
};

// Asks before something that can't easily be taken back. Escape and the first button mean no.
export const confirm = (question, yes) => new Promise((answer) => {
  const heading = make("h2", { id: "question" }, question);
  const dialog = make("dialog", { "aria-labelledby": "question" }, heading, make("form", { method: "dialog" },
    make("button", { value: "no", autofocus: true }, "Cancel"), " ", make("button", { value: "yes", class: "danger" }, yes)));
  dialog.addEventListener("close", () => {
    dialog.remove();
    answer(dialog.returnValue === "yes");
  });
  document.body.append(dialog);
  dialog.showModal();
});
