// Finding, listing and creating users.
import { call, get, may } from "./api.js";
import { announce, button, form, make, report, row, table, time } from "./dom.js";

const isId = (text) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);

// What the list shows. It stays while the page does, so that the way back leads to the same list.
const list = { orderBy: "create_time desc", showDeleted: false, pageSize: 25, tokens: [""] };

export const open = (id) => { location.hash = `#/users/${encodeURIComponent(id)}`; };

// Labels as people write them: a line each, key=value.
export const labelsText = (labels = {}) => Object.entries(labels).map(([key, value]) => `${key}=${value}`).join("\n");

export const labelsOf = (text) => Object.fromEntries(text.split("\n").map((line) => line.trim()).filter(Boolean).map((line) => {
  const sign = line.indexOf("=");
  return sign < 0 ? [line, ""] : [line.slice(0, sign).trim(), line.slice(sign + 1).trim()];
}));

export const userFields = (user = {}) => [
  { name: "email", label: "Email", value: user.email, required: true },
  { name: "name", label: "Name", value: user.name },
  { name: "labels", label: "Labels", value: labelsText(user.labels), rows: 3, hint: "One on each line: key=value" },
];

export const stateOf = (user) => {
  const isDeleted = user.state === "STATE_DELETED";
  return make("span", { class: isDeleted ? "state deleted" : "state" }, isDeleted ? "deleted" : "active");
};

export const usersPage = async (main, _, signal) => {
  const find = form([{ name: "wanted", label: "Email or id", required: true, hint: "Any spelling of the email finds the user." }], "Find",
    async ({ wanted }) => {
      const text = wanted.trim();
      const user = await get(isId(text) ? `v1/users/${text.toLowerCase()}` : `v1/users:lookup?email=${encodeURIComponent(text)}`, signal);
      open(user.id);
    }, { label: "Find a user" });
  find.setAttribute("role", "search");
  const results = make("div", { "aria-busy": "true" });

  const show = async () => {
    const query = new URLSearchParams({
      pageSize: list.pageSize, orderBy: list.orderBy, showDeleted: list.showDeleted, pageToken: list.tokens.at(-1) });
    results.setAttribute("aria-busy", "true");
    const page = await get(`v1/users?${query}`, signal);
    const users = page.users ?? [];
    const rows = users.map((user) => row(make("a", { href: `#/users/${user.id}` }, user.email), user.name || "-", stateOf(user), time(user.createTime)));
    const number = list.tokens.length;
    const turn = (change) => () => { change(); show().then(() => announce(`Page ${list.tokens.length}`)).catch(report); };
    results.replaceChildren(
      users.length ? table("Users", ["Email", "Name", "State", "Created"], rows) : make("p", {}, number > 1 ? "There are no more users." : "There are no users yet."),
      make("p", { class: "pager" },
        button("Previous page", turn(() => list.tokens.pop()), { disabled: number === 1 }), make("span", {}, `Page ${number}`),
        button("Next page", turn(() => list.tokens.push(page.nextPageToken)), { disabled: !page.nextPageToken })));
    results.setAttribute("aria-busy", "false");
  };
  const restart = (change) => (event) => { change(event.target); list.tokens = [""]; show().catch(report); };

  const orders = [["create_time desc", "Newest first"], ["create_time", "Oldest first"], ["email", "By email"], ["email desc", "By email, Z first"]];
  const options = orders.map(([value, text]) => make("option", { value, selected: value === list.orderBy }, text));
  const filters = make("div", { class: "filters" },
    make("label", {}, "Order ", make("select", { onchange: restart((control) => { list.orderBy = control.value; }) }, options)),
    make("label", {}, make("input", { type: "checkbox", checked: list.showDeleted, onchange: restart((control) => { list.showDeleted = control.checked; }) }), " Show deleted users"),
    may("users.write") ? make("a", { class: "button", href: "#/new" }, "New user") : null);
  main.append(make("h1", {}, "Users"), find, filters, results);
  await show();
};

export const newUserPage = async (main, _, signal) => {
  main.append(make("h1", {}, "New user"), form(userFields(), "Create", async ({ email, name, labels }) => {
    const user = await call("POST", "v1/users", { email, name, labels: labelsOf(labels) }, { signal });
    list.tokens = [""];
    announce("The user is created.");
    open(user.id);
  }));
};
