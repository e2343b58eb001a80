// Calls of the JSON API, as whoever is signed in. The tokens live in this tab alone: in memory, and in sessionStorage so
// that a reload does not sign out. They end with the tab.
const key = "user-service.console";

let tokens = JSON.parse(sessionStorage.getItem(key) ?? "null");
let isOpen = false;
let refreshing = null;
let onSignOut = () => {};

// An error in the form of AIP-193.
export class CallError extends Error {
  constructor(status, error = {}) {
    super(error.message || `The server answered ${status}.`);
    this.status = status;
    this.code = error.status ?? "";
    this.details = error.details ?? [];
  }

  get reason() { return this.details.find((detail) => detail.reason)?.reason ?? ""; }

  // What is wrong with each field of the request, by the name that it has in JSON.
  get fields() {
    const violations = this.details.flatMap((detail) => detail.fieldViolations ?? []);
    return violations.map(({ field, description }) => [camel(field.replace(/^user\./, "")), description]);
  }
}

const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());

const keep = (found) => {
  tokens = found;
  if (found) sessionStorage.setItem(key, JSON.stringify(found));
  else sessionStorage.removeItem(key);
};

// What a token says. The server checks it; here it only tells what to show.
const claims = (token) => {
  try {
    const text = atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"));
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (character) => character.charCodeAt(0))));
  } catch {
    return null;
  }
};

// Who is signed in: its name, its user id if it is a user, and its scopes. Null if nobody is.
export const caller = () => {
  if (!tokens) return isOpen ? { name: "everybody", userId: null, scopes: ["admin"] } : null;
  const said = claims(tokens.accessToken) ?? {};
  const isUser = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(said.sub ?? "");
  return { name: said.sub ?? "", userId: isUser ? said.sub : null, scopes: (said.scope ?? "").split(" "), session: tokens.session };
};

export const may = (scope) => caller()?.scopes.some((one) => one === scope || one === "admin") ?? false;
export const isSignedIn = () => tokens !== null;
export const whenSignedOut = (action) => { onSignOut = action; };

const send = (method, path, { body, headers, signal } = {}) => fetch(path, {
  method, signal, cache: "no-store", credentials: "omit",
  headers: {
    ...(tokens ? { authorization: `Bearer ${tokens.accessToken}` } : {}),
    ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers,
  },
  body: body === undefined ? undefined : JSON.stringify(body),
});

const failure = async (response) => {
  const content = await response.json().catch(() => ({}));
  return new CallError(response.status, content.error);
};

// The response of a call that succeeded. A token that has just expired is refreshed once, and the call repeated.
const request = async (method, path, options = {}) => {
  let response = await send(method, path, options);
  if (response.ok) return response;
  let error = await failure(response);
  if (response.status === 401 && tokens) {
    if (error.reason === "TOKEN_EXPIRED" && await refresh()) {
      response = await send(method, path, options);
      if (response.ok) return response;
      error = await failure(response);
    }
    if (["TOKEN_EXPIRED", "TOKEN_INVALID", "SESSION_ENDED", "CREDENTIALS_INVALID"].includes(error.reason)) {
      keep(null);
      onSignOut(error.message);
    }
  }
  throw error;
};

// Calls at the same time share one refresh.
const refresh = () => {
  if (!tokens?.refreshToken) return false;
  refreshing ??= send("POST", "v1/sessions:refresh", { body: { refreshToken: tokens.refreshToken } })
    .then(async (response) => {
      if (response.ok) keep(await response.json());
      return response.ok;
    }).finally(() => { refreshing = null; });
  return refreshing;
};

export const call = async (method, path, body, { headers, signal } = {}) => {
  const response = await request(method, path, { body, headers, signal });
  return response.json();
};

export const get = (path, signal) => call("GET", path, undefined, { signal });

// Server-sent events, with the token that an EventSource could not send. `onEvent` gets each event's id, type and data.
export const events = async (path, signal, lastId, onEvent) => {
  const headers = { accept: "text/event-stream", ...(lastId ? { "last-event-id": lastId } : {}) };
  const response = await request("GET", path, { headers, signal });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    buffer += value;
    const blocks = buffer.split(/\n\n/);
    buffer = blocks.pop();
    for (const block of blocks) {
      const fields = block.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).replace(/^ /, "")]);
      const of = (name) => fields.filter(([field]) => field === name).map(([, content]) => content).join("\n");
      const data = of("data");
      if (data) onEvent({ id: of("id"), type: of("event") || "message", data: JSON.parse(data) });
    }
  }
};

export const signIn = async (email, password) => {
  keep(await call("POST", "v1/sessions", { email, password }));
};

// A token that somebody was given. The first call tells whether the server takes it.
export const useToken = async (text) => {
  const accessToken = text.trim().replace(/^bearer\s+/i, "");
  if (!claims(accessToken)) throw new Error("This is no access token. It has three parts with points in between.");
  keep({ accessToken });
  const { userId } = caller();
  const path = userId ? `v1/users/${userId}` : "console/status";
  await get(path).catch((error) => { if (error.status === 401 || !error.status) { keep(null); throw error; } });
};

// Ends the session on the server too; a pasted token has none.
export const signOut = async () => {
  const id = tokens?.session?.id;
  if (id) await call("DELETE", `v1/sessions/${id}`).catch(() => {});
  keep(null);
};

// Whether calls need no token here: `--insecure-dev`.
export const findOutWhetherOpen = async () => {
  if (!tokens) isOpen = (await fetch("console/status", { cache: "no-store" })).ok;
};

// The health of the server and its parts, which everybody may know: gRPC's own service by the Connect protocol.
export const health = async (signal) => {
  const response = await fetch("grpc.health.v1.Health/List", {
    method: "POST", headers: { "content-type": "application/json" }, body: "{}", signal });
  if (!response.ok) throw new CallError(response.status);
  return (await response.json()).statuses ?? {};
};
