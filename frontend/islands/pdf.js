// PDF in the page: pages drawn as they come into sight, text that can be selected, searched words marked.
import { GlobalWorkerOptions, getDocument, renderTextLayer } from "pdfjs-dist/legacy/build/pdf.mjs";
import workerAddress from "pdfjs-dist/legacy/build/pdf.worker.min.mjs?url";
import { built, keysOn, make, say, typing } from "./dom.js";
import { markText } from "./marking.js";
import { word } from "./words.js";

GlobalWorkerOptions.workerSrc = workerAddress;
const LARGEST_CANVAS = 16 * 1024 * 1024;
const PAGES_KEPT = 12;

export async function start(element) {
  const plain = [...element.childNodes];
  const pages = make("div", { className: "viewer-pages", tabindex: "0", role: "region", "aria-label": word("原件页面") });
  const state = make("p", { className: "viewer-state" }, word("正在读取……"));
  pages.append(state);
  element.replaceChildren(pages);
  let pdf;
  try {
    pdf = await getDocument({
      url: element.dataset.src, cMapUrl: new URL("pdfjs/cmaps/", built).href, cMapPacked: true,
      standardFontDataUrl: new URL("pdfjs/standard_fonts/", built).href, isEvalSupported: false, enableXfa: false, disableAutoFetch: true, rangeChunkSize: 262144,
    }).promise;
  } catch (problem) {
    console.warn("pdf", problem?.name, problem?.message);
    element.replaceChildren(make("p", { className: "viewer-state", role: "alert" }, word("打不开这份文件，可以下载原件。")), ...plain);
    return;
  }
  const viewer = new Viewer(element, pages, pdf, element.dataset.q ?? "");
  await viewer.open(Number(element.dataset.page) || 1);
}

class Viewer {
  constructor(element, home, pdf, query) {
    Object.assign(this, { element, home, pdf, query, scale: 0, fit: "width", shown: [], at: 1, texts: new Map() });
    this.bar = this.makeBar();
    element.prepend(this.bar);
    this.seen = new IntersectionObserver((found) => this.sighted(found), { root: home, rootMargin: "300px 0px" });
    home.addEventListener("scroll", () => this.scrolled(), { passive: true });
    document.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => { if (this.fit === "width") this.resize(); }).observe(home);
  }

  makeBar() {
    const button = (text, key, act) => make("button", { type: "button", className: "btn btn-sm", "data-key": key || null, "data-key-word": key ? text : null, onclick: act }, text, key ? make("kbd", {}, key.toUpperCase()) : null);
    this.field = make("input", { className: "form-control", type: "text", inputmode: "numeric", "aria-label": word("第几页"), onchange: () => this.go(Number(this.field.value)) });
    this.find = make("input", { className: "form-control viewer-find", type: "search", value: this.query, placeholder: word("在文中找"), "aria-label": word("在文中找") });
    this.find.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); this.search(event.shiftKey ? -1 : 1); } });
    this.told = make("span", { className: "small muted", role: "status" });
    return make("div", { className: "dbar viewer-bar" },
      button(word("上页"), "h", () => this.go(this.at - 1)), button(word("下页"), "l", () => this.go(this.at + 1)),
      make("span", { className: "flex small" }, this.field, word("共 {0} 页", this.pdf.numPages)),
      make("span", { className: "push flex wrap" }, this.told, this.find,
        button(word("缩小"), "", () => this.zoom(1 / 1.25)), button(word("放大"), "", () => this.zoom(1.25)), button(word("适宽"), "", () => { this.fit = "width"; this.resize(); })));
  }

  async open(number) {
    const first = await this.pdf.getPage(1);
    this.sizes = first.getViewport({ scale: 1 });
    this.home.replaceChildren();
    this.pages = Array.from({ length: this.pdf.numPages }, (_nothing, index) => {
      const holder = make("div", { className: "viewer-page", role: "group", "data-number": index + 1, "aria-label": word("第 {0} 页", index + 1) });
      this.home.append(holder);
      return { number: index + 1, holder, drawn: 0, size: this.sizes };
    });
    this.resize();
    this.pages.forEach((page) => this.seen.observe(page.holder));
    const wanted = Math.min(Math.max(1, number), this.pdf.numPages);
    this.go(wanted);
    if (this.query && wanted === 1) this.search(1, true);
  }

  width() { return Math.max(200, this.home.clientWidth - 34); }

  resize() {
    if (!this.pages) return;
    if (this.fit === "width") this.scale = Math.min(this.width() / this.sizes.width, 3);
    for (const page of this.pages) this.measure(page);
    const at = this.at;
    for (const page of this.shown) page.drawn = 0;
    this.pages.filter((page) => page.near).forEach((page) => this.draw(page));
    this.go(at, true);
  }

  measure(page) {
    page.holder.style.width = `${Math.floor(page.size.width * this.scale)}px`;
    page.holder.style.height = `${Math.floor(page.size.height * this.scale)}px`;
    page.holder.style.setProperty("--scale-factor", this.scale);
  }

  zoom(by) { this.fit = ""; this.scale = Math.min(6, Math.max(0.1, this.scale * by)); this.resize(); }

  sighted(found) {
    for (const one of found) {
      const page = this.pages[Number(one.target.dataset.number) - 1];
      page.near = one.isIntersecting;
      if (page.near) this.draw(page);
    }
  }

  async draw(page) {
    if (page.drawn === this.scale) return;
    const scale = this.scale;
    page.drawn = scale;
    const sheet = await this.pdf.getPage(page.number);
    page.size = sheet.getViewport({ scale: 1 });
    this.measure(page);
    const viewport = sheet.getViewport({ scale });
    const dense = Math.min(window.devicePixelRatio || 1, Math.sqrt(LARGEST_CANVAS / (viewport.width * viewport.height)));
    const canvas = make("canvas", { width: Math.floor(viewport.width * dense), height: Math.floor(viewport.height * dense) });
    canvas.style.width = "100%";
    page.task?.cancel();
    page.task = sheet.render({ canvasContext: canvas.getContext("2d"), viewport, transform: dense === 1 ? null : [dense, 0, 0, dense, 0, 0] });
    try { await page.task.promise; } catch { return; }
    if (page.drawn !== scale) return;
    const layer = make("div", { className: "textLayer" });
    page.holder.replaceChildren(canvas, layer);
    const divs = [];
    await renderTextLayer({ textContentSource: await sheet.getTextContent(), container: layer, viewport, textDivs: divs }).promise;
    page.divs = divs;
    page.marks = markText(divs, this.find.value);
    this.keep(page);
  }

  keep(page) {
    this.shown = [...this.shown.filter((one) => one !== page), page];
    while (this.shown.length > PAGES_KEPT) {
      const oldest = this.shown.findIndex((one) => !one.near);
      if (oldest < 0) return;
      const [gone] = this.shown.splice(oldest, 1);
      gone.holder.replaceChildren();
      gone.drawn = 0;
    }
  }

  go(number, quiet = false) {
    const page = this.pages?.[Math.min(Math.max(1, number || 1), this.pdf.numPages) - 1];
    if (!page) return;
    this.at = page.number;
    this.field.value = page.number;
    this.home.scrollTop = page.holder.offsetTop - 12;
    if (!quiet) say(word("第 {0} 页", page.number));
  }

  scrolled() {
    const middle = this.home.scrollTop + this.home.clientHeight / 3;
    const page = this.pages?.findLast?.((one) => one.holder.offsetTop <= middle) ?? this.pages?.filter((one) => one.holder.offsetTop <= middle).pop();
    if (page && page.number !== this.at) { this.at = page.number; this.field.value = page.number; }
  }

  async textOf(number) {
    if (!this.texts.has(number)) {
      const content = await (await this.pdf.getPage(number)).getTextContent();
      this.texts.set(number, content.items.map((item) => item.str ?? "").join("").replace(/\s+/g, "").toLowerCase());
    }
    return this.texts.get(number);
  }

  async search(direction, here = false) {
    const terms = this.find.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    for (const page of this.shown) page.marks = markText(page.divs ?? [], this.find.value);
    if (!terms.length) { this.told.textContent = ""; return; }
    const count = this.pdf.numPages;
    for (let step = here ? 0 : 1; step <= count; step += 1) {
      const number = ((this.at - 1 + direction * step) % count + count) % count + 1;
      const text = await this.textOf(number);
      if (terms.some((term) => text.includes(term))) {
        this.told.textContent = word("第 {0} 页", number);
        this.go(number);
        return;
      }
    }
    this.told.textContent = word("文中无此词");
  }

  key(event) {
    if (typing(event) || !keysOn() || event.ctrlKey || event.metaKey || event.altKey || !this.element.isConnected) return;
    if (event.key === "h" || event.key === "H") this.go(this.at - 1);
    else if (event.key === "l" || event.key === "L") this.go(this.at + 1);
  }
}
