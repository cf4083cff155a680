// A code to carry to another place by the clipboard.

import { copyable } from "../dom.ts";
import { t } from "../words.ts";

export function copying(text: string): HTMLElement[] {
  return copyable(text, {
    copy: t("authenticator.copy"),
    copied: t("authenticator.copied"),
    by_hand: t("authenticator.copy_by_hand"),
  });
}
