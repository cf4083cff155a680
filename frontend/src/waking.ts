// Waking a closed phone: one push subscription (RFC 8030), told to the service for each account.

import { fromB64u, toB64u } from "./wire/bytes.ts";

export interface Subscribed {
  readonly [field: string]: string;
  readonly endpoint: string;
  readonly p256dh: string;
  readonly auth: string;
}

/** Subscribe with the service's key, or give what there is. `null` where the browser will not. */
export async function subscribe(
  registration: ServiceWorkerRegistration,
  vapid: string,
): Promise<Subscribed | null> {
  try {
    const existing = await registration.pushManager.getSubscription();
    if (existing !== null && isFor(existing, vapid)) return described(existing);
    await existing?.unsubscribe();
    const made = await registration.pushManager.subscribe({
      userVisibleOnly: true,
      applicationServerKey: fromB64u(vapid),
    });
    return described(made);
  } catch (error) {
    // The person or the browser's maker said no, or there is no push service: «Hämta» remains.
    if (error instanceof DOMException) return null;
    throw error;
  }
}

function isFor(subscription: PushSubscription, vapid: string): boolean {
  const key = subscription.options.applicationServerKey;
  return key !== null && toB64u(key) === vapid;
}

function described(subscription: PushSubscription): Subscribed | null {
  const p256dh = subscription.getKey("p256dh");
  const auth = subscription.getKey("auth");
  if (p256dh === null || auth === null) return null;
  return { endpoint: subscription.endpoint, p256dh: toB64u(p256dh), auth: toB64u(auth) };
}
