// A web app that people sign in to by openid-client: code that shares nothing with the product's.
// Argument: {issuer, client_id, client_secret or private_key, port, dpop, par} as JSON. First line out: "ready".
// Everything is answered as JSON; an error as {error, code, message} with the library's own words.
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { createRemoteJWKSet, importJWK, jwtVerify } from "jose";
import * as client from "openid-client";

const asked = JSON.parse(process.argv[2]);
const origin = `http://localhost:${asked.port}`;
const redirect_uri = `${origin}/callback`;
const proof = asked.client_secret
  ? client.ClientSecretBasic(asked.client_secret)
  : asked.private_key
    ? client.PrivateKeyJwt({ key: await importJWK(asked.private_key), kid: asked.private_key.kid })
    : client.None();
const config = await client.discovery(new URL(asked.issuer), asked.client_id, undefined, proof);
client.enableNonRepudiationChecks(config); // signatures too, not only the line that they came by
const served = config.serverMetadata();
const keys = createRemoteJWKSet(new URL(served.jwks_uri));
const bound = asked.dpop
  ? { DPoP: client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256")) }
  : {};
const name = `of-${asked.client_id}`; // all the apps of the tests are on one host
const sessions = new Map(); // cookie -> {asked, tokens, claims}

function sessionOf(request) {
  const cookie = new RegExp(`${name}=([0-9a-f-]+)`).exec(request.headers.cookie ?? "")?.[1];
  return { cookie, session: sessions.get(cookie) ?? {} };
}

async function begin(url, { cookie }) {
  const verifier = client.randomPKCECodeVerifier();
  const more = Object.fromEntries(url.searchParams);
  const pending = { verifier, state: client.randomState(), nonce: client.randomNonce(), max_age: more.max_age };
  const parameters = {
    redirect_uri,
    scope: "openid profile email groups",
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state: pending.state,
    nonce: pending.nonce,
    ...more,
  };
  const to = asked.par
    ? await client.buildAuthorizationUrlWithPAR(config, parameters, bound)
    : client.buildAuthorizationUrl(config, parameters);
  const id = cookie ?? randomUUID();
  sessions.set(id, { ...sessions.get(id), pending });
  return { to: to.href, cookie: id };
}

async function finish(url, { session }) {
  const { verifier, state, nonce, max_age } = session.pending ?? {};
  const tokens = await client.authorizationCodeGrant(
    config,
    url,
    {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
      ...(max_age === undefined ? {} : { maxAge: Number(max_age) }),
    },
    undefined,
    bound,
  );
  Object.assign(session, { tokens, claims: tokens.claims(), pending: undefined });
  return { to: `${origin}/` };
}

async function refresh(url, { session }) {
  const before = session.tokens;
  const tokens = await client.refreshTokenGrant(config, before.refresh_token, undefined, bound);
  session.tokens = { ...before, ...tokens };
  session.before = before;
  const names = ["access_token", "refresh_token"].filter((each) => before[each] !== tokens[each]);
  return { said: { renewed: names, claims: tokens.claims() ?? null, token_type: tokens.token_type } };
}

async function signedOutElsewhere(request) {
  let body = "";
  for await (const part of request) body += part;
  const { payload } = await jwtVerify(new URLSearchParams(body).get("logout_token"), keys, {
    issuer: served.issuer,
    audience: asked.client_id,
    typ: "logout+jwt",
    requiredClaims: ["iat", "exp", "jti", "events"],
  });
  const event = payload.events["http://schemas.openid.net/event/backchannel-logout"];
  if (typeof event !== "object" || "nonce" in payload) throw new Error("not a logout token");
  for (const [id, { claims }] of sessions)
    if (claims && (payload.sid ? claims.sid === payload.sid : claims.sub === payload.sub)) sessions.delete(id);
  return { said: { signed_out: true } };
}

const pages = {
  "/about": async () => ({ said: { issuer: asked.issuer, client_id: asked.client_id } }),
  "/": async (_, { session }) => ({ status: session.claims ? 200 : 401, said: session.claims ?? null }),
  "/sign-in": begin,
  "/callback": finish,
  "/refresh": refresh,
  "/refresh-with-the-old": async (_, { session }) => ({
    said: await client.refreshTokenGrant(config, session.before.refresh_token, undefined, bound),
  }),
  "/userinfo": async (_, { session }) => ({
    said: await client.fetchUserInfo(config, session.tokens.access_token, session.claims.sub, bound),
  }),
  "/introspect": async (_, { session }) => ({
    said: await client.tokenIntrospection(config, session.tokens.access_token),
  }),
  "/own": async () => ({ said: await client.clientCredentialsGrant(config, undefined, bound) }),
  "/revoke": async (_, { session }) => {
    await client.tokenRevocation(config, session.tokens.refresh_token);
    return { said: null };
  },
  "/sign-out": async (_, { cookie, session }) => {
    sessions.delete(cookie);
    const to = client.buildEndSessionUrl(config, {
      post_logout_redirect_uri: `${origin}/`,
      id_token_hint: session.tokens.id_token,
      state: client.randomState(),
    });
    return { to: to.href };
  },
};

// What a page that is wholly in the browser loads: itself and the library as it is published.
const files = new Map([["/spa", new URL("spa.html", import.meta.url)]]);
function fileOf(path) {
  const found = path.startsWith("/node_modules/") && !path.includes("..") ? new URL(`.${path}`, import.meta.url) : files.get(path);
  return found && { type: path.endsWith(".js") ? "text/javascript" : "text/html", content: readFileSync(found) };
}

async function answer(request, response) {
  const url = new URL(request.url, origin);
  const file = fileOf(url.pathname);
  if (file) return response.writeHead(200, { "content-type": file.type }).end(file.content);
  const page = pages[url.pathname];
  if (url.pathname !== "/backchannel" && !page) return response.writeHead(404).end();
  const known = sessionOf(request);
  const done = page ? await page(url, known) : await signedOutElsewhere(request);
  const headers = { "content-type": "application/json", "cache-control": "no-store" };
  if (done.cookie) headers["set-cookie"] = `${name}=${done.cookie}; Path=/; HttpOnly; SameSite=Lax`;
  if (done.to) return response.writeHead(303, { ...headers, location: done.to }).end();
  return response.writeHead(done.status ?? 200, headers).end(JSON.stringify(done.said));
}

createServer((request, response) =>
  answer(request, response).catch((error) => {
    const said = { error: error.error ?? error.name, code: error.code, message: error.message, cause: String(error.cause ?? "") };
    response.writeHead(500, { "content-type": "application/json" }).end(JSON.stringify(said));
  }),
).listen(asked.port, "127.0.0.1", () => process.stdout.write("ready\n"));
process.stdin.resume().on("end", () => process.exit(0));
