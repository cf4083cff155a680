// Asking the service: one signed POST, its clock kept, its bad days waited out.

import { NotUnderstood, asObject } from "./answers.ts";
import type { Bytes } from "./bytes.ts";
import { type Fields, type Signer, sign } from "./jws.ts";

const WORDS = [
  "malformed", "version", "signature", "clock", "gone", "lock", "wrong", "used", "expired", "full",
  "kept", "frozen", "endpoint", "too_many", "busy", "down",
] as const;

/** Why there is no answer: a word of the protocol, or one of ours. */
export type Trouble =
  | (typeof WORDS)[number]
  | "offline" // nothing came back
  | "strange" // something came back that the protocol does not know
  | "cancelled" // the person did not show the screen lock
  | "no_lock"; // this phone has no screen lock that a web app can ask for

export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly trouble: Trouble; readonly retryAt: number | null };

type Json = Readonly<Record<string, unknown>>;

/** The screen lock's part of a body, for this challenge; throws `LockRefused`. */
export type Prove = (challenge: Bytes) => Promise<Readonly<Record<string, unknown>>>;

export class LockRefused extends Error {
  constructor(readonly trouble: "cancelled" | "no_lock") {
    super(trouble);
  }
}

/** The service's clock, as the phone knows it. */
export class Clock {
  constructor(
    private ahead = 0,
    private readonly local: () => number = Date.now,
  ) {}

  /** How far the service's clock is ahead of the phone's, in milliseconds. */
  get offset(): number {
    return this.ahead;
  }

  now(): number {
    return this.local() + this.ahead;
  }

  heard(now: number): void {
    this.ahead = now - this.local();
  }
}

export interface Surroundings {
  readonly origin: string;
  readonly clock: Clock;
  readonly send: typeof fetch;
  readonly pause: (milliseconds: number) => Promise<void>;
  /** Told when the service is busy or down and we try again, and when that is over. */
  readonly waiting: (trouble: Trouble | null) => void;
}

const TRIES = 5; // while the service is busy or down: pauses of 1, 2, 4 and 8 s, and some chance
const LONGEST_ANSWER = 20_000;

export function pauseOf(attempt: number, longest: number): number {
  const base = Math.min(1000 * 2 ** attempt, longest);
  return base + Math.random() * base;
}

export class Service {
  constructor(private readonly around: Surroundings) {}

  get clock(): Clock {
    return this.around.clock;
  }

  address(act: string): string {
    return `${this.around.origin}/authenticator/api/v1/${act}`;
  }

  sign(signer: Signer, act: string, fields: Fields) {
    return sign(signer, { origin: this.around.origin, act, at: this.clock.now(), fields });
  }

  /** Ask, read the answer with `read`, and never throw for what may well happen. */
  async ask<T>(
    signer: Signer,
    act: string,
    fields: Fields,
    read: (json: Json) => T,
    prove?: Prove,
  ): Promise<Outcome<T>> {
    try {
      const json = await this.patiently(signer, act, fields, prove);
      return { ok: true, value: read(json) };
    } catch (error) {
      if (error instanceof Refusal) return { ok: false, trouble: error.trouble, retryAt: error.retryAt };
      if (error instanceof LockRefused) return { ok: false, trouble: error.trouble, retryAt: null };
      if (error instanceof NotUnderstood) return { ok: false, trouble: "strange", retryAt: null };
      throw error;
    } finally {
      this.around.waiting(null);
    }
  }

  private async patiently(
    signer: Signer,
    act: string,
    fields: Fields,
    prove: Prove | undefined,
  ): Promise<Json> {
    let body: string | null = null;
    let clockSet = false;
    for (let attempt = 0; ; attempt++) {
      // A body with the screen lock's proof is sent again as it is: the person has proved it once.
      if (body === null || prove === undefined) body = await this.body(signer, act, fields, prove);
      try {
        return await this.post(act, body);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        if (error.trouble === "clock" && !clockSet) {
          clockSet = true;
          body = null;
        } else if ((error.trouble === "busy" || error.trouble === "down") && attempt < TRIES - 1) {
          this.around.waiting(error.trouble);
          await this.around.pause(pauseOf(attempt, 8000));
        } else {
          throw error;
        }
      }
    }
  }

  private async body(signer: Signer, act: string, fields: Fields, prove?: Prove): Promise<string> {
    const { jws, challenge } = await this.sign(signer, act, fields);
    return JSON.stringify({ jws, ...(prove === undefined ? {} : await prove(challenge)) });
  }

  private async post(act: string, body: string): Promise<Json> {
    let response: Response;
    try {
      response = await this.around.send(this.address(act), {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
        credentials: "omit",
        cache: "no-store",
        redirect: "error",
        signal: AbortSignal.timeout(LONGEST_ANSWER),
      });
    } catch {
      throw new Refusal("offline"); // fetch says no more than that
    }
    return this.read(response);
  }

  /** The object in an answer, whose `now` sets the clock; throws `Refusal` with the protocol's word. */
  async read(response: Response): Promise<Json> {
    let json: Json;
    try {
      json = asObject(await response.json());
    } catch {
      // A proxy in between answers in its own way.
      throw new Refusal(response.status >= 500 ? "down" : "strange");
    }
    const now = json["now"];
    if (typeof now === "number") this.clock.heard(now);
    if (response.ok) return json;
    const trouble = WORDS.find((word) => word === json["error"]) ?? "strange";
    const retryAt = json["retry_at"];
    throw new Refusal(trouble, typeof retryAt === "number" ? retryAt : null);
  }
}

/** The service said no, in a word of the protocol. */
export class Refusal extends Error {
  constructor(
    readonly trouble: Trouble,
    readonly retryAt: number | null = null,
  ) {
    super(trouble);
  }
}
