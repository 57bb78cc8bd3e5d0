// What a paper says of itself, without a server: whether it is as the archive sealed it, and whether its record stands in the log.
import { checkProof } from "./proof.js";
import { sealsOn } from "./seal.js";

// Verdicts: genuine, changed (a seal or proof of ours, other bytes), doubtful (as sealed, its proof does not hold), unknown.
// Proof: ok, unknown-key (holds, but not by a key of ours), fail, none.
export function checkPaper(bytes, attachments, { seals, logKeys }) {
  const found = sealsOn(bytes, new Set(seals));
  const sound = found.some((seal) => seal.ours && seal.intact && seal.whole);
  const added = found.some((seal) => seal.ours && seal.intact && !seal.whole);
  const record = attachments["record.json"], told = attachments["log-proof.json"];
  const carried = record && told ? checkProof(record, told) : null;
  const known = Boolean(carried) && logKeys.includes(carried.key);
  const proof = !carried ? "none" : !carried.holds ? "fail" : known ? "ok" : "unknown-key";
  const claims = found.some((seal) => seal.ours) || proof === "ok";
  const verdict = !sound ? (claims ? "changed" : "unknown") : proof === "fail" ? "doubtful" : "genuine";
  return { verdict, sound, added, proof, carried, record: record ? readRecord(record) : null };
}

function readRecord(bytes) {
  try {
    const told = JSON.parse(new TextDecoder().decode(bytes));
    return { title: String(told.title ?? ""), number: String(told.number ?? "") };
  } catch { return null; }
}
