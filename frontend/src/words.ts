// Every sentence, in both languages: build/texts.ts is made from src/portvakt/locale by the build.

import { en, sv } from "../build/texts.ts";

export type Language = "sv" | "en";
export type TextId = `authenticator.${keyof typeof sv}`;

const CATALOGUES: Record<Language, Record<keyof typeof sv, string>> = { sv, en };
const AREA = "authenticator.".length;

let language: Language = "sv";

export function currentLanguage(): Language {
  return language;
}

export function useLanguage(chosen: Language): void {
  language = chosen;
}

export function t(id: TextId, values: Readonly<Record<string, string | number>> = {}): string {
  const pattern = CATALOGUES[language][id.slice(AREA) as keyof typeof sv];
  return pattern.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

export function clockTime(milliseconds: number): string {
  return new Intl.DateTimeFormat(language === "sv" ? "sv-SE" : "en-GB", {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  }).format(milliseconds);
}
