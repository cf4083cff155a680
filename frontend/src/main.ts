// Where the app begins: what is kept, what waits, and which screen comes first.

import { App } from "./app.ts";
import { h, p } from "./dom.ts";
import { watchInstalling, isIosTab } from "./install.ts";
import { accountsWereMarked } from "./mark.ts";
import { Model } from "./model.ts";
import { accountsScreen } from "./screens/accounts.ts";
import { homeScreenFirst } from "./screens/add.ts";
import { pairingScreen, wake } from "./screens/pairing.ts";
import { requestsScreen } from "./screens/requests.ts";
import { Store } from "./store.ts";
import { codeInFragment } from "./wire/link.ts";
import { Clock, Service } from "./wire/service.ts";
import { t, useLanguage } from "./words.ts";

const UPDATE_EVERY = 10 * 60_000;
const JUST_OPENED = 5000; // a quiet request is shown at once only to whoever has just come to look

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new TypeError(`the page has no ${id}`);
  return found;
}

/** The code in the address, which is taken out of the address and its history at once. */
function takeCode(): string | null {
  const code = codeInFragment(location.hash);
  if (location.hash !== "") history.replaceState(history.state, "", location.pathname);
  return code;
}

async function begin(): Promise<void> {
  const code = takeCode();
  const store = await Store.open();
  useLanguage((await store.setting("language")) ?? "sv");
  const service = new Service({
    origin: location.origin,
    clock: new Clock((await store.setting("ahead")) ?? 0),
    send: (input, init) => fetch(input, init),
    pause: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    waiting: (trouble) => {
      if (model.trouble === trouble) return;
      model.trouble = trouble;
      app.modelChanged();
    },
  });
  const model = new Model(service, store);
  await model.load();
  model.lost = model.accounts.length === 0 && (await accountsWereMarked());
  const app = new App(
    model,
    store,
    (await store.setting("appLock")) ?? null,
    (made) => ({ root: accountsScreen(made), requests: requestsScreen(made) }),
    {
      main: element("main"),
      top: element("top"),
      waiting: element("waiting"),
      live: element("live"),
    },
  );
  watchInstalling(() => app.modelChanged());
  follow(app, model);
  if (model.accounts.length > 0) app.lock.cover();
  app.start(firstScreen(app, code));
  keepUp(app);
  addEventListener("hashchange", () => {
    const screen = firstScreen(app, takeCode()); // a code was opened while the app was
    if (screen !== null) app.open(screen);
  });
}

function firstScreen(app: App, code: string | null) {
  if (code === null) return null;
  return isIosTab() ? homeScreenFirst(code) : pairingScreen(app, { code });
}

/** Listen while the app is seen, and lead to what waits. */
function follow(app: App, model: Model): void {
  let seenAt = Date.now();
  const shown = new Set<string>();
  model.changed = () => {
    app.modelChanged();
    if (document.hidden || app.covered) return;
    const fresh = model.waiting.filter(({ request }) => !shown.has(request.id));
    const loud = fresh.filter(({ request }) => !request.shown.quiet || Date.now() - seenAt < JUST_OPENED);
    for (const { request } of fresh) shown.add(request.id);
    if (loud.length > 0) app.showRequests();
  };
  const look = () => {
    if (document.hidden) {
      model.hush();
      app.lock.hidden();
      return;
    }
    seenAt = Date.now();
    app.lock.seen();
    model.listen();
    model.changed();
  };
  document.addEventListener("visibilitychange", look);
  addEventListener("online", look);
  addEventListener("offline", () => {
    model.hush();
    model.changed();
  });
  if (navigator.onLine) model.listen();
}

/** The service worker: offline start, waking, and newer versions. */
function keepUp(app: App): void {
  if (!("serviceWorker" in navigator)) return;
  const worker = navigator.serviceWorker;
  const hadOne = worker.controller !== null;
  worker.addEventListener("controllerchange", () => {
    if (!hadOne) return;
    app.stale = true;
    if (document.hidden && app.isHome) location.reload();
  });
  worker.addEventListener("message", () => void app.model.fetchAll());
  void worker.register("sw.js", { updateViaCache: "none" }).then((registration) => {
    let looked = Date.now();
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) {
        if (app.stale && app.isHome) location.reload();
      } else if (Date.now() - looked > UPDATE_EVERY) {
        looked = Date.now();
        // Without network there is nothing newer: the next look will tell.
        registration.update().catch(() => undefined);
      }
    });
    return wake(app);
  });
}

/** Where the browser keeps nothing, as in a private window, there is nothing to go on with. */
function cannotBegin(error: unknown): never {
  const words = [t("authenticator.cannot_begin"), t("authenticator.cannot_begin_lead")] as const;
  element("main").replaceChildren(h("h1", {}, words[0]), p(words[1]));
  throw error;
}

begin().catch(cannotBegin);
