// The list under the drop zone: one row per file, and above it what has been received and what has been verified.
import { csrf, make } from "./dom.js";
import { number, size, word } from "./words.js";

const ROWS_SHOWN = 120;
const STATES = { waiting: "none", running: "part", paused: "owed", arrived: "soon", done: "filed", failed: "fail" };

export class UploadList {
  constructor(home) {
    this.files = new Map();
    this.own = new WeakSet();
    this.onPauseAll = () => {};
    this.allPaused = false;
    this.sum = make("p", { className: "small muted", role: "status" });
    this.bar = make("progress", { className: "progress", max: 1, value: 0, "aria-label": word("已收 {0} / {1}", "", "") });
    this.pauseAll = make("button", { type: "button", className: "btn btn-sm", onclick: () => this.togglePause() }, word("全部暂停"));
    this.clear = make("button", { type: "button", className: "btn btn-sm", onclick: () => this.clearDone() }, word("清掉已完成"));
    this.head = make("div", { className: "up-sum", hidden: true }, this.bar,
      make("div", { className: "flex wrap" }, this.sum, make("span", { className: "push flex" }, this.pauseAll, this.clear)));
    this.rows = make("ul", { className: "up-list" });
    this.more = make("p", { className: "pad small muted", hidden: true });
    this.unfinished = make("div");
    home.append(this.unfinished, this.head, this.rows, this.more);
  }

  add(file, acts) {
    const state = make("span", { className: "small muted nowrap" }, word("等待"));
    const bar = make("progress", { className: "progress", max: Math.max(1, file.size), value: 0, "aria-label": file.name });
    const pause = make("button", { type: "button", className: "btn btn-sm btn-link", onclick: acts.pause }, word("暂停"));
    const cancel = make("button", { type: "button", className: "btn btn-sm btn-link", onclick: acts.cancel }, word("取消"));
    const buttons = make("span", { className: "up-acts" }, pause, cancel);
    const path = file.meta.folder ? make("span", { className: "small muted" }, `${file.meta.folder}/`) : null;
    const row = make("li", {}, make("span", { className: "up-name" }, path, file.name), make("span", { className: "flex" }, state, buttons), bar);
    this.own.add(row);
    this.files.set(file.id, { row, state, bar, pause, buttons, size: file.size, sent: 0, what: "waiting", acts, upload: "" });
    this.offered?.get(`${file.meta.folder}/${file.name}/${file.size}`)?.remove();
    this.draw();
  }

  change(id, what, sentence) {
    const one = this.files.get(id);
    if (!one) return;
    one.what = what;
    one.state.textContent = sentence;
    one.state.className = `small nowrap st st-${STATES[what]}`;
    if (what === "done" || what === "arrived") { one.bar.hidden = true; one.buttons.hidden = true; }
    if (what === "failed") {
      one.state.classList.remove("nowrap");
      one.pause.textContent = word("重试");
      one.pause.onclick = () => { one.bar.hidden = false; this.change(id, "running", word("等待")); one.acts.retry(); };
    }
    this.draw();
  }

  progress(id, sent) {
    const one = this.files.get(id);
    if (!one || one.what === "done" || one.what === "arrived") return;
    one.sent = sent;
    one.bar.value = sent;
    if (one.what !== "paused") this.change(id, "running", word("已收 {0} / {1}", size(sent), size(one.size)));
  }

  paused(id, paused) {
    const one = this.files.get(id);
    if (!one) return;
    one.pause.textContent = paused ? word("继续") : word("暂停");
    this.change(id, paused ? "paused" : "running", word("已收 {0} / {1}", size(one.sent), size(one.size)));
  }

  arrived(id, url) {
    const one = this.files.get(id);
    if (!one) return;
    one.sent = one.size;
    one.upload = (url ?? "").replace(/\/+$/, "").split("/").pop();
    this.change(id, "arrived", word("已收，正在校验"));
  }

  told(id, facts) {
    if (facts.state === "done") this.change(id, "done", facts.message);
    else if (facts.state === "refused") this.change(id, "failed", facts.reasons.map((one) => one.message).join("；") || facts.message);
    else if (facts.state === "expired") this.change(id, "failed", facts.message);
  }

  failed(id, why) { this.change(id, "failed", word("没有收到：{0}", why)); }

  refused(name, why) { this.rows.prepend(make("li", {}, make("span", { className: "up-name" }, name), make("span", { className: "st st-fail small" }, why))); }

  remove(id) { this.files.get(id)?.row.remove(); this.files.delete(id); this.draw(); }

  clearDone() { for (const [id, one] of this.files) if (one.what === "done") this.remove(id); }

  togglePause() {
    this.allPaused = !this.allPaused;
    this.onPauseAll(this.allPaused);
    for (const [id, one] of this.files) if (["waiting", "running", "paused"].includes(one.what)) this.paused(id, this.allPaused);
    this.pauseAll.textContent = this.allPaused ? word("全部继续") : word("全部暂停");
  }

  waiting(most) {
    const found = [];
    for (const [id, one] of this.files) {
      if (one.what === "arrived" && one.upload) found.push({ id, upload: one.upload });
      if (found.length >= most) break;
    }
    return found;
  }

  busy() { return [...this.files.values()].some((one) => one.what === "waiting" || one.what === "running"); }

  sentence() {
    const all = [...this.files.values()];
    const sum = (pick) => all.reduce((total, one) => total + pick(one), 0);
    const done = all.filter((one) => one.what === "done").length;
    return `${word("已收 {0} / {1}", size(sum((one) => one.sent)), size(sum((one) => one.size)))} · ${word("{0} 件中 {1} 件已校验", number(all.length), number(done))}`;
  }

  draw() {
    if (this.drawing) return;
    this.drawing = true;
    requestAnimationFrame(() => { this.drawing = false; this.redraw(); });
  }

  redraw() {
    const all = [...this.files.values()];
    this.head.hidden = !all.length;
    this.sum.textContent = this.sentence();
    this.pauseAll.hidden = !all.some((one) => ["waiting", "running", "paused"].includes(one.what));
    this.clear.hidden = !all.some((one) => one.what === "done");
    this.bar.max = Math.max(1, all.reduce((total, one) => total + one.size, 0));
    this.bar.value = all.reduce((total, one) => total + one.sent, 0);
    const order = { failed: 0, running: 1, paused: 2, arrived: 3, waiting: 4, done: 5 };
    const shown = all.sort((a, b) => order[a.what] - order[b.what]).slice(0, ROWS_SHOWN);
    const wanted = new Set(shown.map((one) => one.row));
    for (const row of [...this.rows.children]) if (!wanted.has(row) && this.knows(row)) row.remove();
    for (const one of shown) if (!one.row.isConnected) this.rows.append(one.row);
    this.more.hidden = all.length <= ROWS_SHOWN;
    this.more.textContent = word("另有 {0} 件", number(all.length - ROWS_SHOWN));
  }

  knows(row) { return this.own.has(row); }

  // What tus noted in this browser and the server still holds: the same file, chosen again, goes on from there.
  async offerUnfinished(project) {
    let noted = [];
    try {
      noted = Object.keys(localStorage).filter((key) => key.startsWith("tus::")).map((key) => ({ key, ...JSON.parse(localStorage.getItem(key)) }));
    } catch { return; }
    noted = noted.filter((one) => one.uploadUrl && (one.metadata?.project ?? "") === project).slice(0, 50);
    const rows = make("ul", { className: "up-list" });
    this.offered = new Map();
    for (const one of noted) {
      const answer = await fetch(one.uploadUrl, { method: "HEAD", headers: { "Tus-Resumable": "1.0.0" } }).catch(() => null);
      if (!answer) continue;
      if (!answer.ok) { localStorage.removeItem(one.key); continue; }
      const received = Number(answer.headers.get("Upload-Offset"));
      if (received >= one.size) { localStorage.removeItem(one.key); continue; }
      rows.append(this.unfinishedRow(one, received));
    }
    if (!rows.children.length) return;
    this.unfinished.append(make("div", { className: "head" }, make("h3", {}, word("上次没传完")), make("span", { className: "small muted" }, word("再选同一文件，从断处接着传"))), rows);
  }

  unfinishedRow(one, received) {
    const name = one.metadata.folder ? `${one.metadata.folder}/${one.metadata.filename}` : one.metadata.filename;
    const row = make("li", {}, make("span", { className: "up-name" }, name));
    const cancel = make("button", { type: "button", className: "btn btn-sm btn-link", onclick: async () => {
      await fetch(one.uploadUrl, { method: "DELETE", headers: { "Tus-Resumable": "1.0.0", "X-CSRFToken": csrf() } }).catch(() => null);
      localStorage.removeItem(one.key);
      row.remove();
    } }, word("取消"));
    this.offered.set(`${one.metadata.folder}/${one.metadata.filename}/${one.size}`, row);
    row.append(make("span", { className: "flex" }, make("span", { className: "small muted nowrap" }, word("已收 {0} / {1}", size(received), size(one.size))), cancel),
      make("progress", { className: "progress", max: Math.max(1, one.size), value: received, "aria-label": name }));
    return row;
  }
}
