// The proof a certificate carries, checked as `documents/carried.py` does: record to log entry, entry to leaf, leaf by the path
// to the root (RFC 9162 2.1.3.2, with SM3), and the root under the signature of a log key. Whose key it is, is told by others.
import { ed25519 } from "@noble/curves/ed25519.js";
import { fromHex, joined, same, toHex } from "./bytes.js";
import { sm3 } from "./sm3.js";

const utf8 = (text) => new TextEncoder().encode(text);
const node = (one, other) => sm3(joined(Uint8Array.of(1), one, other));

function digest(hex) {
  const bytes = fromHex(hex);
  if (bytes.length !== 32) throw new Error("a digest has 32 bytes");
  return bytes;
}

export function isIncluded(leaf, index, size, path, root) {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return false;
  let place = index, last = size - 1, value = leaf;
  const half = () => { place = Math.floor(place / 2); last = Math.floor(last / 2); };
  for (const other of path) {
    if (last === 0) return false;
    if (place % 2 || place === last) {
      value = node(other, value);
      while (place % 2 === 0 && place) half();
    } else value = node(value, other);
    half();
  }
  return last === 0 && same(value, root);
}

export function isSigned({ size, root, at, key, signature }) {
  const message = utf8(`zhudang log head, SM3-Merkle\n${JSON.stringify({ at, root, size })}`);
  try {
    return ed25519.verify(fromHex(signature), message, fromHex(key), { zip215: false });
  } catch { return false; }
}

// null where there is no proof, or none that can be read: what cannot be read proves nothing.
export function checkProof(record, told) {
  try {
    const proof = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(told));
    if (!proof.tree) return null;
    const { number, leaf, path, head } = proof.tree;
    const steps = path.map(digest), root = digest(head.root);
    const holds = JSON.parse(proof.canonical).data.record_sm3 === toHex(sm3(record))
      && same(sm3(joined(Uint8Array.of(0), utf8(proof.canonical))), digest(leaf))
      && isSigned(head) && isIncluded(digest(leaf), number - 1, head.size, steps, root);
    return { number, size: head.size, at: head.at, key: head.key, holds };
  } catch { return null; }
}
