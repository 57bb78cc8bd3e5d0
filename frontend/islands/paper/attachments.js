// The files a PDF carries, by name. The reader runs in the page itself, so that nothing has to be fetched once it is here.
import { WorkerMessageHandler } from "pdfjs-dist/legacy/build/pdf.worker.min.mjs";
import { getDocument } from "pdfjs-dist/legacy/build/pdf.mjs";

globalThis.pdfjsWorker = { WorkerMessageHandler };

export async function attachmentsOf(bytes) {
  try {
    const opened = getDocument({ data: bytes.slice(), isEvalSupported: false, enableXfa: false, stopAtErrors: true, verbosity: 0 });
    const found = Object.entries((await (await opened.promise).getAttachments()) ?? {});
    await opened.destroy();
    return Object.fromEntries(found.map(([name, file]) => [name, file.content]));
  } catch { return {}; }
}
