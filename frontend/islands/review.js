// The review desk by keyboard: every key presses the control that carries it, so the plain forms do the work.
import { keysOn, make, say, typing } from "./dom.js";
import { word } from "./words.js";

export function start(element) {
  const find = (key) => [...element.querySelectorAll(`[data-key="${key}"]`)].find((control) => !control.disabled && control.offsetParent !== null);
  const items = () => [...element.querySelectorAll("[data-item]")];

  const move = (step) => {
    const all = items();
    const now = all.findIndex((item) => item.classList.contains("cur") || item.getAttribute("aria-current"));
    const next = all[Math.min(Math.max(0, now + step), all.length - 1)];
    if (!next || next === all[now]) return;
    const link = next.matches("a, button") ? next : next.querySelector("a, button");
    say(word("已到第 {0} 项", all.indexOf(next) + 1));
    link?.click();
  };

  document.addEventListener("keydown", (event) => {
    if (typing(event) || !keysOn() || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.toLowerCase();
    if (key === "j" || key === "k") { event.preventDefault(); const control = find(key); if (control) control.click(); else move(key === "j" ? 1 : -1); return; }
    if (key.length !== 1 || key === "?" || key === "/") return;
    // The PDF viewer listens for H and L itself.
    if ((key === "h" || key === "l") && element.querySelector('[data-island="pdf"]')) return;
    const control = find(key);
    if (!control) return;
    event.preventDefault();
    if (control.matches("input, textarea, select")) control.focus();
    else control.click();
  });

  // Bring the current item into its own pane; the page itself must not move.
  const now = items().find((item) => item.classList.contains("cur"));
  const pane = now?.closest(".obl");
  if (pane && pane.scrollHeight > pane.clientHeight) pane.scrollTop = now.offsetTop - pane.offsetTop - pane.clientHeight / 3;
  element.querySelector("[data-autofocus]")?.focus({ preventScroll: true });
  panes(element);
  element.querySelectorAll(".paper img").forEach(orSayWhy);
}

// Not every kind of file has a picture of its page.
function orSayWhy(picture) {
  const say = () => picture.replaceWith(make("p", { className: "viewer-state hatch" }, word("这种文件没有页面预览，请打开原件。")));
  if (picture.complete && !picture.naturalWidth) say();
  else picture.addEventListener("error", say, { once: true });
}

// Under 1200 px document, obligations and findings are three tabs.
function panes(element) {
  if (!element.classList.contains("desk") || element.querySelector(".pane-tabs")) return;
  const names = { document: word("原件"), obligations: word("应归档项"), details: word("检测与著录") };
  const bar = make("div", { className: "tabs pane-tabs", role: "tablist" });
  const show = (name) => {
    element.dataset.pane = name;
    for (const tab of bar.children) tab.setAttribute("aria-selected", String(tab.dataset.name === name));
  };
  for (const [name, text] of Object.entries(names)) {
    bar.append(make("button", { type: "button", role: "tab", "data-name": name, onclick: () => show(name) }, text));
  }
  element.querySelector(".rv")?.before(bar);
  show("document");
}
