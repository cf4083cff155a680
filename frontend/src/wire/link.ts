// Pairing codes as they come: in an address, pasted, or typed.

export type Found =
  | { readonly kind: "code"; readonly code: string }
  | { readonly kind: "letters"; readonly short: string }
  | { readonly kind: "elsewhere"; readonly host: string }
  | { readonly kind: "nothing" };

const CODE = /^[A-Za-z0-9_-]{22}$/;
const SHORT = /^[A-Z2-7]{8}$/;

/** The code in a fragment such as `#pair=CODE`, or `null`. */
export function codeInFragment(fragment: string): string | null {
  const code = fragment.startsWith("#pair=") ? fragment.slice(6) : "";
  return CODE.test(code) ? code : null;
}

/** What somebody scanned, pasted or typed, for the app at `origin`. */
export function readCode(text: string, origin: string): Found {
  const trimmed = text.trim();
  if (CODE.test(trimmed)) return { kind: "code", code: trimmed };
  const letters = trimmed.replace(/[\s-]/g, "").toUpperCase();
  if (SHORT.test(letters)) return { kind: "letters", short: letters };
  let url: URL;
  try {
    url = new URL(trimmed);
  } catch {
    return { kind: "nothing" };
  }
  const code = codeInFragment(url.hash);
  if (code === null || url.pathname !== "/authenticator/") return { kind: "nothing" };
  return url.origin === origin ? { kind: "code", code } : { kind: "elsewhere", host: url.host };
}
