// Bytes, hex, and reading ASN.1 (DER), as far as a seal and a proof need them.
export function joined(...parts) {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) { out.set(part, at); at += part.length; }
  return out;
}

export function fromHex(text) {
  if (typeof text !== "string" || text.length % 2 || /[^0-9a-fA-F]/.test(text)) throw new Error("not hex");
  return Uint8Array.from({ length: text.length / 2 }, (_none, i) => parseInt(text.slice(i * 2, i * 2 + 2), 16));
}

export const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
export const same = (one, other) => one.length === other.length && one.every((byte, i) => byte === other[i]);

// One value: its tag, its content, and `whole`, the bytes with tag and length.
export function der(bytes, at = 0) {
  const tag = bytes[at];
  let length = bytes[at + 1], from = at + 2;
  if (length > 0x80) {
    const digits = length & 0x7f;
    if (digits > 4) throw new Error("too long");
    length = 0;
    for (let i = 0; i < digits; i += 1) length = length * 256 + bytes[from + i];
    from += digits;
  } else if (length === 0x80) throw new Error("not DER");
  if (!(from + length <= bytes.length)) throw new Error("cut off");
  return { tag, content: bytes.subarray(from, from + length), whole: bytes.subarray(at, from + length) };
}

export function encoded(tag, ...contents) {
  const content = joined(...contents), digits = [];
  for (let left = content.length; left > 0; left = Math.floor(left / 256)) digits.unshift(left % 256);
  const length = content.length < 0x80 ? [content.length] : [0x80 + digits.length, ...digits];
  return joined(Uint8Array.of(tag, ...length), content);
}

export function parts(value) {
  const found = [];
  for (let at = 0; at < value.content.length; at += found[found.length - 1].whole.length) found.push(der(value.content, at));
  return found;
}

export function oid(value) {
  if (value.tag !== 0x06) throw new Error("no object identifier");
  const [first, ...rest] = value.content;
  const numbers = [Math.floor(first / 40), first % 40];
  if (numbers[0] > 2) { numbers[1] += (numbers[0] - 2) * 40; numbers[0] = 2; }
  let number = 0;
  for (const byte of rest) {
    number = number * 128 + (byte & 0x7f);
    if (byte < 0x80) { numbers.push(number); number = 0; }
  }
  return numbers.join(".");
}

export const big = (bytes) => BigInt(`0x${toHex(bytes) || "0"}`);
