// The phone's screen lock as a proof: WebAuthn (W3C, Level 3), exactly as the protocol asks for it.

import { type Bytes, fromB64u, toB64u, utf8 } from "./wire/bytes.ts";
import { LockRefused } from "./wire/service.ts";

const ES256 = -7;
const RS256 = -257;
const FLAGS_AT = 32; // in authenticator data, after the hash of the relying party's id
const USER_VERIFIED = 0x04;

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly organisation: string;
}

/** Whether this phone has a screen lock that a web app can ask for. */
export async function hasScreenLock(): Promise<boolean> {
  if (!("PublicKeyCredential" in window)) return false;
  return PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable();
}

async function asking(ask: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  if (!(await hasScreenLock())) throw new LockRefused("no_lock");
  try {
    const found = await ask();
    if (found instanceof PublicKeyCredential) return found;
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    if (error.name === "NotSupportedError") throw new LockRefused("no_lock");
  }
  throw new LockRefused("cancelled");
}

/** Make this phone's credential; `attestation` of the protocol. */
export async function makeCredential(challenge: Bytes, person: Person) {
  const found = await asking(() =>
    navigator.credentials.create({
      publicKey: {
        challenge,
        rp: { id: location.hostname, name: person.organisation },
        user: { id: utf8(person.id), name: person.name, displayName: person.name },
        pubKeyCredParams: [
          { type: "public-key", alg: ES256 },
          { type: "public-key", alg: RS256 },
        ],
        attestation: "none",
        authenticatorSelection: {
          authenticatorAttachment: "platform",
          residentKey: "discouraged",
          userVerification: "required",
        },
      },
    }),
  );
  const response = found.response as AuthenticatorAttestationResponse;
  return {
    id: toB64u(found.rawId),
    client_data: toB64u(response.clientDataJSON),
    attestation_object: toB64u(response.attestationObject),
  };
}

async function assertion(challenge: Bytes, credentials: readonly string[]) {
  const found = await asking(() =>
    navigator.credentials.get({
      publicKey: {
        challenge,
        rpId: location.hostname,
        allowCredentials: credentials.map((id) => ({
          type: "public-key",
          id: fromB64u(id),
          transports: ["internal"],
        })),
        userVerification: "required",
      },
    }),
  );
  return { id: toB64u(found.rawId), response: found.response as AuthenticatorAssertionResponse };
}

/** Prove the screen lock; `assertion` of the protocol. */
export async function proveCredential(challenge: Bytes, credential: string) {
  const { id, response } = await assertion(challenge, [credential]);
  return {
    id,
    client_data: toB64u(response.clientDataJSON),
    authenticator_data: toB64u(response.authenticatorData),
    signature: toB64u(response.signature),
  };
}

/** Ask for the screen lock before the app is shown. Nothing is sent; throws `LockRefused`. */
export async function unlockHere(credentials: readonly string[]): Promise<void> {
  const challenge = crypto.getRandomValues(new Uint8Array(32));
  const { response } = await assertion(challenge, credentials);
  const flags = new Uint8Array(response.authenticatorData)[FLAGS_AT] ?? 0;
  if ((flags & USER_VERIFIED) === 0) throw new LockRefused("cancelled");
}

/** Make a credential that only opens the app on this phone; its id. */
export async function makeLocalCredential(name: string): Promise<string> {
  const challenge = crypto.getRandomValues(new Uint8Array(32));
  const id = `app-lock-${toB64u(crypto.getRandomValues(new Uint8Array(12)))}`;
  return (await makeCredential(challenge, { id, name, organisation: name })).id;
}
