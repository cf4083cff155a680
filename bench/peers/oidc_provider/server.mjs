// oidc-provider as an ordinary installation of it: everything in memory, one app, and a person who
// says yes at once. `node server.mjs PORT REDIRECT SECRET`.
import { createServer } from "node:http";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import Provider from "oidc-provider";

const [port, redirect, secret] = process.argv.slice(2);
const issuer = `http://localhost:${port}`;
const stored = new Map();
const ofGrant = new Map();

class InMemory {
  constructor(kind) {
    this.kind = kind;
  }

  async upsert(id, payload) {
    const key = `${this.kind}:${id}`;
    stored.set(key, payload);
    if (payload.grantId) {
      const held = ofGrant.get(payload.grantId) ?? new Set();
      ofGrant.set(payload.grantId, held.add(key));
    }
    if (payload.uid) stored.set(`uid:${payload.uid}`, key);
  }

  async find(id) {
    return stored.get(`${this.kind}:${id}`);
  }

  async findByUid(uid) {
    return stored.get(stored.get(`uid:${uid}`));
  }

  async findByUserCode() {
    return undefined;
  }

  async consume(id) {
    stored.get(`${this.kind}:${id}`).consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    stored.delete(`${this.kind}:${id}`);
  }

  async revokeByGrantId(grantId) {
    for (const key of ofGrant.get(grantId) ?? []) stored.delete(key);
    ofGrant.delete(grantId);
  }
}

const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" });
const provider = new Provider(issuer, {
  adapter: InMemory,
  clients: [
    {
      client_id: "shop",
      client_secret: secret,
      redirect_uris: [redirect],
      grant_types: ["authorization_code", "refresh_token", "client_credentials"],
      id_token_signed_response_alg: "ES256",
      scope: "openid profile email offline_access",
    },
  ],
  jwks: { keys: [{ ...key, alg: "ES256", use: "sig" }] },
  cookies: { keys: [randomBytes(32).toString("hex")] },
  claims: { profile: ["name"], email: ["email"] },
  findAccount: async (_, id) => ({
    accountId: id,
    claims: async () => ({ sub: id, name: "Anna Berg", email: "anna.berg@region.example" }),
  }),
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
  },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  issueRefreshToken: async () => true,
  rotateRefreshToken: true,
  ttl: { AccessToken: 300, ClientCredentials: 300, RefreshToken: 43200, Session: 43200 },
});

async function agree(request, response) {
  const { params } = await provider.interactionDetails(request, response);
  const grant = new provider.Grant({ accountId: "anna", clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const result = { login: { accountId: "anna" }, consent: { grantId: await grant.save() } };
  await provider.interactionFinished(request, response, result);
}

const answer = provider.callback();
const server = createServer((request, response) => {
  if (request.url.startsWith("/interaction/")) agree(request, response);
  else answer(request, response);
});
server.keepAliveTimeout = 0; // one connection is kept while the other server is measured
server.listen(Number(port), "127.0.0.1");
