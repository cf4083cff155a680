// The phone's key: ECDSA on P-256, made here, never to leave.

export interface PublicJwk {
  readonly kty: "EC";
  readonly crv: "P-256";
  readonly x: string;
  readonly y: string;
}

export interface NewKey {
  readonly key: CryptoKey;
  readonly jwk: PublicJwk;
}

const CURVE = { name: "ECDSA", namedCurve: "P-256" } as const;

export async function newKey(): Promise<NewKey> {
  const pair = await crypto.subtle.generateKey(CURVE, false, ["sign", "verify"]);
  const { x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  if (x === undefined || y === undefined) throw new TypeError("the browser made no point");
  return { key: pair.privateKey, jwk: { kty: "EC", crv: "P-256", x, y } };
}
