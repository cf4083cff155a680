// Codes that work without network: TOTP (RFC 6238) with HMAC-SHA-1.

import type { Bytes } from "./bytes.ts";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"; // RFC 4648 section 6

export function fromBase32(text: string): Bytes {
  const bytes: number[] = [];
  let value = 0;
  let bits = 0;
  for (const letter of text.replace(/=+$/, "")) {
    const index = LETTERS.indexOf(letter);
    if (index < 0) throw new TypeError("not base32");
    value = ((value << 5) | index) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((value >> bits) & 0xff);
    }
  }
  return Uint8Array.from(bytes);
}

/** The secret as a key that can be used and not read. */
export function totpKey(secret: string): Promise<CryptoKey> {
  const raw = fromBase32(secret);
  return crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-1" }, false, ["sign"]);
}

export async function codeAt(
  key: CryptoKey,
  milliseconds: number,
  digits = 6,
  period = 30,
): Promise<string> {
  const counter = new DataView(new ArrayBuffer(8));
  counter.setBigUint64(0, BigInt(Math.floor(milliseconds / 1000 / period)));
  const mac = new DataView(await crypto.subtle.sign("HMAC", key, counter.buffer));
  const number = mac.getUint32(mac.getUint8(19) & 0xf) & 0x7fffffff;
  return String(number % 10 ** digits).padStart(digits, "0");
}

/** Whole seconds until the next code. */
export function secondsLeft(milliseconds: number, period = 30): number {
  return period - (Math.floor(milliseconds / 1000) % period);
}
