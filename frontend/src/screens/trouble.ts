// Every trouble in words: what happened, then what to do.

import type { Trouble } from "../wire/service.ts";
import { clockTime, t } from "../words.ts";

export function troubleWords(trouble: Trouble, retryAt: number | null = null): string {
  switch (trouble) {
    case "offline":
      return t("authenticator.trouble_offline");
    case "busy":
    case "down":
      return t("authenticator.trouble_down");
    case "gone":
      return t("authenticator.trouble_gone");
    case "clock":
      return t("authenticator.trouble_clock");
    case "lock":
      return t("authenticator.trouble_lock");
    case "cancelled":
      return t("authenticator.trouble_cancelled");
    case "no_lock":
      return t("authenticator.trouble_no_lock");
    case "wrong":
      return t("authenticator.trouble_wrong");
    case "used":
      return t("authenticator.trouble_used");
    case "expired":
      return t("authenticator.trouble_expired");
    case "full":
      return t("authenticator.trouble_full");
    case "kept":
      return t("authenticator.trouble_kept");
    case "frozen":
      return t("authenticator.trouble_frozen");
    case "too_many":
      return retryAt === null
        ? t("authenticator.trouble_too_many")
        : t("authenticator.trouble_too_many_until", { time: clockTime(retryAt) });
    case "version":
    case "strange":
      return t("authenticator.trouble_version");
    case "malformed":
    case "signature":
    case "endpoint":
      return t("authenticator.trouble_ours", { word: trouble });
  }
}
