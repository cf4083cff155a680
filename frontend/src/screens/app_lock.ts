// Locking the whole app with the screen lock. A matter of this phone only: nothing is sent.

import type { App, Maker } from "../app.ts";
import { button, notice, p, status } from "../dom.ts";
import { hasScreenLock, makeLocalCredential, unlockHere } from "../screen_lock.ts";
import { LockRefused } from "../wire/service.ts";
import { t } from "../words.ts";
import { troubleWords } from "./trouble.ts";

const AWAY = 60_000; // in the background for so long, and the app asks again

/** The credential that opens the app, kept by `start` in step with the store. */
export class AppLock {
  private hiddenAt = 0;

  constructor(
    private readonly app: App,
    public credential: string | null,
  ) {}

  /** Cover the app until the screen lock is shown. */
  cover(): void {
    if (this.credential !== null) this.app.coverWith(this.screen());
  }

  hidden(): void {
    this.hiddenAt = Date.now();
  }

  seen(): void {
    if (!this.app.covered && Date.now() - this.hiddenAt > AWAY) this.cover();
  }

  private screen(): Maker {
    return () => {
      const told = status();
      return {
        heading: t("authenticator.covered_title"),
        body: [
          told.element,
          button(t("authenticator.uncover"), async () => {
            const trouble = await refused(() => unlockHere([this.credential ?? ""]));
            if (trouble === null) this.app.coverWith(null);
            else told.say(troubleWords(trouble));
          }),
        ],
        changed: () => undefined,
      };
    };
  }
}

async function refused(work: () => Promise<void>): Promise<"cancelled" | "no_lock" | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (error instanceof LockRefused) return error.trouble;
    throw error;
  }
}

export function appLockScreen(app: App): Maker {
  return () => {
    const told = status();
    const on = app.lock.credential !== null;
    const turnOn = async () => {
      const own = app.model.living.find(({ state }) => state.screen_lock !== null);
      let made = own?.state.screen_lock ?? null;
      const trouble = await refused(async () => {
        if (made === null) made = await makeLocalCredential("Portvakt");
        else await unlockHere([made]);
      });
      if (trouble === null) await set(app, made);
      else told.say(troubleWords(trouble));
    };
    const turnOff = async () => {
      const trouble = await refused(() => unlockHere([app.lock.credential ?? ""]));
      if (trouble === null) await set(app, null);
      else told.say(troubleWords(trouble));
    };
    void hasScreenLock().then((has) => {
      if (!has && !on) told.say(t("authenticator.trouble_no_lock"));
    });
    return {
      heading: t("authenticator.app_lock"),
      body: [
        p(t("authenticator.app_lock_lead"), "reason"),
        on ? notice(t("authenticator.app_lock_is_on"), "good") : null,
        told.element,
        on
          ? button(t("authenticator.app_lock_turn_off"), turnOff, "second")
          : button(t("authenticator.app_lock_turn_on"), turnOn),
      ],
      changed: () => undefined,
    };
  };
}

async function set(app: App, credential: string | null): Promise<void> {
  app.lock.credential = credential;
  await app.store.set("appLock", credential);
  app.replace(appLockScreen(app));
}
