// The test vectors at the end of docs/developers/phone-protocol.md, by their headings.

import { readFileSync } from "node:fs";

const PAGE = new URL("../../docs/developers/phone-protocol.md", import.meta.url);
const VECTORS = readFileSync(PAGE, "utf8").split("\n## Test vectors\n")[1];

/** Every JSON block under the heading that starts with `heading`. */
export function blocks(heading) {
  const section = VECTORS.split("\n### ").find((part) => part.startsWith(heading));
  if (section === undefined) throw new Error(`no vectors under ${heading}`);
  return [...section.matchAll(/```json\n(.*?)\n```/gs)].map(([, json]) => JSON.parse(json));
}
