// What the service answers, read with care: a field of another type is an answer we do not know.

import { fromB64u, fromUtf8, sha256, toB64u } from "./bytes.ts";

export interface About {
  readonly name: string;
  readonly user_name: string;
  readonly organisation: string;
  readonly colour: string;
  readonly support_phone: string;
}

export interface RawRequest {
  readonly id: string;
  readonly shown: string;
  readonly expires_at: number;
}

export interface State {
  readonly state: "proving" | "active";
  readonly name: string;
  readonly sign_in: boolean;
  readonly screen_lock: string | null;
  readonly account: About;
  readonly vapid: string | null;
  readonly requests: readonly RawRequest[];
  readonly now: number;
}

export interface TotpSecret {
  readonly secret: string;
  readonly digits: number;
  readonly period: number;
}

export interface Paired extends State {
  readonly phone: string;
  readonly totp: TotpSecret | null;
}

export interface Transfer {
  readonly code: string;
  readonly url: string;
  readonly expires_at: number;
}

export type Result = "approved" | "denied" | "wrong_number" | "ended";
export type Purpose = "sign_in" | "methods" | "reset" | "test";

export interface Shown {
  readonly request: string;
  readonly account: string;
  readonly purpose: Purpose;
  readonly app: string;
  readonly network: string;
  readonly address: string;
  readonly browser: string;
  readonly known_browser: boolean;
  readonly quiet: boolean;
  readonly at: number;
  readonly session: string;
  readonly digits: number;
  readonly lock: boolean;
}

export interface Request {
  readonly id: string;
  /** `b64u` of the SHA-256 of the very bytes that came: what an answer signs. */
  readonly hash: string;
  readonly shown: Shown;
  readonly expires_at: number;
}

/** An answer, or a request in it, that this version of the app does not understand. */
export class NotUnderstood extends Error {}

type Json = Readonly<Record<string, unknown>>;

export function asObject(value: unknown): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new NotUnderstood("an object is missing");
  }
  return value as Json;
}

function text(from: Json, name: string): string {
  const value = from[name];
  if (typeof value !== "string") throw new NotUnderstood(name);
  return value;
}

function textOrNull(from: Json, name: string): string | null {
  return from[name] === null ? null : text(from, name);
}

function flag(from: Json, name: string): boolean {
  const value = from[name];
  if (typeof value !== "boolean") throw new NotUnderstood(name);
  return value;
}

export function whole(from: Json, name: string): number {
  const value = from[name];
  if (!Number.isSafeInteger(value)) throw new NotUnderstood(name);
  return value as number;
}

function oneOf<T extends string>(from: Json, name: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === from[name]);
  if (found === undefined) throw new NotUnderstood(name);
  return found;
}

export function asState(json: Json): State {
  const about = asObject(json["account"]);
  const requests = json["requests"];
  if (!Array.isArray(requests)) throw new NotUnderstood("requests");
  return {
    state: oneOf(json, "state", ["proving", "active"]),
    name: text(json, "name"),
    sign_in: flag(json, "sign_in"),
    screen_lock: textOrNull(json, "screen_lock"),
    account: {
      name: text(about, "name"),
      user_name: text(about, "user_name"),
      organisation: text(about, "organisation"),
      colour: text(about, "colour"),
      support_phone: text(about, "support_phone"),
    },
    vapid: textOrNull(json, "vapid"),
    requests: requests.map((each) => {
      const raw = asObject(each);
      return { id: text(raw, "id"), shown: text(raw, "shown"), expires_at: whole(raw, "expires_at") };
    }),
    now: whole(json, "now"),
  };
}

export function asPaired(json: Json): Paired {
  let totp: TotpSecret | null = null;
  if (json["totp"] !== null) {
    const raw = asObject(json["totp"]);
    if (raw["algorithm"] !== "SHA1") throw new NotUnderstood("algorithm");
    totp = { secret: text(raw, "secret"), digits: whole(raw, "digits"), period: whole(raw, "period") };
  }
  return { ...asState(json), phone: text(json, "phone"), totp };
}

export function asTransfer(json: Json): Transfer {
  return { code: text(json, "code"), url: text(json, "url"), expires_at: whole(json, "expires_at") };
}

export function asResult(json: Json): Result {
  return oneOf(json, "result", ["approved", "denied", "wrong_number", "ended"]);
}

const FIELDS = 14; // of the object in `shown`, all of them shown to the person or signed

/** What a request asks. Throws `NotUnderstood`: what cannot be shown in full cannot be approved. */
export async function asRequest(raw: RawRequest): Promise<Request> {
  const bytes = fromB64u(raw.shown);
  let json: Json;
  try {
    json = asObject(JSON.parse(fromUtf8(bytes)));
  } catch (error) {
    throw new NotUnderstood("shown", { cause: error });
  }
  if (json["v"] !== 1 || json["request"] !== raw.id || Object.keys(json).length !== FIELDS) {
    throw new NotUnderstood("shown");
  }
  const shown: Shown = {
    request: raw.id,
    account: text(json, "account"),
    purpose: oneOf(json, "purpose", ["sign_in", "methods", "reset", "test"]),
    app: text(json, "app"),
    network: text(json, "network"),
    address: text(json, "address"),
    browser: text(json, "browser"),
    known_browser: flag(json, "known_browser"),
    quiet: flag(json, "quiet"),
    at: whole(json, "at"),
    session: text(json, "session"),
    digits: whole(json, "digits"),
    lock: flag(json, "lock"),
  };
  return { id: raw.id, hash: toB64u(await sha256(bytes)), shown, expires_at: raw.expires_at };
}
