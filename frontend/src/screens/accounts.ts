// «Tap your account»: the list, and what one account can do.

import type { App, Maker } from "../app.ts";
import { breakable, button, draw, field, form, h, notice, p, status } from "../dom.ts";
import type { Account } from "../store.ts";
import { codeAt, secondsLeft } from "../wire/totp.ts";
import { t } from "../words.ts";
import { addScreen, emptyScreen, lostScreen } from "./add.ts";
import { appLockScreen } from "./app_lock.ts";
import { canNotify, installOffer, notifyScreen, waitScreen } from "./pairing.ts";
import { supportLine } from "./requests.ts";
import { transferScreen } from "./transfer.ts";
import { troubleWords } from "./trouble.ts";

const COLOUR = /^#[0-9a-f]{6}$/i; // the organisation's, which only decorates

/** The first screen. */
export function accountsScreen(app: App): Maker {
  return () => {
    const { model } = app;
    if (model.accounts.length === 0) return model.lost ? lostScreen(app) : emptyScreen(app);
    const fetching = button(
      t("authenticator.fetch"),
      async () => {
        const trouble = await model.fetchAll();
        if (model.waiting.length > 0) app.showRequests();
        else if (trouble !== null) app.tell(troubleWords(trouble), "care");
        else app.tell(t("authenticator.nothing_waits"), "calm");
      },
      "second",
    );
    return {
      heading: t("authenticator.accounts_title"),
      body: [
        troubleNotice(app),
        h(
          "ul",
          { class: "rows" },
          ...model.accounts.map((account) => h("li", {}, row(app, account))),
        ),
        p(model.live ? t("authenticator.listening") : t("authenticator.not_listening"), "hint"),
        app.message,
        fetching,
        installOffer(app),
        h(
          "div",
          { class: "quiet-row" },
          button(t("authenticator.add_account"), () => app.open(addScreen(app)), "quiet"),
          ...model.living
            .filter(canNotify)
            .slice(0, 1)
            .map((account) =>
              button(
                t("authenticator.notify_allow"),
                () => app.open(notifyScreen(app, account)),
                "quiet",
              ),
            ),
          button(t("authenticator.app_lock"), () => app.open(appLockScreen(app)), "quiet"),
        ),
      ],
    };
  };
}

function troubleNotice(app: App): HTMLElement | null {
  if (app.model.tooNew) return notice(t("authenticator.trouble_version"), "care");
  const away = app.model.unreachable || !navigator.onLine;
  return away ? notice(t("authenticator.offline_codes"), "care") : null;
}

function row(app: App, { phone, gone, state }: Account): HTMLElement {
  const words = [state.account.organisation];
  if (gone) words.push(t("authenticator.row_gone"));
  else if (state.state === "proving") words.push(t("authenticator.row_proving"));
  const made = h(
    "button",
    { type: "button", class: "row" },
    draw(gone ? "care" : "phone"),
    h("span", {}, h("b", {}, ...breakable(state.account.user_name)), h("small", {}, words.join(" · "))),
    draw("next"),
  );
  if (COLOUR.test(state.account.colour)) made.style.setProperty("--mark", state.account.colour);
  made.addEventListener("click", () => app.open(accountScreen(app, phone)));
  return made;
}

/** One account: its code, passwordless sign-in, and what is seldom needed. */
export function accountScreen(app: App, phone: string): Maker {
  return () => {
    const account = app.model.find(phone);
    if (account === undefined) return { heading: t("authenticator.row_gone"), body: [] };
    if (account.gone) return goneScreen(app, account);
    const code = codeOf(app, account);
    return {
      heading: account.state.account.user_name,
      body: [
        p(`${account.state.account.organisation} · ${account.state.name}`, "reason"),
        account.state.state === "proving" ? provingNotice(app, account) : null,
        code.element,
        ...signInPart(app, account),
        app.message,
        h(
          "ul",
          { class: "rows" },
          link(t("authenticator.rename"), () => app.open(renameScreen(app, account))),
          link(t("authenticator.move"), () => app.open(transferScreen(app, phone))),
          link(t("authenticator.remove"), () => app.open(removeScreen(app, account))),
        ),
        supportLine(account),
      ],
      leave: code.stop,
    };
  };
}

function link(label: string, work: () => void): HTMLElement {
  const made = h("button", { type: "button", class: "row" }, h("span", {}, label), draw("next"));
  made.addEventListener("click", work);
  return h("li", {}, made);
}

function provingNotice(app: App, account: Account): HTMLElement {
  return h(
    "div",
    { class: "stack" },
    notice(t("authenticator.proving"), "care"),
    button(t("authenticator.proving_go_on"), () => app.open(waitScreen(app, account.phone)), "second"),
  );
}

/** The six digits that work without network, and how long they stand. */
function codeOf(app: App, { totp }: Account): { element: HTMLElement | null; stop: () => void } {
  if (totp === null) return { element: null, stop: () => undefined };
  const digits = h("output", { class: "code" });
  const left = h("span", {});
  const bar = h("progress", { max: totp.period, "aria-hidden": "true" });
  let shownAt = -1;
  const tick = async () => {
    const now = app.model.service.clock.now();
    const seconds = secondsLeft(now, totp.period);
    left.textContent = t("authenticator.code_left", { seconds });
    bar.value = seconds;
    const step = Math.floor(now / 1000 / totp.period);
    if (step === shownAt) return;
    shownAt = step;
    const code = await codeAt(totp.key, now, totp.digits, totp.period);
    digits.textContent = `${code.slice(0, 3)} ${code.slice(3)}`;
  };
  void tick();
  const timer = setInterval(() => void tick(), 1000);
  const element = h(
    "section",
    { class: "code-box", "aria-label": t("authenticator.code_label") },
    h("p", { class: "hint" }, t("authenticator.code_label")),
    digits,
    bar,
    h("p", { class: "hint", role: "timer", "aria-live": "off" }, left),
  );
  return { element, stop: () => clearInterval(timer) };
}

function signInPart(app: App, account: Account): (HTMLElement | null)[] {
  if (account.state.state === "proving") return [];
  const turn = (on: boolean) => async () => {
    const outcome = await app.model.signIn(account, on);
    if (!outcome.ok) app.tell(troubleWords(outcome.trouble, outcome.retryAt), "care");
    else if (on) app.say(t("authenticator.sign_in_is_on")); // the screen shows it by itself
    else app.tell(t("authenticator.sign_in_turned_off"), "good");
  };
  return account.state.sign_in
    ? [
        notice(t("authenticator.sign_in_is_on"), "good"),
        button(t("authenticator.sign_in_turn_off"), turn(false), "quiet"),
      ]
    : [
        p(t("authenticator.sign_in_lead")),
        button(t("authenticator.sign_in_turn_on"), turn(true)),
      ];
}

function goneScreen(app: App, account: Account): ReturnType<Maker> {
  return {
    heading: account.state.account.user_name,
    body: [
      notice(t("authenticator.gone_lead"), "care"),
      button(t("authenticator.add_again"), () => app.replace(addScreen(app))),
      button(
        t("authenticator.gone_forget"),
        async () => {
          await app.model.forget(account);
          app.home();
        },
        "second",
      ),
      supportLine(account),
    ],
  };
}

export function renameScreen(app: App, account: Account): Maker {
  return () => {
    const name = field(t("authenticator.name_label"), t("authenticator.name_hint"), {
      value: account.state.name,
      maxlength: 40,
      autocomplete: "off",
    });
    return {
      heading: t("authenticator.name_title"),
      body: [
        form(
          t("authenticator.save"),
          async () => {
            const wanted = name.input.value.trim();
            name.right();
            if (wanted === "") return name.wrong(t("authenticator.name_missing"));
            const outcome = await app.model.rename(account, wanted);
            if (outcome.ok) app.back();
            else name.wrong(troubleWords(outcome.trouble, outcome.retryAt));
          },
          name.element,
        ),
      ],
      changed: () => undefined,
    };
  };
}

function removeScreen(app: App, account: Account): Maker {
  return () => {
    const told = status();
    return {
      heading: t("authenticator.remove_title"),
      body: [
        p(t("authenticator.remove_lead", { account: account.state.account.user_name })),
        told.element,
        button(
          t("authenticator.remove_now"),
          async () => {
            const outcome = await app.model.retire(account);
            if (outcome.ok || outcome.trouble === "gone") app.home();
            else told.say(troubleWords(outcome.trouble, outcome.retryAt));
          },
          "danger",
        ),
        button(t("authenticator.keep"), () => app.back(), "second"),
      ],
      changed: () => undefined,
    };
  };
}
