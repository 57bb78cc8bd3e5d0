// The only script a page names. It starts the islands that are on the page; the big ones are fetched when needed.
import htmx from "htmx.org";
import { startKeys } from "./keys.js";
import { startTheme } from "./theme.js";
import { startMenus } from "./menu.js";
import { startPassword, startDropfile, startOnce } from "./forms.js";

const SMALL = { theme: startTheme, password: startPassword, dropfile: startDropfile, keys: startKeys, menu: startMenus };
const LARGE = {
  upload: () => import("./upload.js"),
  pdf: () => import("./pdf.js"),
  image: () => import("./image.js"),
  map: () => import("./map.js"),
  review: () => import("./review.js"),
  checklist: () => import("./checklist.js"),
  verify: () => import("./verify.js"),
};

htmx.config.allowEval = false;
htmx.config.includeIndicatorStyles = false;

function start(root) {
  const found = root.matches?.("[data-island]") ? [root] : [];
  for (const element of [...found, ...root.querySelectorAll("[data-island]")]) {
    if (element.dataset.started) continue;
    element.dataset.started = "yes";
    const name = element.dataset.island;
    if (SMALL[name]) SMALL[name](element);
    // What could not be fetched leaves the plain HTML, which works alone.
    else if (LARGE[name]) LARGE[name]().then((island) => island.start(element)).catch((problem) => console.error(name, problem));
  }
}

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRFToken"] = document.querySelector('meta[name="csrf-token"]')?.content ?? "";
});
document.addEventListener("htmx:load", (event) => start(event.detail.elt));
startOnce();
start(document.body);
