// What the phone keeps: IndexedDB, where keys can lie without ever being readable.

import type { State } from "./wire/answers.ts";

export interface Account {
  /** The phone's id at the service: one for each account. */
  readonly phone: string;
  readonly key: CryptoKey;
  readonly totp: { readonly key: CryptoKey; readonly digits: number; readonly period: number } | null;
  readonly state: State;
  /** The service said that this phone was removed. */
  readonly gone: boolean;
  /** The push address that the service was told, or `null`. */
  readonly woken: string | null;
  readonly addedAt: number;
}

export interface Settings {
  language: "sv" | "en";
  /** How far the service's clock is ahead, in milliseconds. */
  ahead: number;
  /** The screen lock's credential that opens the app, or `null`. */
  appLock: string | null;
}

const NAME = "portvakt";
const VERSION = 1;

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

export class Store {
  private constructor(private readonly base: IDBDatabase) {}

  static async open(): Promise<Store> {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("accounts", { keyPath: "phone" });
      request.result.createObjectStore("settings");
    };
    const base = await done(request);
    // A newer version of the app must be able to change the shape while this one is open.
    base.onversionchange = () => base.close();
    return new Store(base);
  }

  async accounts(): Promise<Account[]> {
    const found: Account[] = await done(this.in("accounts", "readonly").getAll());
    return found.sort((one, other) => one.addedAt - other.addedAt);
  }

  async put(account: Account): Promise<void> {
    await done(this.in("accounts", "readwrite").put(account));
  }

  async remove(phone: string): Promise<void> {
    await done(this.in("accounts", "readwrite").delete(phone));
  }

  async setting<K extends keyof Settings>(name: K): Promise<Settings[K] | undefined> {
    return done(this.in("settings", "readonly").get(name));
  }

  async set<K extends keyof Settings>(name: K, value: Settings[K]): Promise<void> {
    await done(this.in("settings", "readwrite").put(value, name));
  }

  private in(name: "accounts" | "settings", mode: IDBTransactionMode): IDBObjectStore {
    return this.base.transaction(name, mode).objectStore(name);
  }
}
