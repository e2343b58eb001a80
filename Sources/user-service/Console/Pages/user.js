// One user: what it is, how it signs in, and changes of both.
import { call, caller, get, may } from "./api.js";
import { acting, announce, button, confirm, facts, form, make, row, table, time } from "./dom.js";
import { labelsOf, labelsText, stateOf, userFields } from "./users.js";

const path = (id) => `v1/users/${encodeURIComponent(id)}`;

// Only what was changed is sent: another change of another field is kept.
const changes = (user, { email, name, labels }) => ({
  ...(email !== user.email ? { email } : {}),
  ...(name !== (user.name ?? "") ? { name } : {}),
  ...(labels !== labelsText(user.labels) ? { labels: labelsOf(labels) } : {}),
});

// Draws again in place, so that the focus stays on the page.
const section = (title, ...content) => make("section", { "aria-label": title }, make("h2", {}, title), ...content);

export const userPage = async (main, id, signal) => {
  const user = await get(path(id), signal);
  const redraw = async (text) => {
    main.replaceChildren();
    await userPage(main, id, signal);
    main.querySelector("h1").focus();
    announce(text);
  };
  const isDeleted = user.state === "STATE_DELETED";
  const ifMatch = { headers: { "if-match": `"${user.etag}"` }, signal };
  const edit = () => section("Edit", form(userFields(user), "Save", async (values) => {
    const changed = changes(user, values);
    if (Object.keys(changed).length === 0) { announce("Nothing is changed."); return; }
    await call("PATCH", path(id), changed, ifMatch).catch((error) => {
      if (error.code === "ABORTED") error.message = "Somebody else has changed this user meanwhile. Load the page again to see how.";
      throw error;
    });
    await redraw("Saved.");
  }));
  const remove = async () => {
    if (!await confirm(`Delete ${user.email}?`, "Delete")) return;
    await call("DELETE", path(id), undefined, ifMatch);
    await redraw("The user is deleted. Until it is removed for good, you can restore it.");
  };
  const restore = async () => {
    await call("POST", `${path(id)}:undelete`, { etag: user.etag }, { signal });
    await redraw("The user is restored.");
  };
  const state = () => isDeleted
    ? section("Restore", make("p", {}, "The user is removed for good at ", time(user.purgeTime), "."), button("Restore", acting(restore)))
    : section("Delete", make("p", {}, "A deleted user can't sign in. It can be restored for some time."), button("Delete…", acting(remove), { class: "danger" }));
  main.append(
    make("h1", { tabindex: "-1" }, user.email),
    facts([
      ["Id", make("code", {}, user.id)], ["Name", user.name || "-"], ["State", stateOf(user)],
      ["Labels", user.labels ? Object.entries(user.labels).map(([key, value]) => make("code", { class: "label" }, `${key}=${value}`)) : "-"],
      ["Created", time(user.createTime)], ["Changed", time(user.updateTime)],
      ...(isDeleted ? [["Deleted", time(user.deleteTime)]] : [])]));
  if (may("users.write") && !isDeleted) main.append(edit());
  if (!isDeleted && (may("accounts.read") || caller().userId === user.id)) main.append(...await account(user, redraw, signal));
  if (may("users.write")) main.append(state());
};

// How the user signs in.
const account = async (user, redraw, signal) => {
  const isSelf = caller().userId === user.id;
  const [found, { sessions = [] }] = await Promise.all([get(`${path(user.id)}/account`, signal), get(`${path(user.id)}/sessions`, signal)]);
  const act = (verb, text) => acting(async () => {
    await call("POST", `${path(user.id)}:${verb}`, {}, { signal });
    await redraw(text);
  });
  const disable = async () => {
    if (!await confirm(`Disable ${user.email}? All of its sessions end.`, "Disable")) return;
    await call("POST", `${path(user.id)}:disable`, {}, { signal });
    await redraw("The user is disabled.");
  };
  const parts = [section("Sign-in", facts([
    ["Password", found.hasPassword ? ["set ", time(found.passwordTime)] : "none"],
    ["Email", found.emailVerifyTime ? ["verified ", time(found.emailVerifyTime)] : "not verified"],
    ["May sign in", found.disableTime ? ["no, disabled ", time(found.disableTime)] : "yes"]]),
    may("accounts.write")
      ? found.disableTime ? button("Enable", act("enable", "The user may sign in again.")) : button("Disable…", acting(disable), { class: "danger" })
      : null,
    " ", found.emailVerifyTime || found.disableTime ? null : button("Verify email", acting(async () => {
      await call("POST", `${path(user.id)}:requestEmailVerification`, {}, { signal });
      announce("A token for this email is made. Your sender of messages delivers it.");
    })))];
  if (may("accounts.write")) {
    parts.push(section("Set password", form([{ name: "password", label: "New password", type: "password", required: true, autocomplete: "new-password",
      hint: "At least 8 characters. All sessions of the user end." }], "Set password", async ({ password }) => {
      await call("POST", `${path(user.id)}:setPassword`, { password }, { signal });
      await redraw("The password is set.");
    })));
  }
  if (isSelf) {
    parts.push(section("Change password", form([
      { name: "currentPassword", label: "Current password", type: "password", required: true, autocomplete: "current-password" },
      { name: "newPassword", label: "New password", type: "password", required: true, autocomplete: "new-password",
        hint: "At least 8 characters. Your other sessions end." }], "Change password", async (passwords) => {
      await call("POST", "v1/account:changePassword", passwords, { signal });
      await redraw("The password is changed.");
    })));
  }
  const mayEnd = isSelf || may("accounts.write");
  const own = caller().session?.id;
  const rows = sessions.map((session) => row(make("code", {}, session.id), time(session.createTime), time(session.refreshTime), time(session.expireTime),
    session.id === own ? "this one" : mayEnd ? button("End", acting(async () => {
      await call("DELETE", `v1/sessions/${session.id}`, undefined, { signal });
      await redraw("The session has ended.");
    }), { "aria-label": `End session ${session.id}` }) : ""));
  const endAll = async () => {
    if (!await confirm(`End all sessions of ${user.email}?`, "End all")) return;
    const { revokedCount = 0 } = await call("POST", `${path(user.id)}/sessions:revokeAll`, {}, { signal });
    await redraw(`Sessions that have ended: ${revokedCount}.`);
  };
  parts.push(section("Sessions",
    sessions.length ? table("Sessions", ["Session", "Signed in", "Refreshed", "Ends", ""], rows) : make("p", {}, "There are none."),
    sessions.length && mayEnd ? button("End all…", acting(endAll)) : null));
  return parts;
};
