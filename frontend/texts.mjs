// Makes build/texts.ts and build/push_texts.ts out of the catalogues that the rest of Portvakt uses as well.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { parse } from "smol-toml";

const LOCALE = new URL("../src/portvakt/locale/", import.meta.url);
const OUT = new URL("build/", import.meta.url);

const LANGUAGES = ["sv", "en"];

function read(language) {
  return parse(readFileSync(new URL(`${language}/authenticator.toml`, LOCALE), "utf8"));
}

function write(name, catalogues) {
  const parts = LANGUAGES.map(
    (language) => `export const ${language} = ${JSON.stringify(catalogues[language], null, 1)};\n`,
  );
  writeFileSync(new URL(name, OUT), parts.join(""));
}

/** All words for the app, and those of notifications alone for the service worker. */
export function makeTexts() {
  const all = Object.fromEntries(LANGUAGES.map((language) => [language, read(language)]));
  const pushed = LANGUAGES.map((language) => [
    language,
    Object.fromEntries(Object.entries(all[language]).filter(([name]) => name.startsWith("push_"))),
  ]);
  mkdirSync(OUT, { recursive: true });
  write("texts.ts", all);
  write("push_texts.ts", Object.fromEntries(pushed));
}

if (process.argv[1] === new URL(import.meta.url).pathname) makeTexts();
