// The protocol layer as one, for tests that read docs/developers/phone-protocol.md.

export * from "./answers.ts";
export * from "./bytes.ts";
export * from "./events.ts";
export * from "./jws.ts";
export * from "./keys.ts";
export * from "./link.ts";
export * from "./service.ts";
export * from "./stream.ts";
export * from "./totp.ts";
