// Uploads: many files and folders, resumable by tus, each chunk with its own checksum.
// What the page says about a file comes from the server: received is its offset, verified is its word.
import Uppy from "@uppy/core";
import Tus from "@uppy/tus";
import { DefaultHttpStack } from "tus-js-client";
import { sha256Base64 } from "./digest.js";
import { csrf, make, say } from "./dom.js";
import { fromChooser, fromDrop } from "./folders.js";
import { UploadList } from "./upload-list.js";

const CHUNK_BYTES = 8 * 1024 * 1024;
const AT_ONCE = 3;
const POLL_MS = 1500;
const CHECKSUM_DIFFERS = 460;

class CheckedStack {
  constructor() { this.plain = new DefaultHttpStack({}); }
  getName() { return "checked"; }
  createRequest(method, url) {
    const request = this.plain.createRequest(method, url);
    const send = request.send.bind(request);
    request.send = async (body) => {
      request.setHeader("X-CSRFToken", csrf());
      if (method === "PATCH" && body) {
        const blob = body instanceof Blob ? body : new Blob([body]);
        request.setHeader("Upload-Checksum", `sha256 ${await sha256Base64(blob)}`);
      }
      return send(body);
    };
    return request;
  }
}

export function start(element) {
  const list = new UploadList(element.querySelector("[data-upload-list]") ?? element.appendChild(make("div")));
  const place = { project: element.dataset.project ?? "", unit: element.dataset.unit ?? "" };
  const uppy = new Uppy({ autoProceed: true, allowMultipleUploadBatches: true, restrictions: {} });
  uppy.use(Tus, {
    endpoint: element.dataset.endpoint,
    chunkSize: CHUNK_BYTES,
    limit: AT_ONCE,
    retryDelays: [500, 1500, 4000, 10000, 20000],
    removeFingerprintOnSuccess: true,
    storeFingerprintForResuming: true,
    httpStack: new CheckedStack(),
    allowedMetaFields: ["filename", "folder", "project", "unit", "filetype", "obligation"],
    onShouldRetry: (error, attempt, options, otherwise) => error?.originalResponse?.getStatus() === CHECKSUM_DIFFERS || otherwise(error),
  });

  const add = (files, more = {}) => {
    for (const { file, folder } of files) {
      const path = folder ? `${folder}/${file.name}` : file.name;
      try {
        uppy.addFile({
          name: file.name, type: file.type || "application/octet-stream", data: file, source: "page",
          meta: { relativePath: path, filename: file.name, folder, filetype: file.type, ...place, ...more },
        });
      } catch (problem) {
        if (!/duplicate/i.test(String(problem.message))) list.refused(path, problem.message);
      }
    }
    if (files.length) element.querySelectorAll("[data-upload-plain]").forEach((part) => { part.hidden = true; });
  };

  uppy.on("file-added", (file) => list.add(file, { pause: () => toggle(file.id), cancel: () => uppy.removeFile(file.id), retry: () => uppy.retryUpload(file.id) }));
  uppy.on("file-removed", (file) => list.remove(file.id));
  uppy.on("upload-progress", (file, progress) => list.progress(file.id, progress.bytesUploaded));
  uppy.on("upload-success", (file, response) => { list.arrived(file.id, response.uploadURL); });
  uppy.on("upload-error", (file, problem, response) => list.failed(file.id, reason(problem, response)));
  const toggle = (id) => list.paused(id, Boolean(uppy.pauseResume(id)));
  list.onPauseAll = (pause) => { if (pause) uppy.pauseAll(); else uppy.resumeAll(); };

  wire(element, add);
  list.offerUnfinished(place.project);
  poll(list, element);
  window.addEventListener("beforeunload", (event) => { if (list.busy()) { event.preventDefault(); event.returnValue = ""; } });
  document.addEventListener("zd:drop", (event) => { add(event.detail.files, event.detail.meta); });
}

function reason(problem, response) {
  const body = response?.body?.xhr?.responseText ?? problem?.originalResponse?.getBody?.() ?? "";
  try { return JSON.parse(body).reasons.map((one) => one.message).join("；"); } catch { return problem?.message ?? ""; }
}

function wire(element, add) {
  for (const field of element.querySelectorAll('input[type="file"]')) {
    field.addEventListener("change", () => { add(fromChooser(field.files)); field.value = ""; });
  }
  element.addEventListener("submit", (event) => event.preventDefault());
  for (const kind of ["folder", "files"]) {
    element.querySelector(`[data-choose="${kind}"]`)?.addEventListener("click", () => {
      const field = make("input", { type: "file", multiple: true, webkitdirectory: kind === "folder" });
      field.addEventListener("change", () => add(fromChooser(field.files)));
      field.click();
    });
  }
  element.querySelectorAll("[data-choose]").forEach((button) => { button.hidden = false; });
  const zone = element.matches(".drop") ? element : element.querySelector(".drop") ?? element;
  let depth = 0;
  zone.addEventListener("dragenter", (event) => { event.preventDefault(); depth += 1; zone.classList.add("over"); });
  zone.addEventListener("dragover", (event) => event.preventDefault());
  zone.addEventListener("dragleave", () => { depth -= 1; if (depth <= 0) zone.classList.remove("over"); });
  zone.addEventListener("drop", async (event) => {
    event.preventDefault();
    depth = 0;
    zone.classList.remove("over");
    add(await fromDrop(event.dataTransfer));
  });
  // A file that misses the zone must not replace the page.
  window.addEventListener("dragover", (event) => event.preventDefault());
  window.addEventListener("drop", (event) => event.preventDefault());
}

async function poll(list, element) {
  const facts = element.dataset.facts ?? "/files/uploads/";
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    const waiting = list.waiting(12);
    await Promise.all(waiting.map(async ({ id, upload }) => {
      try {
        const answer = await fetch(`${facts}${upload}/`, { headers: { Accept: "application/json" } });
        const told = await answer.json();
        if (answer.ok) list.told(id, told);
        else list.failed(id, told.reasons?.map((one) => one.message).join("；") ?? String(answer.status));
      } catch { /* asked again at the next turn */ }
    }));
    if (waiting.length && !list.waiting(1).length && !list.busy()) {
      say(list.sentence());
      document.dispatchEvent(new CustomEvent("zd:uploaded", { detail: { sentence: list.sentence() } }));
      document.body.dispatchEvent(new CustomEvent("zd-uploaded"));
    }
  }
}
