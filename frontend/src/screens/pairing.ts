// From a code to a phone that works: pair, notifications, the test request. The browser that shows
// the code asks what the phone is to be called; the phone sends a guess.

import type { App, Maker } from "../app.ts";
import { button, draw, h, p, status } from "../dom.ts";
import { guessName } from "../guess.ts";
import { canInstall, install } from "../install.ts";
import type { PairingCode } from "../model.ts";
import type { Account } from "../store.ts";
import type { Trouble } from "../wire/service.ts";
import { t } from "../words.ts";
import { renameScreen } from "./accounts.ts";
import { waysToAdd } from "./add.ts";
import { troubleWords } from "./trouble.ts";

const AGAIN: readonly Trouble[] = ["offline", "busy", "down"]; // the code was not spent

export function pairingScreen(app: App, by: PairingCode): Maker {
  let failure: { trouble: Trouble; retryAt: number | null } | null = null;
  let running = false;
  const maker: Maker = () => {
    if (!running && failure === null) void run();
    if (failure === null) {
      return {
        heading: t("authenticator.pairing_title"),
        body: [p(t("authenticator.pairing_lead"), "reason")],
        changed: () => undefined,
      };
    }
    const again = AGAIN.includes(failure.trouble)
      ? button(t("authenticator.try_again"), () => {
          failure = null;
          app.replace(maker);
        })
      : null;
    return {
      heading: t("authenticator.pairing_failed"),
      body: [
        p(troubleWords(failure.trouble, failure.retryAt)),
        again,
        button(
          t("authenticator.other_code"),
          () => app.replace(waysToAdd(app)),
          again === null ? "main" : "second",
        ),
      ],
      changed: () => undefined,
    };
  };
  const run = async () => {
    running = true;
    const outcome = await app.model.pair(await guessName(), by);
    running = false;
    if (outcome.ok) {
      void navigator.storage?.persist?.();
      app.replace(notifyScreen(app, outcome.value));
    } else {
      failure = outcome;
      app.replace(maker);
    }
  };
  return maker;
}

/** Allowing notifications is explained before the browser asks; saying no is fine. */
export function notifyScreen(app: App, account: Account): Maker {
  if (!canNotify(account)) {
    void wake(app);
    return waitScreen(app, account.phone);
  }
  return () => {
    const told = status();
    const goOn = () => app.replace(waitScreen(app, account.phone));
    const allow = button(t("authenticator.notify_allow"), async () => {
      if ((await Notification.requestPermission()) === "granted") {
        await wake(app);
        goOn();
      } else {
        told.say(t("authenticator.notify_refused"));
        allow.replaceWith(button(t("authenticator.continue"), goOn));
        later.remove();
      }
    });
    const later = button(t("authenticator.notify_later"), goOn, "quiet");
    return {
      heading: t("authenticator.notify_title"),
      closed: true,
      body: [p(t("authenticator.notify_lead"), "reason"), told.element, allow, later],
      changed: () => undefined,
    };
  };
}

/** Whether the service wakes phones, and the person has not been asked yet. */
export function canNotify({ state }: Account): boolean {
  return state.vapid !== null && "Notification" in window && Notification.permission === "default";
}

export async function wake(app: App): Promise<void> {
  if (!("serviceWorker" in navigator) || !("PushManager" in window)) return;
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  await app.model.wake(await navigator.serviceWorker.ready);
}

/** The test request comes when the person goes on in the browser that shows the code. */
export function waitScreen(app: App, phone: string): Maker {
  const maker: Maker = () => {
    const account = app.model.find(phone);
    if (account === undefined || account.state.state === "active") return readyScreen(app, phone)();
    const told = status();
    return {
      heading: t("authenticator.wait_title"),
      closed: true,
      body: [
        p(t("authenticator.wait_lead", { account: account.state.account.user_name }), "reason"),
        button(
          t("authenticator.fetch"),
          async () => {
            const trouble = await app.model.fetchAll();
            if (trouble !== null) told.say(troubleWords(trouble));
            else if (app.model.waiting.length === 0) told.say(t("authenticator.nothing_waits"), "calm");
          },
          "second", // the next thing to press is on the computer
        ),
        told.element,
        button(t("authenticator.wait_later"), () => app.home(), "quiet"),
      ],
      changed: () => {
        if (app.model.find(phone)?.state.state === "active" && app.isOnTop(maker)) app.replace(maker);
      },
    };
  };
  return maker;
}

/** It works. Its name was a guess, so it is shown and may be changed here and now. */
export function readyScreen(app: App, phone: string): Maker {
  return () => {
    const account = app.model.find(phone);
    return {
      heading: t("authenticator.ready_title"),
      closed: true,
      body: [
        h("div", { class: "done" }, draw("tick"), p(t("authenticator.ready_lead"))),
        installOffer(app),
        button(t("authenticator.to_accounts"), () => app.home(), canInstall() ? "second" : "main"),
        ...(account === undefined ? [] : naming(app, account)),
      ],
    };
  };
}

function naming(app: App, account: Account): HTMLElement[] {
  return [
    p(t("authenticator.ready_name", { name: account.state.name }), "reason"),
    button(t("authenticator.rename"), () => app.open(renameScreen(app, account)), "quiet"),
  ];
}

/** One tap onto the home screen, where the browser offers it. */
export function installOffer(app: App): HTMLElement | null {
  if (!canInstall()) return null;
  return h(
    "div",
    { class: "stack" },
    p(t("authenticator.install_lead")),
    button(t("authenticator.install"), async () => {
      await install();
      app.modelChanged();
    }),
  );
}
