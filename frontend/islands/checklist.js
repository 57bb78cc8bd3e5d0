// The checklist: fold groups, filter, walk by keyboard, and take files dropped on a row.
import { keysOn, make, say, typing } from "./dom.js";
import { fromDrop } from "./folders.js";
import { word } from "./words.js";

const OPEN_AFTER_MS = 600;
const LONG = 60;
// A row with one of these wants something from the reader; its group stays open.
const WANTS = ".st-back, .st-late, .st-soon, .st-pencil, .sug";

export function start(element) {
  const rows = [...element.querySelectorAll("tbody tr")];
  if (rows.length > LONG) foldWhatIsQuiet(element, rows);
  fold(rows);
  filter(element, rows);
  walk(element);
  drops(element);
}

function isGroup(row) { return row.classList.contains("group"); }
function level(row) { return row.classList.contains("l1") ? 1 : row.classList.contains("l2") ? 2 : row.classList.contains("l3") ? 3 : 9; }

// A long list opens where something waits; the rest is one press away, and the choice is kept for the visit.
function foldWhatIsQuiet(element, rows) {
  const kept = (() => { try { return JSON.parse(sessionStorage.getItem(`zd-open:${location.pathname}`)); } catch { return null; } })();
  const groups = rows.filter((row) => isGroup(row) && level(row) > 1);
  const first = groups.find((group) => members(rows, group).some((row) => row.querySelector(".st-owed, .st-warn")));
  for (const group of groups) {
    const open = kept ? kept.includes(nameOf(group)) : group === first || members(rows, group).some((row) => row.querySelector(WANTS));
    if (!open) group.dataset.folded = "yes";
  }
  if ([...new URLSearchParams(location.search)].length) groups.forEach((group) => delete group.dataset.folded);
  element.addEventListener("click", () => {
    const open = groups.filter((group) => group.querySelector('button[aria-expanded="true"]')).map(nameOf);
    try { sessionStorage.setItem(`zd-open:${location.pathname}`, JSON.stringify(open)); } catch { /* opens as at first */ }
  });
}

function nameOf(group) { return group.querySelector(".gcode")?.textContent ?? group.textContent; }

function members(rows, group) {
  const from = rows.indexOf(group);
  const found = [];
  for (const row of rows.slice(from + 1)) {
    if (isGroup(row) && level(row) <= level(group)) break;
    found.push(row);
  }
  return found;
}

function fold(rows) {
  for (const group of rows.filter(isGroup)) {
    const cell = group.querySelector("td, th");
    const button = make("button", { type: "button", "aria-expanded": group.dataset.folded ? "false" : "true" });
    button.append(make("span", { className: "tw", "aria-hidden": "true" }, group.dataset.folded ? "▸" : "▾"), ...[...cell.childNodes].filter((node) => !(node instanceof Element && node.classList.contains("gcnt"))));
    const count = cell.querySelector(".gcnt");
    cell.replaceChildren(button, ...(count ? [count] : []));
    button.querySelectorAll(".tw + .tw").forEach((extra) => extra.remove());
    button.addEventListener("click", () => set(rows, group, button.getAttribute("aria-expanded") !== "true"));
  }
  for (const group of rows.filter((row) => isGroup(row) && row.dataset.folded)) set(rows, group, false);
}

function set(rows, group, open) {
  const button = group.querySelector("button[aria-expanded]");
  button?.setAttribute("aria-expanded", String(open));
  const sign = button?.querySelector(".tw");
  if (sign) sign.textContent = open ? "▾" : "▸";
  let shut = 99;
  for (const row of members(rows, group)) {
    if (isGroup(row) && level(row) <= shut) {
      shut = 99;
      row.hidden = !open;
      if (row.querySelector('button[aria-expanded="false"]')) shut = level(row);
    } else row.hidden = !open || shut < 99;
  }
}

function filter(element, rows) {
  const field = element.id ? document.querySelector(`[data-filter-for="#${element.id}"]`) : null;
  if (!field) return;
  const none = make("p", { className: "pad muted small", hidden: true }, word("没有一项符合"));
  element.after(none);
  field.addEventListener("input", () => {
    const words = field.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const row of rows.filter((one) => !isGroup(one))) {
      const text = (row.dataset.search ?? row.textContent).toLowerCase();
      row.hidden = !words.every((one) => text.includes(one)) || (!words.length && shutAway(rows, row));
      if (!row.hidden) found += 1;
    }
    for (const group of rows.filter(isGroup)) group.hidden = words.length > 0 && !members(rows, group).some((row) => !isGroup(row) && !row.hidden);
    none.hidden = found > 0;
  });
}

function shutAway(rows, row) {
  return rows.some((group) => isGroup(group) && group.querySelector('button[aria-expanded="false"]') && members(rows, group).includes(row));
}

function walk(element) {
  const items = () => [...element.querySelectorAll("tbody tr:not(.group)")].filter((row) => !row.hidden);
  const choose = (row) => {
    element.querySelectorAll("tr.sel").forEach((one) => one.classList.remove("sel"));
    row.classList.add("sel");
    row.scrollIntoView({ block: "nearest" });
    (row.querySelector("a, button") ?? row).focus({ preventScroll: true });
    say(row.dataset.title ?? "");
  };
  document.addEventListener("keydown", (event) => {
    if (typing(event) || !keysOn() || event.ctrlKey || event.metaKey || event.altKey) return;
    const all = items();
    const now = all.findIndex((row) => row.classList.contains("sel"));
    const row = all[now];
    const key = event.key.toLowerCase();
    if (key === "j" || key === "k") {
      const next = all[Math.min(Math.max(0, now + (key === "j" ? 1 : -1)), all.length - 1)];
      if (next) { event.preventDefault(); choose(next); }
    } else if (row && (key === "e" || key === "y")) {
      const control = row.querySelector(`[data-row-key="${key}"]`);
      if (control) { event.preventDefault(); control.click(); }
    } else if (row && key === "u" && row.dataset.upload) {
      event.preventDefault();
      event.stopImmediatePropagation();
      location.href = row.dataset.upload;
    }
  }, true);
}

function drops(element) {
  let over = null, timer = 0;
  const leave = () => { over?.classList.remove("dragover"); over?.querySelector(".over-word")?.remove(); over = null; clearTimeout(timer); };
  element.addEventListener("dragover", (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    const row = event.target.closest("tr");
    if (row === over || !row) return;
    leave();
    over = row;
    if (isGroup(row)) {
      timer = setTimeout(() => { const button = row.querySelector('button[aria-expanded="false"]'); if (button) button.click(); }, OPEN_AFTER_MS);
    } else if (row.dataset.code) {
      row.classList.add("dragover");
      (row.querySelector(".name") ?? row.cells[1]).append(make("span", { className: "over-word" }, word("松开鼠标，归入 {0}", `${row.dataset.code} ${row.dataset.title ?? ""}`)));
    }
  });
  element.addEventListener("dragleave", (event) => { if (!element.contains(event.relatedTarget)) leave(); });
  element.addEventListener("drop", async (event) => {
    const row = event.target.closest("tr");
    leave();
    if (!row?.dataset.code) return;
    event.preventDefault();
    event.stopPropagation();
    const files = await fromDrop(event.dataTransfer);
    // What is dropped on a row becomes a suggestion for that row; the person still confirms.
    document.dispatchEvent(new CustomEvent("zd:drop", { detail: { files, meta: { obligation: row.dataset.obligation ?? "" } } }));
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") leave(); });
}
