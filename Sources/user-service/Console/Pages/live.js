// Changes of users as they are committed, by server-sent events of WatchUsers.
import { events, may } from "./api.js";
import { button, make, time } from "./dom.js";

const kept = 200;
const words = {
  KIND_CREATED: "created", KIND_UPDATED: "changed", KIND_DELETED: "deleted", KIND_UNDELETED: "restored", KIND_PURGED: "erased",
};

const wait = (milliseconds, signal) => new Promise((resolve, reject) => {
  const timer = setTimeout(resolve, milliseconds);
  signal.addEventListener("abort", () => { clearTimeout(timer); reject(new DOMException("left", "AbortError")); }, { once: true });
});

const line = ({ userId, kind, fields = [], author, time: when, user }) => make("li", {},
  time(when), " ", make("a", { href: `#/users/${userId}` }, user?.email ?? userId), " ",
  make("strong", {}, words[kind] ?? "touched"), fields.length ? `: ${fields.join(", ")}` : "", author ? ` by ${author}` : "");

export const livePage = async (main, _, signal) => {
  const state = make("p", { role: "status" }, "Connecting…");
  const list = make("ol", { class: "log", reversed: true });
  let waiting = null;
  const add = (change) => {
    list.prepend(line(change));
    while (list.children.length > kept) list.lastChild.remove();
  };
  const pause = button("Pause", () => {
    if (waiting) for (const change of waiting) add(change);
    waiting = waiting ? null : [];
    pause.textContent = waiting ? "Go on" : "Pause";
  });
  main.append(make("h1", {}, "Live"), make("p", {}, "What is done to users from now on, the newest first."), pause, state,
    make("div", { role: "log", "aria-label": "Changes" }, list));
  let lastId = "";
  let delay = 1000;
  for (;;) {
    try {
      await events(`v1/users:watch?includeUser=${may("users.read")}`, signal, lastId, ({ id, type, data }) => {
        if (type === "error") throw new Error(data.error?.message ?? "The stream has failed.");
        lastId = id || lastId;
        delay = 1000;
        state.textContent = "Connected.";
        if (!data.event) return;
        if (waiting) waiting.push(data.event);
        else add(data.event);
        if (waiting?.length > kept) waiting.shift();
      });
      state.textContent = "The server has ended the stream. Connecting again…";
    } catch (error) {
      if (signal.aborted || error.status === 401 || error.status === 403) throw error;
      // What happened in between is not kept any more: go on from now.
      if (error.reason === "RESUME_TOKEN_EXPIRED") lastId = "";
      state.textContent = "Not connected. Trying again…";
    }
    await wait(delay, signal);
    delay = Math.min(delay * 2, 15000);
  }
};
