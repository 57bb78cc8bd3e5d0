// Keys that work everywhere: / to search, U to upload, ? for help. Off while typing, and when switched off (WCAG 2.1.4).
import { keysOn, make, typing } from "./dom.js";
import { word } from "./words.js";

export function startKeys(element) {
  element.hidden = false;
  const buttons = [...element.querySelectorAll("[data-keys-choice]")];
  const show = () => buttons.forEach((button) => {
    const on = (button.dataset.keysChoice === "on") === keysOn();
    button.classList.toggle("active", on);
    button.setAttribute("aria-pressed", String(on));
  });
  for (const button of buttons) {
    button.addEventListener("click", () => {
      document.cookie = `keys=${button.dataset.keysChoice}; path=/; max-age=31536000; samesite=lax`;
      show();
    });
  }
  show();
}

document.addEventListener("keydown", (event) => {
  if (typing(event) || !keysOn() || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/") {
    const field = document.querySelector('main input[type="search"], .sin input') ?? document.getElementById("nav-q");
    if (field) { event.preventDefault(); field.focus(); field.select(); }
  } else if (event.key === "u" || event.key === "U") {
    const link = document.querySelector("[data-key-upload]");
    if (link) { event.preventDefault(); link.click(); }
  } else if (event.key === "?") {
    event.preventDefault();
    help();
  }
});

function help() {
  document.getElementById("zd-help")?.remove();
  const rows = [["/", word("检索")]];
  for (const control of document.querySelectorAll("[data-key]")) {
    const told = control.dataset.keyWord ?? control.textContent.replace(control.querySelector("kbd")?.textContent ?? "", "").trim();
    rows.push([control.dataset.key.toUpperCase(), told]);
  }
  const list = make("dl", { className: "dl lined" });
  for (const [key, told] of rows) list.append(make("dt", {}, make("kbd", {}, key)), make("dd", {}, told));
  const close = make("button", { className: "btn", type: "button" }, word("关"));
  const dialog = make("dialog", { id: "zd-help", className: "sheet", "aria-label": word("快捷键") },
    make("div", { className: "head" }, make("h2", {}, word("快捷键"))), make("div", { className: "pad" }, list), make("div", { className: "pad" }, close));
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
