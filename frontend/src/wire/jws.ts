// What a phone signs: a compact JWS (RFC 7515 section 7.1), ES256 (RFC 7518 section 3.4).

import { type Bytes, sha256, toB64u, utf8 } from "./bytes.ts";
import type { PublicJwk } from "./keys.ts";

export type Fields = Readonly<Record<string, string | boolean>>;

/** Who signs: a phone that has an id, or one that is about to get one. */
export type Signer =
  | { readonly key: CryptoKey; readonly kid: string }
  | { readonly key: CryptoKey; readonly jwk: PublicJwk };

export interface Signed {
  readonly jws: string;
  /** SHA-256 of the payload's bytes: what the screen lock is proved for. */
  readonly challenge: Bytes;
}

export interface What {
  readonly origin: string;
  readonly act: string;
  /** Milliseconds by the service's clock. */
  readonly at: number;
  readonly fields: Fields;
}

export async function sign(signer: Signer, what: What): Promise<Signed> {
  const who = "kid" in signer ? { kid: signer.kid } : { jwk: signer.jwk };
  const header = utf8(JSON.stringify({ alg: "ES256", typ: "portvakt-phone+jwt", ...who }));
  const payload = utf8(
    JSON.stringify({ v: 1, aud: what.origin, act: what.act, iat: what.at, ...what.fields }),
  );
  const input = `${toB64u(header)}.${toB64u(payload)}`;
  const signature = await crypto.subtle.sign(
    { name: "ECDSA", hash: "SHA-256" },
    signer.key,
    utf8(input),
  );
  return { jws: `${input}.${toB64u(signature)}`, challenge: await sha256(payload) };
}
