// The seals on a PDF (PAdES, RSA with SHA-256), looked at without a server: whose, whether its bytes are as sealed, and
// whether it covers the file to its last byte. A seal of any other kind is nobody's.
import { plainSha256 } from "../digest.js";
import { big, der, encoded, fromHex, joined, oid, parts, same, toHex } from "./bytes.js";

const MESSAGE_DIGEST = "1.2.840.113549.1.9.4", RSA = "1.2.840.113549.1.1.1";
const ONE = fromHex("020101"), DATA = fromHex("06092a864886f70d010701"), SIGNED_DATA = fromHex("06092a864886f70d010702");
const SHA256 = fromHex("300d06096086480165030402010500"), SHA256_WITH_RSA = fromHex("300d06092a864886f70d01010b0500");
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

// Without the version, which is not in all of them: serial number, algorithm, issuer, validity, subject, key.
const fieldsOf = (certificate) => parts(parts(certificate)[0]).filter((field) => field.tag !== 0xa0);

function keyOf(certificate) {
  const [algorithm, key] = parts(fieldsOf(certificate)[5]);
  if (oid(parts(algorithm)[0]) !== RSA || key.tag !== 0x03 || key.content[0]) throw new Error("no RSA key");
  const [modulus, exponent] = parts(der(key.content, 1));
  return { modulus: modulus.content, exponent: exponent.content };
}

function readCms(bytes) {
  const outer = der(bytes);
  if (bytes.subarray(outer.whole.length).some(Boolean)) throw new Error("something behind the seal");
  const data = parts(parts(parts(outer)[1])[0]);
  const certificates = parts(data.find((part) => part.tag === 0xa0));
  const signers = parts(data[data.length - 1]);
  if (certificates.length !== 1 || signers.length !== 1) throw new Error("one signer, one certificate");
  const [, , , attributes, , signature] = parts(signers[0]);
  return { whole: outer.whole, certificate: certificates[0], attributes, signature };
}

// Not all of a seal is under its signature: laid out anew from what is, it must come out as the same bytes.
function asSealed({ certificate, attributes, signature }) {
  const [serial, , issuer] = fieldsOf(certificate);
  const signer = encoded(0x30, ONE, encoded(0x30, issuer.whole, serial.whole), SHA256, attributes.whole, SHA256_WITH_RSA, signature.whole);
  const data = [ONE, encoded(0x31, SHA256), encoded(0x30, DATA), encoded(0xa0, certificate.whole), encoded(0x31, signer)];
  return encoded(0x30, SIGNED_DATA, encoded(0xa0, encoded(0x30, ...data)));
}

function isIntact(cms, covered) {
  if (cms.attributes.tag !== 0xa0 || cms.signature.tag !== 0x04 || !same(cms.whole, asSealed(cms))) return false;
  const told = parts(cms.attributes).map(parts).filter(([name]) => oid(name) === MESSAGE_DIGEST);
  if (told.length !== 1 || !same(parts(told[0][1])[0].content, plainSha256(covered))) return false;
  const signed = Uint8Array.from(cms.attributes.whole);
  signed[0] = 0x31;
  return isRsaSigned(keyOf(cms.certificate), signed, cms.signature.content);
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
