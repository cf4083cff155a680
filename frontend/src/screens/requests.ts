// «Är det du som loggar in?»: what asks, the number, and three answers.

import type { App, Maker } from "../app.ts";
import { button, draw, facts, field, form, h, notice, p, status } from "../dom.ts";
import type { Waiting } from "../model.ts";
import type { Account } from "../store.ts";
import type { Purpose, Result, Shown } from "../wire/answers.ts";
import { clockTime, currentLanguage, t } from "../words.ts";
import { installOffer, readyScreen } from "./pairing.ts";
import { troubleWords } from "./trouble.ts";

const SIDE_BY_SIDE = 2;

interface Card {
  readonly element: HTMLElement;
  readonly input: HTMLInputElement;
}

/** Everything that waits. What somebody is typing stays when another request comes or goes. */
export function requestsScreen(app: App): Maker {
  const cards = new Map<string, Card>();
  let made = "";
  let drawn = "";
  const maker: Maker = () => {
    const waiting = app.model.waiting.slice(0, SIDE_BY_SIDE);
    drawn = idsOf(waiting);
    const how = `${currentLanguage()} ${waiting.length > 1}`;
    const typed = new Map([...cards].map(([id, { input }]) => [id, input] as const));
    if (made !== how) cards.clear(); // another language or layout
    made = how;
    for (const id of cards.keys()) {
      if (!waiting.some(({ request }) => request.id === id)) cards.delete(id);
    }
    for (const one of waiting) {
      if (!cards.has(one.request.id)) {
        const card = cardOf(app, one, waiting.length > 1);
        card.input.value = typed.get(one.request.id)?.value ?? "";
        cards.set(one.request.id, card);
      }
      if (!document.hidden) void app.model.opened(one);
    }
    const changed = () => redraw(app, maker, drawn, cards);
    const [first] = waiting;
    if (first === undefined) return { ...nothing(app), changed };
    const elements = waiting.map(({ request }) => cards.get(request.id)?.element ?? null);
    const several = waiting.length > 1;
    return {
      heading: several ? t("authenticator.two_title") : titleOf(first.request.shown.purpose),
      closed: true,
      wide: several,
      body: [
        several ? p(t("authenticator.two_lead"), "reason") : null,
        h("div", { class: several ? "side-by-side" : "one" }, ...elements),
      ],
      changed,
    };
  };
  return maker;
}

function idsOf(waiting: readonly Waiting[]): string {
  return waiting.map(({ request }) => request.id).join(" ");
}

function redraw(app: App, maker: Maker, drawn: string, cards: Map<string, Card>): void {
  if (idsOf(app.model.waiting.slice(0, SIDE_BY_SIDE)) === drawn || !app.isOnTop(maker)) return;
  const answering = [...cards.values()].some((card) => card.element.querySelector("[aria-busy]"));
  if (answering) return; // what became of it is shown next
  const typing = [...cards].find(([, { input }]) => input === document.activeElement)?.[0];
  app.replace(maker);
  if (typing !== undefined) cards.get(typing)?.input.focus();
}

function nothing(app: App): ReturnType<Maker> {
  return {
    heading: t("authenticator.ended_title"),
    closed: true,
    body: [
      p(t("authenticator.ended_lead")),
      button(t("authenticator.to_accounts"), () => app.home()),
    ],
  };
}

function titleOf(purpose: Purpose): string {
  switch (purpose) {
    case "sign_in":
      return t("authenticator.ask_sign_in");
    case "methods":
      return t("authenticator.ask_methods");
    case "reset":
      return t("authenticator.ask_reset");
    case "test":
      return t("authenticator.ask_test");
  }
}

function purposeOf(purpose: Purpose): string {
  switch (purpose) {
    case "sign_in":
      return t("authenticator.purpose_sign_in");
    case "methods":
      return t("authenticator.purpose_methods");
    case "reset":
      return t("authenticator.purpose_reset");
    case "test":
      return t("authenticator.purpose_test");
  }
}

function placeOf({ network, address }: Shown): string {
  if (network !== "") return t("authenticator.place_inside", { network });
  return address === ""
    ? t("authenticator.place_unknown")
    : t("authenticator.place_outside", { address });
}

function factsOf({ account, request: { shown } }: Waiting): HTMLElement {
  const rows: (readonly [string, string])[] = [
    [t("authenticator.fact_purpose"), purposeOf(shown.purpose)],
    [t("authenticator.fact_app"), shown.app === "" ? account.state.account.organisation : shown.app],
    [t("authenticator.fact_place"), placeOf(shown)],
    [t("authenticator.fact_browser"), shown.browser === "" ? t("authenticator.unknown") : shown.browser],
    [t("authenticator.fact_time"), clockTime(shown.at)],
    [t("authenticator.fact_account"), shown.account],
  ];
  return facts(rows);
}

function warningOf({ purpose, known_browser: known }: Shown): HTMLElement | null {
  if (purpose === "reset") return notice(t("authenticator.warn_reset"), "danger");
  if (purpose === "test" || known) return null;
  return notice(t("authenticator.warn_new_browser"), "care");
}

function cardOf(app: App, waiting: Waiting, several: boolean): Card {
  const { shown } = waiting.request;
  const told = status();
  const hint = shown.lock ? t("authenticator.number_hint_lock") : t("authenticator.number_hint");
  const number = field(t("authenticator.number_label"), hint, {
    inputmode: "numeric",
    pattern: "[0-9]*",
    autocomplete: "off",
    maxlength: shown.digits,
    class: `number digits-${shown.digits}`,
  });
  const approve = async () => {
    const typed = number.input.value.replace(/\s/g, "");
    number.right();
    told.say("");
    if (!/^[0-9]+$/.test(typed) || typed.length !== shown.digits) {
      return number.wrong(
        shown.digits === 2 ? t("authenticator.number_two") : t("authenticator.number_six"),
      );
    }
    await answer(app, waiting, "approve", typed, (text) => told.say(text));
  };
  const deny = (decision: "deny" | "not_me") => () =>
    answer(app, waiting, decision, "", (text) => told.say(text));
  const element = h(
    "section",
    { class: several ? "card" : "stack", "aria-label": titleOf(shown.purpose) },
    several ? h("h2", {}, titleOf(shown.purpose)) : null,
    warningOf(shown),
    factsOf(waiting),
    told.element,
    form(t("authenticator.approve"), approve, number.element),
    h(
      "div",
      { class: "pair" },
      button(t("authenticator.deny"), deny("deny"), "second"),
      shown.purpose === "test" ? null : button(t("authenticator.not_me"), deny("not_me"), "danger"),
    ),
    p(t("authenticator.until", { time: clockTime(waiting.request.expires_at) }), "hint"),
  );
  return { element, input: number.input };
}

async function answer(
  app: App,
  waiting: Waiting,
  decision: "approve" | "deny" | "not_me",
  number: string,
  tell: (text: string) => void,
): Promise<void> {
  const outcome = await app.model.answer(waiting, decision, number);
  await clearNotifications();
  if (!outcome.ok) {
    if (outcome.trouble === "gone") app.home();
    else tell(troubleWords(outcome.trouble, outcome.retryAt));
  } else if (decision === "not_me") app.replace(notMeScreen(app, waiting.account));
  else app.replace(resultScreen(app, waiting, outcome.value));
}

async function clearNotifications(): Promise<void> {
  const registration = await navigator.serviceWorker?.getRegistration();
  for (const shown of (await registration?.getNotifications()) ?? []) shown.close();
}

function resultScreen(app: App, { account, request }: Waiting, result: Result): Maker {
  const { purpose } = request.shown;
  const onwards = () => {
    const more = app.model.waiting.length > 0;
    return button(more ? t("authenticator.next_one") : t("authenticator.to_accounts"), () =>
      more ? app.showRequests(true) : app.home(),
    );
  };
  return () => {
    switch (result) {
      case "approved":
        if (request.shown.purpose === "test") return readyScreen(app, account.phone)();
        return {
          heading: t("authenticator.approved_title"),
          closed: true,
          body: [
            h("div", { class: "done" }, draw("tick"), p(t("authenticator.approved_lead"))),
            installOffer(app),
            onwards(),
          ],
        };
      case "denied":
        return {
          heading: t("authenticator.denied_title"),
          closed: true,
          body: [p(t("authenticator.denied_lead")), onwards()],
        };
      case "wrong_number":
        return {
          heading: t("authenticator.wrong_number_title"),
          closed: true,
          body: [
            p(t("authenticator.wrong_number_lead")),
            onwards(),
            purpose === "test"
              ? null
              : button(t("authenticator.not_me"), () => app.replace(notMeScreen(app, account)), "quiet"),
          ],
        };
      case "ended":
        return {
          heading: t("authenticator.ended_title"),
          closed: true,
          body: [p(t("authenticator.ended_lead")), onwards()],
        };
    }
  };
}

/** Somebody else asked: it is stopped, and the account can be locked. */
function notMeScreen(app: App, account: Account): Maker {
  return () => {
    const told = status();
    return {
      heading: t("authenticator.not_me_title"),
      closed: true,
      body: [
        p(t("authenticator.not_me_lead")),
        p(t("authenticator.not_me_lock"), "reason"),
        told.element,
        button(
          t("authenticator.lock_account"),
          async () => {
            const outcome = await app.model.lockAccount(account);
            if (outcome.ok) app.replace(lockedScreen(app, account));
            else told.say(troubleWords(outcome.trouble, outcome.retryAt));
          },
          "danger",
        ),
        button(t("authenticator.lock_not"), () => app.home(), "second"),
      ],
      changed: () => undefined,
    };
  };
}

function lockedScreen(app: App, account: Account): Maker {
  return () => ({
    heading: t("authenticator.locked_title"),
    closed: true,
    body: [
      p(t("authenticator.locked_lead")),
      supportLine(account),
      button(t("authenticator.to_accounts"), () => app.home()),
    ],
  });
}

/** Who helps, as a number to call; nothing where the organisation gives none. */
export function supportLine(account: Account): HTMLElement | null {
  const number = account.state.account.support_phone;
  if (number === "") return null;
  const dialled = number.replace(/[^+0-9]/g, "");
  return h(
    "p",
    { class: "hint" },
    `${t("authenticator.support")} `,
    h("a", { href: `tel:${dialled}` }, number),
  );
}
