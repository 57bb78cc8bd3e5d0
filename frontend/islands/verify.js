// The public check of a paper in the browser: what the file says of itself is found here, with no server; what only the register can
// say is asked in addition, where there is one and it answers.
import { attachmentsOf } from "./paper/attachments.js";
import { checkPaper } from "./paper/paper.js";
import { make, say } from "./dom.js";
import { number, word } from "./words.js";

const MOST_BYTES = 40 * 1024 * 1024;
const WORDS = {
  genuine: ["ok", "确由本馆盖章，盖章后未改动", "由这台机器自己算出，没有问服务器。此后是否作废，只有登记簿能说。"],
  changed: ["fail", "这个文件被改动过，不能采信", "它带有本馆的印章或证明，但内容与盖章时不同。请向持件人索取原文件。"],
  doubtful: ["fail", "印章无误，所附的登记证明对不上", "请与本馆联系核实。"],
  unknown: ["none", "没有认出本馆的印章", "不是本馆盖章的文书，或所用的印章这一页不认得。"],
  unreadable: ["none", "读不了这个文件", "文件超过 40 MB，或已被移走。"],
};

function sealLines({ verdict, sound, added }) {
  const known = verdict !== "unknown";
  return [
    ["由谁签发", ...(sound ? ["ok", "印章与本页所带的本馆印章证书相符"] : known ? ["fail", "印章核验不通过"] : ["unchecked", "没有本馆的印章"])],
    ["有没有改动", ...(sound ? ["ok", "印章盖住整个文件，盖章后逐字节未改"]
      : known ? ["fail", added ? "盖章之后又添了内容" : "与盖章时的文件不同"] : ["unchecked", "无从核对"])],
  ];
}

function proofLine({ proof, carried }) {
  const aside = carried ? word("公钥 {0}…", carried.key.slice(0, 16)) : "";
  const said = {
    ok: ["ok", word("记录在日志第 {0} 条，沿所附路径到前 {1} 条的树根，树根有本馆日志密钥的签名", number(carried?.number), number(carried?.size))],
    "unknown-key": ["unchecked", word("证明自成一体，但签名的密钥不在本页所带的公钥之列")],
    fail: ["fail", word("所附的登记证明对不上")],
    none: ["unchecked", word("文件没有自带登记证明；移交凭证才有")],
  }[proof];
  return ["自带证明", ...said, aside];
}

class Check {
  constructor(element, form) {
    this.element = element;
    this.form = form;
    this.field = form.querySelector('input[type="file"]');
    this.known = { seals: element.dataset.seals.split(" ").filter(Boolean), logKeys: element.dataset.logKeys.split(" ").filter(Boolean) };
    this.run = 0;
    const plain = form.querySelector("[data-said-plainly]");
    if (plain) plain.textContent = word("先在这台机器上核对；联网时再问登记簿是否作废，问后即弃。");
    this.field.addEventListener("change", () => this.look());
    form.addEventListener("submit", (event) => {
      if (!this.field.files.length) return;
      event.preventDefault();
      this.look();
    });
    this.element.dataset.ready = "yes";
  }

  async look() {
    const [file] = this.field.files, run = this.run += 1;
    if (!file) return;
    this.clear();
    this.show(make("p", { className: "note" }, word("正在核对……")));
    const told = await this.ownAnswer(file);
    if (run !== this.run) return;
    const asked = make("div", { className: "asked" });
    const sheet = this.sheet(told, file);
    this.show(sheet, asked);
    say(word(WORDS[told.verdict][1]));
    const { top, bottom } = sheet.getBoundingClientRect();
    if (top < 0 || bottom > innerHeight) sheet.scrollIntoView();
    await this.askRegister(file, asked, () => run === this.run);
  }

  async ownAnswer(file) {
    if (file.size > MOST_BYTES) return { verdict: "unreadable" };
    try {
      const bytes = new Uint8Array(await file.arrayBuffer());
      return checkPaper(bytes, await attachmentsOf(bytes), this.known);
    } catch (problem) {
      console.warn("verify", problem?.name, problem?.message);
      return { verdict: "unreadable" };
    }
  }

  clear() {
    const heading = document.querySelector(".verdict[data-earlier-answer]");
    heading?.replaceWith(make("h1", {}, word("查验本馆签发的文书")));
    document.querySelectorAll("[data-earlier-answer]").forEach((earlier) => earlier.remove());
  }

  show(...parts) {
    this.element.querySelectorAll(":scope > :not(template)").forEach((old) => old.remove());
    this.element.append(...parts);
  }

  shape(state) {
    return make("span", { className: `st-${state}` }, this.element.querySelector(`template[data-shape="${state}"]`).content.cloneNode(true));
  }

  sheet(told, file) {
    const [mark, heading, explained] = WORDS[told.verdict];
    const paper = told.record && told.verdict === "genuine" ? `${told.record.title}　${told.record.number}` : file.name;
    const lines = told.verdict === "unreadable" ? [] : [...sealLines(told).map(([name, state, text]) => [name, state, word(text), ""]), proofLine(told)];
    return make("section", { className: "sheet", "data-own-verdict": told.verdict, "data-paper": file.name },
      make("div", { className: "head" }, make("h2", {}, word("离线核对")), make("span", { className: "aside" }, word("不经服务器"))),
      make("div", { className: "verdict" }, this.shape(mark),
        make("div", {}, make("h3", {}, word(heading)), make("p", { className: "ink2" }, paper), make("p", { className: "ink2" }, word(explained)))),
      make("ol", { className: "vl" }, ...lines.map(([name, state, text, aside]) => make("li", { "data-state": state }, this.shape(state),
        make("div", {}, make("b", {}, word(name)), make("p", {}, text)), make("span", { className: "aside" }, aside)))));
  }

  async askRegister(file, place, isCurrent) {
    const silent = make("section", { className: "sheet", "data-register": "silent" },
      make("div", { className: "head" }, make("h2", {}, word("登记簿的回答"))),
      make("p", { className: "pad ink2" }, word("没有连上服务器。是否作废、是否被替换，要联网问登记簿，或向本馆查询。")));
    if (!this.form.action || this.form.method !== "post" || !navigator.onLine) return place.replaceChildren(silent);
    place.replaceChildren(make("p", { className: "note" }, word("正在问登记簿……")));
    try {
      const body = new FormData(this.form);
      body.set("pdf", file);
      const answer = await fetch(this.form.action, { method: "POST", body, headers: { "X-Answer-Only": "yes" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (!isCurrent()) return undefined;
      if (!page.body.querySelector("section.sheet")) throw new Error(`answer ${answer.status}`);
      return place.replaceChildren(...page.body.children);
    } catch (problem) {
      console.warn("verify", problem?.message);
      return isCurrent() ? place.replaceChildren(silent) : undefined;
    }
  }
}

export function start(element) {
  const form = document.querySelector(element.dataset.form);
  if (form?.querySelector('input[type="file"]')) new Check(element, form);
}
