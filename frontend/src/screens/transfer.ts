// «Flytta till en ny telefon»: a code for the new phone, after the screen lock of this one.

import type { App, Maker } from "../app.ts";
import { button, draw, h, p, status } from "../dom.ts";
import type { Transfer } from "../wire/answers.ts";
import { clockTime, t } from "../words.ts";
import { copying } from "./copying.ts";
import { troubleWords } from "./trouble.ts";

export function transferScreen(app: App, phone: string): Maker {
  return () => {
    const told = status();
    return {
      heading: t("authenticator.move_title"),
      body: [
        p(t("authenticator.move_lead"), "reason"),
        told.element,
        button(t("authenticator.move_show"), async () => {
          const account = app.model.find(phone);
          if (account === undefined) return;
          const outcome = await app.model.transfer(account);
          if (outcome.ok) app.replace(await codeScreen(app, phone, outcome.value));
          else told.say(troubleWords(outcome.trouble, outcome.retryAt));
        }),
      ],
      changed: () => undefined,
    };
  };
}

async function codeScreen(app: App, phone: string, transfer: Transfer): Promise<Maker> {
  const drawing = await drawer();
  const maker: Maker = () => {
    if (app.model.find(phone)?.gone === true) return movedScreen(app, phone);
    return {
      heading: t("authenticator.move_code_title"),
      body: [
        p(t("authenticator.move_code_lead"), "reason"),
        drawing?.(transfer.url, t("authenticator.move_code_picture")) ?? null,
        p(t("authenticator.move_code_typed"), "hint"),
        ...copying(transfer.url),
        p(t("authenticator.move_until", { time: clockTime(transfer.expires_at) }), "hint"),
      ],
      changed: () => {
        if (app.model.find(phone)?.gone === true && app.isOnTop(maker)) app.replace(maker);
      },
    };
  };
  return maker;
}

/** The part that draws, or `null` where it could not be loaded: the code stands as text as well. */
async function drawer() {
  try {
    return (await import("../qr_picture.ts")).qrPicture;
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

function movedScreen(app: App, phone: string): ReturnType<Maker> {
  return {
    heading: t("authenticator.moved_title"),
    closed: true,
    body: [
      h("div", { class: "done" }, draw("tick"), p(t("authenticator.moved_lead"))),
      button(t("authenticator.to_accounts"), async () => {
        const account = app.model.find(phone);
        if (account !== undefined) await app.model.forget(account);
        app.home();
      }),
    ],
  };
}
