// Small helpers for building elements; text is always text, never markup.
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "className") element.className = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export function say(text) {
  const live = document.getElementById("live");
  if (live) live.textContent = text;
}

export function csrf() {
  return document.querySelector('meta[name="csrf-token"]')?.content ?? "";
}

export function typing(event) {
  const target = event.target;
  return target instanceof Element && Boolean(target.closest("input, textarea, select, [contenteditable]"));
}

export function keysOn() {
  return !/(?:^|; )keys=off(?:;|$)/.test(document.cookie);
}

export const built = new URL(/* @vite-ignore */ "./", document.querySelector('script[src*="built/app"]')?.src ?? location.href);
