// The server: health, figures, and the calls of the last minutes.
import { get, health, may } from "./api.js";
import { facts, make, row, table, time } from "./dom.js";

const period = 2000;
const kept = 90;

const number = (value) => value.toLocaleString();
const mebibytes = (bytes) => `${(bytes / 1048576).toFixed(1)} MiB`;
const span = (seconds) => {
  const [days, hours, minutes] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  return days ? `${days} d ${hours} h` : hours ? `${hours} h ${minutes} min` : minutes ? `${minutes} min` : `${Math.floor(seconds)} s`;
};

const svg = (tag, attributes, ...children) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

// Calls a second, the newest on the right.
const chart = (rates) => {
  const most = Math.max(1, ...rates);
  const points = rates.map((rate, index) => `${((index + kept - rates.length) * 600) / (kept - 1)},${(78 - (rate / most) * 76).toFixed(1)}`).join(" ");
  const text = `Calls a second: ${Math.round(rates.at(-1) ?? 0)} now, at most ${Math.round(most)} in the last ${(kept * period) / 60000} minutes`;
  return make("figure", {}, svg("svg", { viewBox: "0 0 600 80", role: "img", "aria-label": text, preserveAspectRatio: "none" },
    svg("polyline", { points, class: "line" })), make("figcaption", {}, text));
};

const wait = (signal) => new Promise((resolve, reject) => {
  const timer = setTimeout(resolve, period);
  signal.addEventListener("abort", () => { clearTimeout(timer); reject(new DOMException("left", "AbortError")); }, { once: true });
});

export const serverPage = async (main, _, signal) => {
  const place = make("div");
  main.append(make("h1", {}, "Server"), place);
  const rates = [];
  let before = null;
  for (;;) {
    const statuses = await health(signal);
    const status = may("diagnostics.read") ? await get("console/status", signal) : null;
    const now = performance.now();
    if (status && before) rates.push(Math.max(0, (status.calls.started - before.started) / ((now - before.now) / 1000)));
    if (rates.length > kept) rates.shift();
    if (status) before = { started: status.calls.started, now };
    const rows = Object.entries(statuses).sort().map(([name, { status: value }]) => {
      const isGood = value === "SERVING";
      return row(name || "the whole server", make("span", { class: isGood ? "state" : "state deleted" }, isGood ? "serving" : "not serving"));
    });
    // Drawn anew only while nobody reads it with the keyboard.
    if (!place.contains(document.activeElement)) {
      place.replaceChildren(
        ...(status ? [facts([
          ["Version", status.version], ["Started", [time(status.startTime), `, ${span(status.uptimeSeconds)} ago`]],
          ["Calls", `${number(status.calls.started)} started, ${number(status.calls.succeeded)} succeeded, ${number(status.calls.failed)} failed`],
          ["Open connections", number(status.connections)], ["Event loops", number(status.loops)],
          ["Memory", `${mebibytes(status.memory.residentBytes)} resident, ${mebibytes(status.memory.allocatedBytes)} allocated`],
          ["Database", status.database.isAvailable ? `available, at most ${number(status.database.maximumConnections)} connections` : "not available"]]),
        chart(rates)] : []),
        make("h2", {}, "Health"), table("Health", ["Service or worker", "Status"], rows));
    }
    await wait(signal);
  }
};
