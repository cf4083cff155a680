// Adding an account: the camera, a pasted or typed code, and the home screen first on iOS.

import type { App, Maker } from "../app.ts";
import { button, field, form, h, notice, p, status } from "../dom.ts";
import { isIosTab } from "../install.ts";
import type { Scanning } from "../scanner.ts";
import { type Found, readCode } from "../wire/link.ts";
import { t } from "../words.ts";
import { copying } from "./copying.ts";
import { pairingScreen } from "./pairing.ts";

/** Where adding begins: on iOS the app must stand on the home screen first. */
export function addScreen(app: App): Maker {
  return isIosTab() ? homeScreenFirst(null) : waysToAdd(app);
}

export function waysToAdd(app: App): Maker {
  return () => ({
    heading: t("authenticator.add_title"),
    body: [
      p(t("authenticator.add_lead"), "reason"),
      button(t("authenticator.add_scan"), () => app.open(scanScreen(app))),
      button(t("authenticator.add_type"), () => app.open(typeScreen(app)), "second"),
    ],
  });
}

/** Steps for iOS. The code is shown to be copied, and not spent. */
export function homeScreenFirst(code: string | null): Maker {
  return () => {
    const link = `${location.origin}/authenticator/#pair=${code ?? ""}`;
    return {
      heading: t("authenticator.ios_title"),
      body: [
        p(t("authenticator.ios_lead"), "reason"),
        h(
          "ol",
          { class: "steps" },
          h("li", {}, t("authenticator.ios_step_share")),
          h("li", {}, t("authenticator.ios_step_add")),
          h("li", {}, t("authenticator.ios_step_open")),
        ),
        ...(code === null ? [] : [p(t("authenticator.ios_copy_lead")), ...copying(link)]),
      ],
    };
  };
}

function scanScreen(app: App): Maker {
  return () => {
    const told = status();
    const video = h("video", {
      playsinline: true,
      muted: true,
      class: "camera",
      "aria-label": t("authenticator.scan_picture"),
    });
    let scanning: Scanning | null = null;
    let over = false;
    const stop = () => {
      over = true;
      scanning?.stop();
    };
    const found = (text: string) => {
      if (over) return;
      const read = readCode(text, location.origin);
      if (read.kind === "code") {
        stop();
        app.replace(pairingScreen(app, { code: read.code }));
      } else told.say(wordsFor(read));
    };
    void film(video, found, (text) => told.say(text)).then((begun) => {
      scanning = begun;
      if (over) scanning?.stop();
    });
    return {
      heading: t("authenticator.scan_title"),
      body: [
        p(t("authenticator.scan_lead"), "reason"),
        video,
        told.element,
        button(t("authenticator.add_type"), () => app.replace(typeScreen(app)), "second"),
      ],
      changed: () => undefined,
      leave: stop,
    };
  };
}

async function film(
  video: HTMLVideoElement,
  found: (text: string) => void,
  tell: (text: string) => void,
): Promise<Scanning | null> {
  try {
    const { scan } = await import("../scanner.ts");
    return await scan(video, found);
  } catch (error) {
    video.remove(); // nothing is seen, so nothing takes its place
    const refused = error instanceof DOMException || !("mediaDevices" in navigator);
    tell(refused ? t("authenticator.scan_no_camera") : t("authenticator.trouble_offline"));
    return null;
  }
}

function wordsFor(found: Found): string {
  return found.kind === "elsewhere"
    ? t("authenticator.code_elsewhere", { host: found.host })
    : t("authenticator.code_unknown");
}

function typeScreen(app: App): Maker {
  return () => {
    const code = field(t("authenticator.type_label"), t("authenticator.type_hint"), {
      autocapitalize: "characters",
      autocomplete: "off",
      spellcheck: "false",
      class: "letters",
    });
    return {
      heading: t("authenticator.type_title"),
      body: [
        form(
          t("authenticator.continue"),
          () => {
            code.right();
            const read = readCode(code.input.value, location.origin);
            if (read.kind === "code") app.replace(pairingScreen(app, { code: read.code }));
            else if (read.kind === "letters") app.replace(whoseScreen(app, read.short));
            else code.wrong(wordsFor(read));
          },
          code.element,
        ),
      ],
      changed: () => undefined,
    };
  };
}

function whoseScreen(app: App, short: string): Maker {
  return () => {
    const name = field(t("authenticator.whose_label"), t("authenticator.whose_hint"), {
      autocapitalize: "none",
      autocomplete: "username",
      spellcheck: "false",
      inputmode: "email",
    });
    return {
      heading: t("authenticator.whose_title"),
      body: [
        form(
          t("authenticator.continue"),
          () => {
            name.right();
            const account = name.input.value.trim();
            if (account === "") name.wrong(t("authenticator.whose_missing"));
            else app.replace(pairingScreen(app, { short, account }));
          },
          name.element,
        ),
      ],
      changed: () => undefined,
    };
  };
}

/** Nobody has an account here yet. */
export function emptyScreen(app: App): ReturnType<Maker> {
  return {
    heading: t("authenticator.empty_title"),
    body: [
      p(t("authenticator.empty_lead"), "reason"),
      button(t("authenticator.add_account"), () => app.open(addScreen(app))),
    ],
  };
}

/** There was an account, and the browser has thrown its key away. */
export function lostScreen(app: App): ReturnType<Maker> {
  return {
    heading: t("authenticator.lost_title"),
    body: [
      notice(t("authenticator.lost_lead"), "care"),
      p(t("authenticator.lost_what_now")),
      button(t("authenticator.add_again"), () => app.open(addScreen(app))),
    ],
  };
}
