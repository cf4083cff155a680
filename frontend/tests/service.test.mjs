import assert from "node:assert/strict";
import { test } from "node:test";
import * as wire from "../build/wire.mjs";

const ORIGIN = "https://auth.region.example";
const { key } = await wire.newKey();
const signer = { key, kid: "phone" };

/** A service that gives these answers, one after the other, and remembers what was sent. */
function service(...answers) {
  const seen = { bodies: [], pauses: [], troubles: [] };
  const made = new wire.Service({
    origin: ORIGIN,
    clock: new wire.Clock(0, () => 1_000_000),
    send: async (_address, init) => {
      seen.bodies.push(JSON.parse(init.body));
      const next = answers.shift();
      if (next instanceof Error) throw next;
      const [status, body] = next;
      return new Response(typeof body === "string" ? body : JSON.stringify(body), { status });
    },
    pause: async (milliseconds) => void seen.pauses.push(milliseconds),
    waiting: (trouble) => void seen.troubles.push(trouble),
  });
  return { made, seen };
}

const payload = ({ jws }) => JSON.parse(wire.fromUtf8(wire.fromB64u(jws.split(".")[1])));
const ask = ({ made }, prove) => made.ask(signer, "fetch", {}, (json) => json.now, prove);

test("what is asked is signed for the service, the act and the time", async () => {
  const one = service([200, { now: 1_000_000 }]);
  assert.deepEqual(await ask(one), { ok: true, value: 1_000_000 });
  assert.deepEqual(payload(one.seen.bodies[0]), { v: 1, aud: ORIGIN, act: "fetch", iat: 1_000_000 });
});

test("a clock ten minutes wrong is set, and the phone asks again by itself", async () => {
  const later = 1_600_000;
  const one = service([401, { error: "clock", now: later }], [200, { now: later }]);
  assert.equal((await ask(one)).ok, true);
  assert.equal(payload(one.seen.bodies[1]).iat, later);
  assert.equal(one.made.clock.offset, 600_000);
});

test("a clock that is wrong twice is told, and not tried for ever", async () => {
  const one = service([401, { error: "clock", now: 5 }], [401, { error: "clock", now: 5 }]);
  assert.equal((await ask(one)).trouble, "clock");
});

test("a busy service is asked again with growing pauses, and the person is told", async () => {
  const busy = [503, { error: "busy", now: 1_000_000 }];
  const one = service(busy, busy, busy, [200, { now: 1_000_000 }]);
  assert.equal((await ask(one)).ok, true);
  const floors = [1000, 2000, 4000];
  one.seen.pauses.forEach((pause, index) => assert.ok(pause >= floors[index] && pause <= 2 * floors[index]));
  assert.deepEqual(one.seen.troubles, ["busy", "busy", "busy", null]);
});

test("a service that stays down is given up after five tries", async () => {
  const one = service(...Array.from({ length: 5 }, () => [503, { error: "down", now: 1 }]));
  assert.equal((await ask(one)).trouble, "down");
  assert.equal(one.seen.bodies.length, 5);
});

test("the screen lock is proved once, though the service was busy", async () => {
  let proved = 0;
  const one = service([503, { error: "busy", now: 1_000_000 }], [200, { now: 1_000_000 }]);
  await ask(one, async (challenge) => {
    proved += 1;
    return { assertion: { id: wire.toB64u(challenge) } };
  });
  assert.equal(proved, 1);
  assert.deepEqual(one.seen.bodies[0], one.seen.bodies[1]);
});

test("somebody who does not show the screen lock sends nothing", async () => {
  const one = service();
  const refuse = () => Promise.reject(new wire.LockRefused("cancelled"));
  assert.equal((await ask(one, refuse)).trouble, "cancelled");
  assert.equal(one.seen.bodies.length, 0);
});

for (const [what, answer, trouble] of [
  ["flight mode", new TypeError("fetch failed"), "offline"],
  ["a removed phone", [410, { error: "gone", now: 1 }], "gone"],
  ["a sign-in page of a foreign network", [200, "<html>"], "strange"],
  ["a word that we do not know", [418, { error: "teapot", now: 1 }], "strange"],
]) {
  test(`${what} is ${trouble}`, async () => {
    assert.equal((await ask(service(answer))).trouble, trouble);
  });
}

test("too many tries say until when", async () => {
  const one = service([429, { error: "too_many", retry_at: 77, now: 1 }]);
  assert.deepEqual(await ask(one), { ok: false, trouble: "too_many", retryAt: 77 });
});

test("events are read however the network cuts them", () => {
  const text = ": hello\r\nevent: state\r\ndata: {\"a\":\r\ndata: 1}\r\n\r\n:\n\nevent: gone\ndata: {}\n\n";
  for (let size = 1; size < text.length; size++) {
    const reader = new wire.EventReader();
    const found = [];
    for (let at = 0; at < text.length; at += size) found.push(...reader.feed(text.slice(at, at + size)));
    assert.deepEqual(found, [
      { name: "state", data: '{"a":\n1}' },
      { name: "gone", data: "{}" },
    ]);
  }
});

const CODE = "AAECAwQFBgcICQoLDA0ODw";
for (const [what, text, kind] of [
  ["the address of this service", `${ORIGIN}/authenticator/#pair=${CODE}`, "code"],
  ["a pasted code", ` ${CODE}\n`, "code"],
  ["eight letters, however they are written", "abcd-2345", "letters"],
  ["the address of another service", `https://evil.example/authenticator/#pair=${CODE}`, "elsewhere"],
  ["a name that only starts like ours", `${ORIGIN}.evil.example/authenticator/#pair=${CODE}`, "elsewhere"],
  ["another page of ours", `${ORIGIN}/sign-in#pair=${CODE}`, "nothing"],
  ["a code in the query, where logs would see it", `${ORIGIN}/authenticator/?pair=${CODE}`, "nothing"],
  ["a script", `javascript:alert(1)#pair=${CODE}`, "nothing"],
  ["a code of an app with codes", "otpauth://totp/x?secret=ABC", "nothing"],
  ["nothing", "", "nothing"],
]) {
  test(`${what} is read as ${kind}`, () => assert.equal(wire.readCode(text, ORIGIN).kind, kind));
}
