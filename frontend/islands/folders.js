// Files out of a drop or a chooser, each with the folder it lay in.
const NOISE = /^(\.DS_Store|Thumbs\.db|desktop\.ini|~\$.*|\.~lock\..*)$/i;

export function fromChooser(files) {
  return [...files].map((file) => placed(file, file.webkitRelativePath || file.name)).filter((one) => !NOISE.test(one.file.name));
}

function placed(file, path) {
  const parts = path.replace(/^\/+/, "").split("/");
  return { file, folder: parts.slice(0, -1).join("/") };
}

export async function fromDrop(transfer) {
  // The entries must be taken before the first await: the browser empties the list afterwards.
  const entries = [...transfer.items].filter((item) => item.kind === "file").map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  const found = [];
  for (const entry of entries) await walk(entry, found);
  return found.filter((one) => !NOISE.test(one.file.name));
}

async function walk(entry, found) {
  if (!entry) return;
  if (entry instanceof File) { found.push(placed(entry, entry.name)); return; }
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject)).catch(() => null);
    if (file) found.push(placed(file, entry.fullPath));
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    // A reader gives at most a hundred at a time.
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)).catch(() => []);
    if (!some.length) return;
    for (const inner of some) await walk(inner, found);
  }
}
