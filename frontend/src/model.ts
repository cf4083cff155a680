// The accounts of this phone and what waits for them: everything that screens show and do.

import { markAccounts } from "./mark.ts";
import * as lock from "./screen_lock.ts";
import type { Account, Store } from "./store.ts";
import { subscribe } from "./waking.ts";
import {
  NotUnderstood, type Paired, type Request, type Result, type State, type Transfer, asPaired,
  asRequest, asResult, asState, asTransfer,
} from "./wire/answers.ts";
import type { Bytes } from "./wire/bytes.ts";
import type { Fields } from "./wire/jws.ts";
import { newKey } from "./wire/keys.ts";
import { type Outcome, type Prove, Service, type Trouble } from "./wire/service.ts";
import { keepListening } from "./wire/stream.ts";
import { totpKey } from "./wire/totp.ts";

export interface Waiting {
  readonly account: Account;
  readonly request: Request;
}

export type Decision = "approve" | "deny" | "not_me";
export type PairingCode = { readonly code: string } | { readonly short: string; readonly account: string };

const MOST_STREAMS = 4; // browsers open six connections to a host, and acts need theirs

export class Model {
  accounts: Account[] = [];
  /** The service is away, and we try again. */
  trouble: Trouble | null = null;
  /** There were accounts once, and the browser has thrown them away. */
  lost = false;
  /** The last try to listen came to nothing. */
  unreachable = false;
  /** A request came that this version cannot show. */
  tooNew = false;
  changed: () => void = () => undefined;

  private readonly requests = new Map<string, readonly Request[]>();
  private readonly turns = new Map<string, Promise<void>>();
  private readonly finished = new Set<string>();
  private readonly toldOpened = new Set<string>();
  private readonly open = new Set<string>();
  private stopStreams: AbortController | null = null;
  private waking: Promise<void> = Promise.resolve();
  private ending: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly service: Service,
    private readonly store: Store,
  ) {}

  async load(): Promise<void> {
    this.accounts = await this.store.accounts();
  }

  /** Everything that waits and has not ended, those from a known browser first. */
  get waiting(): Waiting[] {
    const now = this.service.clock.now();
    const found = this.living.flatMap((account) =>
      (this.requests.get(account.phone) ?? [])
        .filter((request) => request.expires_at > now && !this.finished.has(request.id))
        .map((request) => ({ account, request })),
    );
    const rank = ({ request }: Waiting) => (request.shown.known_browser ? 0 : 1);
    return found.sort((one, other) => rank(one) - rank(other));
  }

  get living(): Account[] {
    return this.accounts.filter((account) => !account.gone);
  }

  /** Whether every account's stream is open, so that nothing has to be fetched by hand. */
  get live(): boolean {
    const listened = this.living.slice(0, MOST_STREAMS);
    return listened.length > 0 && listened.every(({ phone }) => this.open.has(phone));
  }

  find(phone: string): Account | undefined {
    return this.accounts.find((account) => account.phone === phone);
  }

  // ---- listening ----

  /** Open a stream for each account; streams that are open already stay. */
  listen(): void {
    this.hush();
    const stop = new AbortController();
    this.stopStreams = stop;
    for (const { phone, key } of this.living.slice(0, MOST_STREAMS)) {
      const listener = {
        state: (state: State) => void this.apply(phone, state, "stream"),
        gone: () => void this.markGone(phone),
        live: (open: boolean) => {
          if (stop.signal.aborted) return; // another stream has taken over, or nobody looks
          if (open) this.open.add(phone);
          else this.open.delete(phone);
          this.unreachable = !open;
          this.changed();
        },
      };
      void keepListening(this.service, { key, kid: phone }, listener, stop.signal, pauseUntil);
    }
  }

  hush(): void {
    this.stopStreams?.abort();
    this.stopStreams = null;
    this.open.clear();
    this.unreachable = false;
  }

  /**
   * Take in what the service says. Answers and the stream overtake each other, and the clocks of two
   * nodes differ: so while the stream is open, what it brought is taken away by the stream alone.
   */
  private apply(phone: string, state: State, by: "stream" | "answer"): Promise<void> {
    const before = this.turns.get(phone)?.catch(() => undefined); // whoever asked has been told
    const turn = (before ?? Promise.resolve()).then(() => this.takeIn(phone, state, by));
    this.turns.set(phone, turn);
    return turn;
  }

  private async takeIn(phone: string, state: State, by: "stream" | "answer"): Promise<void> {
    const found = await this.understood(state);
    const account = this.find(phone);
    if (account === undefined) return;
    const before = by === "answer" && this.open.has(phone) ? (this.requests.get(phone) ?? []) : [];
    const ids = new Set(found.map(({ id }) => id));
    this.requests.set(phone, [...found, ...before.filter(({ id }) => !ids.has(id))]);
    await this.keep({ ...account, gone: false, state: { ...state, requests: [] } });
    this.watchEnds();
    this.changed();
  }

  private async understood(state: State): Promise<Request[]> {
    const found: Request[] = [];
    for (const raw of state.requests) {
      try {
        found.push(await asRequest(raw));
      } catch (error) {
        if (!(error instanceof NotUnderstood || error instanceof TypeError)) throw error;
        this.tooNew = true;
      }
    }
    return found;
  }

  private watchEnds(): void {
    clearTimeout(this.ending);
    const ends = this.waiting.map(({ request }) => request.expires_at - this.service.clock.now());
    if (ends.length === 0) return;
    this.ending = setTimeout(() => {
      this.watchEnds();
      this.changed();
    }, Math.min(...ends) + 50);
  }

  private async keep(account: Account): Promise<void> {
    this.accounts = this.accounts.map((each) => (each.phone === account.phone ? account : each));
    await this.store.put(account);
    await this.store.set("ahead", this.service.clock.offset);
  }

  private async markGone(phone: string): Promise<void> {
    const account = this.find(phone);
    if (account === undefined || account.gone) return;
    this.requests.delete(phone);
    await this.keep({ ...account, gone: true, woken: null });
    this.changed();
  }

  // ---- acts ----

  private async act<T>(
    account: Account,
    act: string,
    fields: Fields,
    read: (json: Readonly<Record<string, unknown>>) => T,
    prove?: Prove,
  ): Promise<Outcome<T>> {
    const signer = { key: account.key, kid: account.phone };
    const outcome = await this.service.ask(signer, act, fields, read, prove);
    if (!outcome.ok && outcome.trouble === "gone") await this.markGone(account.phone);
    return outcome;
  }

  private async stated(account: Account, asked: Promise<Outcome<State>>): Promise<Outcome<State>> {
    const outcome = await asked;
    if (outcome.ok) await this.apply(account.phone, outcome.value, "answer");
    return outcome;
  }

  async pair(name: string, by: PairingCode): Promise<Outcome<Account>> {
    const { key, jwk } = await newKey();
    const fields = "code" in by ? { code: by.code, short: "", account: "" } : { code: "", ...by };
    const outcome = await this.service.ask({ key, jwk }, "pair", { ...fields, name }, asPaired);
    if (!outcome.ok) return outcome;
    const account = await this.newAccount(key, outcome.value);
    this.accounts = [...this.accounts.filter((each) => !replaces(account, each)), account];
    await this.store.put(account);
    await markAccounts(true);
    this.lost = false;
    await this.apply(account.phone, outcome.value, "answer");
    this.listen();
    return { ok: true, value: account };
  }

  private async newAccount(key: CryptoKey, paired: Paired): Promise<Account> {
    const { phone, totp, ...state } = paired;
    return {
      phone,
      key,
      totp: totp && { key: await totpKey(totp.secret), digits: totp.digits, period: totp.period },
      state: { ...state, requests: [] },
      gone: false,
      woken: null,
      addedAt: Date.now(),
    };
  }

  fetch(account: Account): Promise<Outcome<State>> {
    return this.stated(account, this.act(account, "fetch", {}, asState));
  }

  /** Fetch for every account; the first trouble, or `null`. */
  async fetchAll(): Promise<Trouble | null> {
    const outcomes = await Promise.all(this.living.map((account) => this.fetch(account)));
    const failed = outcomes.find((outcome) => !outcome.ok && outcome.trouble !== "gone");
    return failed !== undefined && !failed.ok ? failed.trouble : null;
  }

  async opened({ account, request }: Waiting): Promise<void> {
    if (this.toldOpened.has(request.id)) return;
    this.toldOpened.add(request.id);
    const outcome = await this.act(account, "opened", { request: request.id }, () => null);
    if (!outcome.ok) this.toldOpened.delete(request.id); // told again when it is shown again
  }

  async answer({ account, request }: Waiting, decision: Decision, number = ""): Promise<Outcome<Result>> {
    const fields = { request: request.id, shown: request.hash, decision, number };
    const credential = account.state.screen_lock;
    let prove: Prove | undefined;
    if (decision === "approve" && request.shown.lock) {
      if (credential === null) return { ok: false, trouble: "no_lock", retryAt: null };
      prove = async (challenge) => ({ assertion: await lock.proveCredential(challenge, credential) });
    }
    const outcome = await this.act(account, "answer", fields, asResult, prove);
    if (outcome.ok) {
      this.finished.add(request.id);
      if (decision === "not_me") this.requests.delete(account.phone);
      this.changed();
    }
    return outcome;
  }

  lockAccount(account: Account): Promise<Outcome<null>> {
    return this.act(account, "lock_account", {}, () => null);
  }

  /** Turn passwordless sign-in on or off; makes the screen lock's credential where there is none. */
  signIn(account: Account, on: boolean): Promise<Outcome<State>> {
    const { screen_lock: credential, account: about } = account.state;
    let prove: Prove | undefined;
    if (credential === null) {
      const person = { id: account.phone, name: about.user_name, organisation: about.organisation };
      prove = async (challenge: Bytes) => ({ attestation: await lock.makeCredential(challenge, person) });
    } else if (on) {
      prove = async (challenge: Bytes) => ({ assertion: await lock.proveCredential(challenge, credential) });
    }
    return this.stated(account, this.act(account, "screen_lock", { sign_in: on }, asState, prove));
  }

  async transfer(account: Account): Promise<Outcome<Transfer>> {
    let current = account;
    if (current.state.screen_lock === null) {
      const made = await this.signIn(current, current.state.sign_in);
      if (!made.ok) return made;
      current = this.find(account.phone) ?? current;
    }
    const credential = current.state.screen_lock;
    if (credential === null) return { ok: false, trouble: "lock", retryAt: null };
    return this.act(current, "transfer", {}, asTransfer, async (challenge) => ({
      assertion: await lock.proveCredential(challenge, credential),
    }));
  }

  rename(account: Account, name: string): Promise<Outcome<State>> {
    return this.stated(account, this.act(account, "rename", { name }, asState));
  }

  async retire(account: Account): Promise<Outcome<null>> {
    const outcome = await this.act(account, "retire", {}, () => null);
    if (outcome.ok || outcome.trouble === "gone") await this.forget(account);
    return outcome;
  }

  /** Take the account away from this phone only. */
  async forget(account: Account): Promise<void> {
    this.accounts = this.accounts.filter(({ phone }) => phone !== account.phone);
    this.requests.delete(account.phone);
    await this.store.remove(account.phone);
    await markAccounts(this.accounts.length > 0);
    this.listen();
    this.changed();
  }

  // ---- waking ----

  /** Tell each account's service how to wake this phone, where that is new; once at a time. */
  wake(registration: ServiceWorkerRegistration): Promise<void> {
    const before = this.waking.catch(() => undefined); // whoever asked has been told
    this.waking = before.then(() => this.tellWaking(registration));
    return this.waking;
  }

  private async tellWaking(registration: ServiceWorkerRegistration): Promise<void> {
    const vapid = this.living.find(({ state }) => state.vapid !== null)?.state.vapid;
    if (vapid === undefined || vapid === null || Notification.permission !== "granted") return;
    const subscribed = await subscribe(registration, vapid);
    if (subscribed === null) return;
    for (const account of this.living) {
      if (account.woken === subscribed.endpoint || account.state.vapid === null) continue;
      const outcome = await this.act(account, "subscribe", subscribed, () => null);
      // An address that the service does not take is not offered to it again.
      const told = outcome.ok || outcome.trouble === "endpoint";
      const latest = this.find(account.phone);
      if (told && latest !== undefined) await this.keep({ ...latest, woken: subscribed.endpoint });
    }
  }
}

/** A phone that pairs again with the same account stands in for the one that is gone. */
function replaces(fresh: Account, old: Account): boolean {
  return old.gone && old.state.account.user_name === fresh.state.account.user_name;
}

function pauseUntil(milliseconds: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    stop.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
