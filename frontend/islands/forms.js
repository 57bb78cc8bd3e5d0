// Forms: show the password, drop a file on a field, send once.
import { make } from "./dom.js";
import { word } from "./words.js";

export function startPassword(element) {
  const field = element.querySelector('input[type="password"]');
  if (!field) return;
  const button = make("button", { type: "button", className: "btn btn-link", "aria-label": word("显示密码"), "aria-pressed": "false" }, word("显示"));
  button.addEventListener("click", () => {
    const shown = field.type === "text";
    field.type = shown ? "password" : "text";
    button.textContent = shown ? word("显示") : word("隐藏");
    button.setAttribute("aria-pressed", String(!shown));
  });
  const box = make("span", { className: "pw-box" });
  field.replaceWith(box);
  box.append(field, button);
}

export function startDropfile(element) {
  const field = element.querySelector('input[type="file"]');
  if (!field) return;
  const told = make("p", { role: "status" });
  element.append(told);
  const show = () => { told.textContent = field.files.length ? word("换了文件：{0}", [...field.files].map((file) => file.name).join("、")) : ""; };
  field.addEventListener("change", show);
  element.addEventListener("dragover", (event) => { event.preventDefault(); element.classList.add("over"); });
  element.addEventListener("dragleave", () => element.classList.remove("over"));
  element.addEventListener("drop", (event) => {
    event.preventDefault();
    element.classList.remove("over");
    if (!event.dataTransfer.files.length) return;
    field.files = event.dataTransfer.files;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });
}

// A second press while the first is under way would be a second act.
export function startOnce() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("hx-post")) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    event.submitter?.classList.add("busy");
    // A form may answer with a download, which leaves this page standing.
    setTimeout(() => { delete form.dataset.sent; event.submitter?.classList.remove("busy"); }, 5000);
  });
  window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));
}
