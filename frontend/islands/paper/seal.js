// The seals on a PDF (PAdES, RSA with SHA-256), looked at without a server: whose, whether its bytes are as sealed, and
// whether it covers the file to its last byte. A seal of any other kind is nobody's.
import { plainSha256 } from "../digest.js";
import { big, der, fromHex, joined, oid, parts, same, toHex } from "./bytes.js";

const SIGNED_DATA = "1.2.840.113549.1.7.2", MESSAGE_DIGEST = "1.2.840.113549.1.9.4", SHA256 = "2.16.840.1.101.3.4.2.1";
const RSA = ["1.2.840.113549.1.1.1", "1.2.840.113549.1.1.11"];
const SHA256_INFO = fromHex("3031300d060960864801650304020105000420");

function power(base, exponent, modulus) {
  let value = 1n, square = base % modulus;
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) value = value * square % modulus;
    square = square * square % modulus;
  }
  return value;
}

// PKCS #1 v1.5: what was signed is laid out whole and compared, so that nothing in the padding has to be read.
function isRsaSigned({ modulus, exponent }, message, signature) {
  const n = big(modulus), length = modulus[0] ? modulus.length : modulus.length - 1;
  if (length < 256 || signature.length !== length || big(signature) >= n) return false;
  const info = joined(SHA256_INFO, plainSha256(message));
  const padding = new Uint8Array(length - info.length - 3).fill(0xff);
  const wanted = joined(Uint8Array.of(0, 1), padding, Uint8Array.of(0), info);
  return power(big(signature), big(exponent), n) === big(wanted);
}

function keyOf(certificate) {
  const fields = parts(parts(certificate)[0]);
  const [algorithm, key] = parts(fields[fields[0].tag === 0xa0 ? 6 : 5]);
  if (oid(parts(algorithm)[0]) !== RSA[0] || key.tag !== 0x03 || key.content[0]) throw new Error("no RSA key");
  const [modulus, exponent] = parts(der(key.content, 1));
  return { modulus: modulus.content, exponent: exponent.content };
}

function readCms(bytes) {
  const outer = der(bytes);
  if (bytes.subarray(outer.whole.length).some(Boolean)) throw new Error("something behind the seal");
  const [kind, held] = parts(outer);
  if (oid(kind) !== SIGNED_DATA) throw new Error("no seal");
  const data = parts(parts(held)[0]);
  const certificates = parts(data.find((part) => part.tag === 0xa0));
  const signers = parts(data[data.length - 1]);
  if (certificates.length !== 1 || signers.length !== 1) throw new Error("one signer, one certificate");
  const [, , digest, attributes, algorithm, signature, more] = parts(signers[0]);
  return { certificate: certificates[0], digest: oid(parts(digest)[0]), attributes, algorithm: oid(parts(algorithm)[0]), signature: signature.content, more };
}

function isIntact(cms, covered) {
  if (cms.digest !== SHA256 || !RSA.includes(cms.algorithm) || cms.attributes.tag !== 0xa0 || cms.more) return false;
  const told = parts(cms.attributes).map(parts).filter(([name]) => oid(name) === MESSAGE_DIGEST);
  if (told.length !== 1 || !same(parts(told[0][1])[0].content, plainSha256(covered))) return false;
  const signed = Uint8Array.from(cms.attributes.whole);
  signed[0] = 0x31;
  return isRsaSigned(keyOf(cms.certificate), signed, cms.signature);
}

function lookAt(bytes, text, match, ours) {
  const [first, length, second, rest] = match.slice(1).map(Number);
  const gap = /^<([0-9A-F]+|[0-9a-f]+)>$/.exec(text.slice(first + length, second));
  const isCovered = match.index + match[0].length <= length || match.index >= second;
  if (first !== 0 || !gap || second + rest > bytes.length || !isCovered) return null;
  const cms = readCms(fromHex(gap[1]));
  const covered = joined(bytes.subarray(0, length), bytes.subarray(second, second + rest));
  return {
    ours: ours.has(toHex(plainSha256(cms.certificate.whole))), intact: isIntact(cms, covered), whole: second + rest === bytes.length,
  };
}

// A seal whose place no longer fits: it can still say whose it was, and that the file is not as sealed.
function strays(text, ours) {
  const found = [];
  for (const [, hex] of text.matchAll(/<([0-9a-fA-F]{1000,})>/g)) {
    try {
      found.push({ ours: ours.has(toHex(plainSha256(readCms(fromHex(hex)).certificate.whole))), intact: false, whole: false });
    } catch { /* no seal */ }
  }
  return found;
}

export function sealsOn(bytes, ours) {
  const text = new TextDecoder("latin1").decode(bytes);
  const found = [];
  for (const match of text.matchAll(/\/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]/g)) {
    try {
      const seal = lookAt(bytes, text, match, ours);
      if (seal) found.push(seal);
    } catch { found.push({ ours: false, intact: false, whole: false }); }
  }
  return found.some((seal) => seal.ours) ? found : [...found, ...strays(text, ours)];
}
