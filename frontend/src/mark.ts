// A mark outside the database, to know when the browser threw the keys away.

const MARK = "portvakt-mark";

/** Remember outside the database whether there is an account, to know when the keys were lost. */
export async function markAccounts(some: boolean): Promise<void> {
  if (some) {
    localStorage.setItem(MARK, "1");
    await (await caches.open(MARK)).put("./mark", new Response("1"));
  } else {
    localStorage.removeItem(MARK);
    await caches.delete(MARK);
  }
}

export async function accountsWereMarked(): Promise<boolean> {
  return localStorage.getItem(MARK) !== null || (await caches.has(MARK));
}
