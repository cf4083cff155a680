// What this phone is, in a word or two, for a name that the person may change.

import { t } from "./words.ts";

interface Hints {
  getHighEntropyValues?(names: string[]): Promise<{ model?: string }>;
}

export async function guessName(): Promise<string> {
  const agent = navigator.userAgent;
  if (agent.includes("iPhone")) return "iPhone";
  if (agent.includes("iPad") || (agent.includes("Macintosh") && navigator.maxTouchPoints > 1)) return "iPad";
  const hints = (navigator as { userAgentData?: Hints }).userAgentData;
  const model = (await hints?.getHighEntropyValues?.(["model"]))?.model ?? "";
  if (model !== "" && model !== "K") return model.slice(0, 40);
  if (agent.includes("Android")) return t("authenticator.guess_android");
  return t("authenticator.guess_other");
}
