import assert from "node:assert/strict";
import { test } from "node:test";
import * as wire from "../build/wire.mjs";
import { blocks } from "./vectors.mjs";

const CURVE = { name: "ECDSA", namedCurve: "P-256" };
const ES256 = { name: "ECDSA", hash: "SHA-256" };
const [{ phone }] = blocks("Keys");
const { d: _, ...publicJwk } = phone;
const key = await crypto.subtle.importKey("jwk", phone, CURVE, false, ["sign"]);
const check = await crypto.subtle.importKey("jwk", publicJwk, CURVE, false, ["verify"]);

const parts = (jws) => jws.split(".");
const textOf = (part) => wire.fromUtf8(wire.fromB64u(part));

for (const heading of ["`pair` by the long code", "`fetch`", "`answer`", "`screen_lock`", "`stream`"]) {
  test(`${heading} is signed over the very bytes of the vector`, async () => {
    const [vector] = blocks(heading);
    const header = JSON.parse(vector.header);
    const { v, aud, act, iat, ...fields } = JSON.parse(vector.payload);
    assert.equal(v, 1);
    const who = header.kid === undefined ? { key, jwk: header.jwk } : { key, kid: header.kid };
    const { jws } = await wire.sign(who, { origin: aud, act, at: iat, fields });
    const [head, payload, signature] = parts(jws);
    assert.equal(`${head}.${payload}`, vector.signing_input);
    const input = wire.utf8(vector.signing_input);
    assert.ok(await crypto.subtle.verify(ES256, check, wire.fromB64u(signature), input));
    assert.ok(await crypto.subtle.verify(ES256, check, wire.fromB64u(vector.signature), input));
  });
}

test("the challenge of the screen lock is the hash of what is signed", async () => {
  for (const [act, beside] of [
    ["`answer`", "The assertion beside"],
    ["`screen_lock`", "The attestation beside"],
  ]) {
    const [vector] = blocks(act);
    const { v: _v, aud, act: name, iat, ...fields } = JSON.parse(vector.payload);
    const { challenge } = await wire.sign({ key, kid: "x" }, { origin: aud, act: name, at: iat, fields });
    assert.equal(wire.toB64u(challenge), blocks(beside)[0].challenge);
  }
});

test("a request is hashed as it came", async () => {
  const [vector, state] = blocks("A request");
  const [raw] = wire.asState(state).requests;
  const request = await wire.asRequest(raw);
  assert.equal(request.hash, vector.hash);
  assert.equal(request.shown.app, "Lön & tid");
  assert.equal(request.shown.digits, 6);
});

test("what pairing answers is read", () => {
  const [, answer] = blocks("`pair` by the long code");
  const paired = wire.asPaired(answer);
  assert.equal(paired.state, "proving");
  assert.deepEqual(paired.totp, { secret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", digits: 6, period: 30 });
});

test("codes are those of RFC 6238", async () => {
  const [{ secret, codes }] = blocks("Codes");
  const totp = await wire.totpKey(secret);
  for (const [at, code] of Object.entries(codes)) {
    assert.equal(await wire.codeAt(totp, Number(at)), code);
  }
});

test("neither the phone's key nor the codes' secret can be read again", async () => {
  const made = await wire.newKey();
  await assert.rejects(crypto.subtle.exportKey("jwk", made.key), /not extractable/);
  const totp = await wire.totpKey("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
  await assert.rejects(crypto.subtle.exportKey("raw", totp), /not extractable/);
});

test("the public key that is sent has four members and no more", async () => {
  const { jwk } = await wire.newKey();
  assert.deepEqual(Object.keys(jwk), ["kty", "crv", "x", "y"]);
  const { jws } = await wire.sign({ key, jwk }, { origin: "o", act: "pair", at: 1, fields: {} });
  assert.deepEqual(Object.keys(JSON.parse(textOf(parts(jws)[0]))), ["alg", "typ", "jwk"]);
});

const shownWith = async (change) => {
  const [vector, state] = blocks("A request");
  const text = JSON.stringify(change(JSON.parse(vector.shown_text)));
  return wire.asRequest({ ...state.requests[0], shown: wire.toB64u(wire.utf8(text)) });
};

for (const [what, change] of [
  ["a field that it does not know", (shown) => ({ ...shown, more: "1" })],
  ["a field missing", ({ network: _n, ...shown }) => shown],
  ["another version", (shown) => ({ ...shown, v: 2 })],
  ["another request's id", (shown) => ({ ...shown, request: "x" })],
  ["a purpose that it does not know", (shown) => ({ ...shown, purpose: "pay" })],
  ["a number for a text", (shown) => ({ ...shown, app: 1 })],
]) {
  test(`a request with ${what} is not shown, so that nobody approves it`, async () => {
    await assert.rejects(shownWith(change), wire.NotUnderstood);
  });
}

test("an answer of another type is an answer that we do not know", () => {
  const [, state] = blocks("A request");
  for (const change of [{ name: 1 }, { state: "other" }, { sign_in: "yes" }, { requests: {} }, { now: 1.5 }]) {
    assert.throws(() => wire.asState({ ...state, ...change }), wire.NotUnderstood);
  }
});
