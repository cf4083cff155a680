// Lets a browser make and use keys (WebAuthn). Nothing else can, so these pages need a script.

const RENEW = 8 * 60 * 1000; // ms: a question of ours lives ten minutes
const capable = window.PublicKeyCredential !== undefined;

// Bytes as base64url, and back (RFC 4648 section 5): not every browser has `toJSON` and its kin.
const text = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))
  .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const bytes = (written) => Uint8Array.from(
  atob(written.replaceAll("-", "+").replaceAll("_", "/")), (each) => each.charCodeAt(0),
);
const described = (keys) => (keys ?? []).map((each) => ({ ...each, id: bytes(each.id) }));
const toUse = (asked) => ({
  ...asked, challenge: bytes(asked.challenge), allowCredentials: described(asked.allowCredentials),
});
const toMake = (asked) => ({
  ...asked,
  challenge: bytes(asked.challenge),
  user: { ...asked.user, id: bytes(asked.user.id) },
  excludeCredentials: described(asked.excludeCredentials),
});

const told = ({ id, type, response }) => {
  const said = { clientDataJSON: text(response.clientDataJSON) };
  if (response.attestationObject) {
    said.attestationObject = text(response.attestationObject);
    said.transports = response.getTransports?.() ?? [];
  } else {
    said.authenticatorData = text(response.authenticatorData);
    said.signature = text(response.signature);
    said.userHandle = response.userHandle ? text(response.userHandle) : null;
  }
  return { id, rawId: id, type, response: said };
};

const send = (form, credential) => {
  form.elements.key.value = JSON.stringify(told(credential));
  form.requestSubmit(); // as pressed: what else belongs to the page hears of it
};

// Asks our server what a key is to sign; null where it asks nothing just now.
const asked = async (form) => {
  const body = new URLSearchParams({ csrf: form.elements.csrf.value });
  for (const name of ["to", "for"]) {
    if (form.elements[name]) body.set(name, form.elements[name].value);
  }
  const answer = await fetch(form.dataset.usesKey, { method: "POST", body, redirect: "error" });
  return answer.ok ? toUse(await answer.json()) : null;
};

for (const form of document.querySelectorAll("[data-uses-key], [data-makes-key]")) {
  const part = (name) => form.querySelector(`[${name}]`);
  const without = part("data-key-needs-script");
  if (without) without.hidden = true;
  if (!capable) {
    part("data-key-needs-browser").hidden = false;
    continue;
  }
  const button = part("data-key-button");
  const failed = part("data-key-failed");
  let waiting = new AbortController();
  button.hidden = false;

  const run = async () => {
    waiting.abort(); // only one question at a time, says the specification
    failed.hidden = true;
    button.disabled = true;
    try {
      if (form.dataset.makesKey) {
        const publicKey = toMake(JSON.parse(form.dataset.makesKey));
        send(form, await navigator.credentials.create({ publicKey }));
        return;
      }
      const publicKey = await asked(form);
      if (publicKey) {
        send(form, await navigator.credentials.get({ publicKey }));
        return;
      }
      failed.hidden = false;
    } catch {
      failed.hidden = false; // the person said no, took too long, or has no key here
    }
    button.disabled = false;
  };
  button.addEventListener("click", run);

  // Keys are offered in the name's own field, beside what the browser remembers.
  const offer = async () => {
    if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    const mine = new AbortController();
    waiting = mine;
    const renew = setTimeout(() => {
      mine.abort();
      if (!document.hidden) offer();
    }, RENEW);
    try {
      const publicKey = await asked(form);
      if (!publicKey || mine.signal.aborted) return;
      const found = await navigator.credentials.get({
        publicKey, mediation: "conditional", signal: mine.signal,
      });
      form.elements.name.value = ""; // the key says whose it is
      send(form, found);
    } catch {
      // nothing was picked, or the button was pressed
    } finally {
      clearTimeout(renew);
    }
  };
  if (form.dataset.offersKeys !== undefined) offer();
}
