// Large pictures and scanned sheets: OpenSeadragon, by tiles when the server has them.
import OpenSeadragon from "openseadragon";
import { keysOn, make, typing } from "./dom.js";
import { word } from "./words.js";

// OpenSeadragon would write a style element, which the page's policy forbids; one that only bears its mark tells
// it that the rule is there already (it stands in viewers.css).
function spareTheStyle() {
  const mark = document.createElementNS("urn:zhudang", "style");
  mark.setAttribute("data-openseadragon-mobile-css", "true");
  document.head.append(mark);
}

export function start(element) {
  spareTheStyle();
  const plain = [...element.childNodes];
  const box = make("div", { className: "viewer-image" });
  const button = (text, act) => make("button", { type: "button", className: "btn btn-sm", onclick: act }, text);
  const bar = make("div", { className: "dbar viewer-bar" });
  element.replaceChildren(bar, box);
  const viewer = OpenSeadragon({
    element: box, drawer: ["canvas"], showNavigationControl: false, animationTime: 0.3, maxZoomPixelRatio: 4, visibilityRatio: 0.4,
    crossOriginPolicy: false, gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
    tileSources: element.dataset.tiles ? element.dataset.tiles : { type: "image", url: element.dataset.src, buildPyramid: false },
  });
  const zoom = (by) => { viewer.viewport.zoomBy(by); viewer.viewport.applyConstraints(); };
  bar.append(make("span", { className: "strong ellip" }, element.dataset.name ?? ""), make("span", { className: "push flex" },
    button(word("缩小"), () => zoom(1 / 1.5)), button(word("放大"), () => zoom(1.5)), button(word("整页"), () => viewer.viewport.goHome())));
  let whole = !element.dataset.tiles;
  viewer.addHandler("open-failed", () => {
    if (!whole) { whole = true; viewer.open({ type: "image", url: element.dataset.src, buildPyramid: false }); return; }
    viewer.destroy();
    element.replaceChildren(make("p", { className: "viewer-state", role: "alert" }, word("打不开这份文件，可以下载原件。")), ...plain);
  });
  document.addEventListener("keydown", (event) => {
    if (typing(event) || !keysOn() || event.ctrlKey || !element.isConnected) return;
    if (event.key === "+" || event.key === "=") zoom(1.5);
    else if (event.key === "-") zoom(1 / 1.5);
  });
}
