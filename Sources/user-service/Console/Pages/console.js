// The console: signing in, and which page shows.
import { caller, findOutWhetherOpen, health, isSignedIn, may, signIn, signOut, useToken, whenSignedOut } from "./api.js";
import { acting, announce, button, form, make } from "./dom.js";
import { livePage } from "./live.js";
import { serverPage } from "./server.js";
import { userPage } from "./user.js";
import { newUserPage, usersPage } from "./users.js";

const pages = [
  { name: "users", title: "Users", isShown: () => may("users.read"), draw: (main, id, signal) => (id ? userPage : usersPage)(main, id, signal) },
  { name: "new", title: "New user", isHidden: true, isShown: () => may("users.write"), draw: newUserPage },
  { name: "me", title: "My account", isShown: () => caller().userId !== null, draw: (main, _, signal) => userPage(main, caller().userId, signal) },
  { name: "live", title: "Live", isShown: () => may("users.watch"), draw: livePage },
  { name: "server", title: "Server", isShown: () => true, draw: serverPage },
];

const main = document.getElementById("main");
let leaving = new AbortController();

const signInPage = () => {
  const entered = (action) => async (values) => {
    await action(values);
    history.replaceState(null, "", "#/");
    await show();
    announce("You are signed in.");
  };
  main.append(make("h1", {}, "Sign in"), make("div", { class: "columns" },
    make("section", { "aria-label": "By password" }, make("h2", {}, "By password"), form([
      { name: "email", label: "Email", required: true, autocomplete: "username" },
      { name: "password", label: "Password", type: "password", required: true, autocomplete: "current-password" }], "Sign in",
    entered(({ email, password }) => signIn(email, password)), { label: "Sign in by password" })),
    make("section", { "aria-label": "By token" }, make("h2", {}, "By token"), form([
      { name: "token", label: "Access token", type: "password", required: true, hint: "make run prints one for an administrator; so does user-service token." }],
    "Use token", entered(({ token }) => useToken(token)), { label: "Sign in by token" }))));
};

const drawHeader = (current) => {
  const links = caller() ? pages.filter((page) => !page.isHidden && page.isShown()) : [];
  document.getElementById("pages").replaceChildren(...links.map((page) => make("li", {},
    make("a", { href: `#/${page.name}`, "aria-current": page === current ? "page" : null }, page.title))));
  document.getElementById("caller").replaceChildren(...(isSignedIn()
    ? [make("span", { class: "who" }, caller().name), " ", button("Sign out", acting(async () => { await signOut(); location.hash = "#/"; await show(); announce("You are signed out."); }))]
    : caller() ? [make("span", { class: "who" }, "open to everybody (--insecure-dev)")] : []));
};

const show = async () => {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const [name, argument] = location.hash.replace(/^#\/?/, "").split("/");
  main.replaceChildren();
  if (!caller()) {
    drawHeader(null);
    signInPage();
    return begin();
  }
  const page = pages.find((one) => one.name === name && one.isShown()) ?? pages.find((one) => one.isShown());
  drawHeader(page);
  try {
    const drawn = page.draw(main, argument ? decodeURIComponent(argument) : undefined, signal);
    begin();
    await drawn;
    begin();
  } catch (error) {
    // Another page has taken over: signing in again, for example.
    if (signal.aborted || error.name === "AbortError") return;
    main.replaceChildren(make("h1", {}, page.title), make("p", { role: "alert", class: "error" },
      error instanceof TypeError ? "The server can't be reached." : error.message), button("Try again", show));
    begin();
  }
};

let isFirst = true;

// A new page begins at its heading, for readers of screens too; the first one begins where the browser does.
const begin = () => {
  const heading = main.querySelector("h1");
  document.title = heading ? `${heading.textContent} - user-service` : "user-service";
  if (!heading) return;
  heading.setAttribute("tabindex", "-1");
  if (!isFirst && !main.contains(document.activeElement)) heading.focus();
  isFirst = false;
};

const watchHealth = async () => {
  const place = document.getElementById("health");
  for (;;) {
    const isGood = await health().then((statuses) => statuses[""]?.status === "SERVING").catch(() => null);
    place.dataset.state = isGood === null ? "gone" : isGood ? "good" : "bad";
    const text = isGood === null ? "Health: no answer" : isGood ? "Health: serving" : "Health: not serving";
    if (place.textContent !== text) place.textContent = text;
    await new Promise((resolve) => { setTimeout(resolve, 5000); });
  }
};

whenSignedOut((reason) => { show().then(() => announce(`You are signed out: ${reason}`, true)); });
// The link to the content is no page.
addEventListener("hashchange", () => { if (location.hash !== "#main") show(); });
await findOutWhetherOpen().catch(() => {});
await show();
watchHealth();
