// The service worker: the app without network, newer versions, and being woken.

/// <reference lib="webworker" />
import { en, sv } from "../build/push_texts.ts";
import { type Account, Store } from "./store.ts";
import { subscribe } from "./waking.ts";
import { NotUnderstood, type State, asRequest, asState } from "./wire/answers.ts";
import { Clock, Service } from "./wire/service.ts";

type PushText = `authenticator.${keyof typeof sv}`;

declare const self: ServiceWorkerGlobalScope;
/** Set by the build: a mark of what is in it, and the files that the app needs to start. */
declare const BUILD: string;
declare const SHELL: readonly string[];

const CACHE = `shell-${BUILD}`;
const NAMED_AFTER_CONTENT = /-[0-9A-Z]{8}\.(js|css)$/;
const TAG = "request";

// ---- the app without network ----

self.addEventListener("install", (event) => {
  event.waitUntil(install());
});

/** All files of one version or none, so that a phone never holds half of two. */
async function install(): Promise<void> {
  const cache = await caches.open(CACHE);
  try {
    await cache.addAll(SHELL.map((name) => new Request(name, { cache: "no-cache" })));
  } catch (error) {
    await caches.delete(CACHE);
    throw error;
  }
  await self.skipWaiting();
}

self.addEventListener("activate", (event) => {
  event.waitUntil(activate());
});

/** Take over first, and only then throw older versions away. */
async function activate(): Promise<void> {
  await self.clients.claim();
  for (const name of await caches.keys()) {
    if (name.startsWith("shell-") && name !== CACHE) await caches.delete(name);
  }
}

self.addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  const { origin, pathname } = new URL(url);
  const base = new URL(self.registration.scope).pathname;
  if (method !== "GET" || origin !== self.location.origin || !pathname.startsWith(base)) return;
  const name = pathname.slice(base.length);
  if (mode === "navigate" && name === "") event.respondWith(page(event.request));
  else if (NAMED_AFTER_CONTENT.test(name) || SHELL.includes(name)) {
    event.respondWith(file(event.request));
  }
});

/** The page of this very version, whose files lie beside it; a newer one is fetched by the update. */
async function page(request: Request): Promise<Response> {
  return (await (await caches.open(CACHE)).match("./")) ?? fetch(request);
}

/** A file as it is kept; parts that are loaded on demand are kept from then on. */
async function file(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request, { ignoreSearch: true });
  if (kept !== undefined) return kept;
  const response = await fetch(request);
  if (response.ok) await cache.put(request, response.clone());
  return response;
}

// ---- being woken ----

self.addEventListener("push", (event) => {
  event.waitUntil(woken());
});

/** Fetch for every account, which counts as delivered, and show one notification without names. */
async function woken(): Promise<void> {
  const store = await Store.open();
  const language = (await store.setting("language")) ?? "sv";
  const say = (id: PushText) => (language === "en" ? en : sv)[wordOf(id)];
  const service = await serviceOf(store);
  const accounts = (await store.accounts()).filter(({ gone }) => !gone);
  const found = await Promise.all(accounts.map((account) => waits(service, store, account)));
  await store.set("ahead", service.clock.offset);
  const asks = found.some((each) => each !== false); // not known is shown as well
  const title = asks ? say("authenticator.push_title") : say("authenticator.push_nothing_title");
  await self.registration.showNotification(title, {
    body: asks ? say("authenticator.push_body") : say("authenticator.push_nothing_body"),
    tag: TAG,
    renotify: asks,
    requireInteraction: asks,
    silent: !asks,
    icon: "icon-192.png",
    badge: "badge-96.png",
    lang: language,
  } as NotificationOptions);
  for (const client of await windows()) client.postMessage("look");
}

function wordOf(id: PushText): keyof typeof sv {
  return id.slice("authenticator.".length) as keyof typeof sv;
}

/** Whether something waits that may be shown aloud; `null` where the service could not be asked. */
async function waits(service: Service, store: Store, account: Account): Promise<boolean | null> {
  const signer = { key: account.key, kid: account.phone };
  const outcome = await service.ask(signer, "fetch", {}, asState);
  if (outcome.ok) return someLoud(outcome.value);
  if (outcome.trouble !== "gone") return null;
  await store.put({ ...account, gone: true, woken: null });
  return false;
}

async function someLoud(state: State): Promise<boolean> {
  for (const raw of state.requests) {
    try {
      if (!(await asRequest(raw)).shown.quiet) return true;
    } catch (error) {
      if (!(error instanceof NotUnderstood)) throw error;
      return true; // the app says that it is too old for this
    }
  }
  return false;
}

async function serviceOf(store: Store): Promise<Service> {
  return new Service({
    origin: self.location.origin,
    clock: new Clock((await store.setting("ahead")) ?? 0),
    send: (input, init) => fetch(input, init),
    pause: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    waiting: () => undefined,
  });
}

function windows(): Promise<readonly WindowClient[]> {
  return self.clients.matchAll({ type: "window", includeUncontrolled: true });
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(comeForward());
});

async function comeForward(): Promise<void> {
  const [open] = await windows();
  if (open === undefined) {
    await self.clients.openWindow("./");
    return;
  }
  await open.focus();
  open.postMessage("look");
}

/** The browser's maker gave a new address: every account's service is told. */
self.addEventListener("pushsubscriptionchange", (event) => {
  (event as ExtendableEvent).waitUntil(resubscribe());
});

async function resubscribe(): Promise<void> {
  const store = await Store.open();
  const accounts = (await store.accounts()).filter(({ gone }) => !gone);
  const vapid = accounts.find(({ state }) => state.vapid !== null)?.state.vapid;
  if (vapid === undefined || vapid === null) return;
  const subscribed = await subscribe(self.registration, vapid);
  if (subscribed === null) return;
  const service = await serviceOf(store);
  for (const account of accounts) {
    const signer = { key: account.key, kid: account.phone };
    const outcome = await service.ask(signer, "subscribe", subscribed, () => null);
    if (outcome.ok) await store.put({ ...account, woken: subscribed.endpoint });
  }
}
