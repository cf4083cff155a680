// Which screen is shown, and when. Each screen is a function that makes it anew.

import { type Tone, breakable, button, draw, h, notice } from "./dom.ts";
import type { Model } from "./model.ts";
import { AppLock } from "./screens/app_lock.ts";
import type { Store } from "./store.ts";
import { type Language, currentLanguage, t, useLanguage } from "./words.ts";

export interface Screen {
  readonly heading: string;
  readonly body: readonly (Node | null)[];
  /** Drawn on a wide column. */
  readonly wide?: boolean;
  /** Without «Tillbaka», though there is a screen below. */
  readonly closed?: boolean;
  /** Something changed; a screen without this is made anew. */
  changed?(): void;
  /** The screen is left: cameras and clocks stop. */
  leave?(): void;
}

export type Maker = () => Screen;

export class App {
  private readonly root: Maker;
  private readonly requests: Maker;
  private stack: Maker[] = [];
  private shown: { maker: Maker; screen: Screen } | null = null;
  private cover: Maker | null = null;
  private told: HTMLElement | null = null;
  private above = "";
  readonly lock: AppLock;
  /** A newer version waits; it is started when nothing would be lost. */
  stale = false;

  constructor(
    readonly model: Model,
    readonly store: Store,
    appLock: string | null,
    screens: (app: App) => { root: Maker; requests: Maker },
    private readonly page: Readonly<Record<"main" | "top" | "waiting" | "live", HTMLElement>>,
  ) {
    this.lock = new AppLock(this, appLock);
    ({ root: this.root, requests: this.requests } = screens(this));
    addEventListener("popstate", (event) => this.popped(event.state));
  }

  start(first: Maker | null = null): void {
    history.replaceState({ depth: 0 }, "");
    this.stack = [this.root];
    if (first === null) this.show();
    else this.open(first);
  }

  /** Put a screen on top; the phone's own back button leads away from it. */
  open(maker: Maker): void {
    this.stack.push(maker);
    history.pushState({ depth: this.stack.length - 1 }, "");
    this.show();
  }

  /** Show another screen in the place of this one. */
  replace(maker: Maker): void {
    if (this.stack.length === 1) this.open(maker);
    else {
      this.stack[this.stack.length - 1] = maker;
      this.show();
    }
  }

  /** Show what waits, on top of whatever is shown; `instead` of it where that is over. */
  showRequests(instead = false): void {
    if (this.isOnTop(this.requests)) return;
    if (instead) this.replace(this.requests);
    else this.open(this.requests);
  }

  back(): void {
    if (this.stack.length > 1) history.back();
  }

  home(): void {
    const above = this.stack.length - 1;
    this.stack = [this.root];
    if (above > 0) history.go(-above);
    this.show();
    if (this.stale) location.reload();
  }

  /** Cover everything, whatever is below; `null` takes the cover away. */
  coverWith(maker: Maker | null): void {
    this.cover = maker;
    this.show();
    if (maker === null) this.model.changed();
  }

  get covered(): boolean {
    return this.cover !== null;
  }

  isOnTop(maker: Maker): boolean {
    return this.stack.at(-1) === maker;
  }

  get isHome(): boolean {
    return this.stack.length === 1;
  }

  /** Tell something on this screen, and to those who listen; it stays until the screen is left. */
  tell(text: string, tone: Tone): void {
    this.told = notice(text, tone);
    this.page.live.textContent = text;
    this.modelChanged();
  }

  /** Tell those who listen what the others see. */
  say(text: string): void {
    this.page.live.textContent = text;
  }

  /** What was told on this screen, for screens that are made anew. */
  get message(): HTMLElement | null {
    return this.told;
  }

  modelChanged(): void {
    if (this.shown === null) return;
    this.drawWaiting();
    const { maker, screen } = this.shown;
    if (screen.changed !== undefined) screen.changed();
    else if (this.cover === null) this.draw(maker, false);
  }

  async speak(language: Language): Promise<void> {
    useLanguage(language);
    await this.store.set("language", language);
    this.show();
  }

  private popped(state: unknown): void {
    const depth = isDepth(state) ? state.depth : 0;
    if (depth + 1 > this.stack.length) {
      history.replaceState({ depth: this.stack.length - 1 }, ""); // forward to what is over
      return;
    }
    if (depth + 1 === this.stack.length) return;
    this.stack.length = depth + 1;
    this.show();
    if (this.stale && this.isHome) location.reload();
  }

  private show(): void {
    const maker = this.cover ?? this.stack.at(-1);
    if (maker !== undefined) this.draw(maker, true);
  }

  private draw(maker: Maker, moveFocus: boolean): void {
    this.shown?.screen.leave?.();
    if (moveFocus) this.told = null;
    const screen = maker();
    this.shown = { maker, screen };
    document.documentElement.lang = currentLanguage();
    document.title = `${screen.heading} – Portvakt`;
    this.drawTop();
    this.drawWaiting();
    const heading = h("h1", { tabindex: -1 }, ...breakable(screen.heading));
    const body = screen.body.filter((part) => part !== null);
    const focused = moveFocus ? -1 : this.focusables().indexOf(document.activeElement);
    this.page.main.className = screen.wide === true ? "column wide" : "column";
    this.page.main.replaceChildren(...this.backLink(screen), heading, ...body);
    if (moveFocus) {
      scrollTo(0, 0);
      heading.focus({ preventScroll: true });
    } else if (focused >= 0) {
      const again = this.focusables()[focused];
      if (again instanceof HTMLElement) again.focus({ preventScroll: true });
    }
  }

  /** Above every screen: the service is tried again; something waits while another is shown. */
  private drawWaiting(): void {
    const trying = this.model.trouble !== null && !this.covered;
    const waits = this.model.waiting.length > 0 && !this.covered && !this.isOnTop(this.requests);
    const told = `${currentLanguage()} ${trying} ${waits}`;
    if (told === this.above) return;
    this.above = told;
    const parts: Node[] = [];
    if (trying) parts.push(notice(t("authenticator.trouble_trying"), "care"));
    if (waits) {
      parts.push(
        notice(t("authenticator.something_waits"), "calm"),
        button(t("authenticator.show_waiting"), () => this.showRequests()),
      );
    }
    this.page.waiting.replaceChildren(...parts);
  }

  private focusables(): (Element | null)[] {
    return [...this.page.main.querySelectorAll("button, a, input, h1")];
  }

  private backLink(screen: Screen): Node[] {
    if (this.stack.length < 2 || screen.closed === true || this.cover !== null) return [];
    const link = h("button", { type: "button", class: "back" }, draw("back"), t("authenticator.back"));
    link.addEventListener("click", () => this.back());
    return [link];
  }

  private drawTop(): void {
    const other: Language = currentLanguage() === "sv" ? "en" : "sv";
    const language = h(
      "button",
      { type: "button", class: "quiet", lang: other },
      t("authenticator.other_language"),
    );
    language.addEventListener("click", () => void this.speak(other));
    this.page.top.replaceChildren(h("p", { class: "brand" }, draw("mark"), "Portvakt"), language);
  }
}

function isDepth(state: unknown): state is { depth: number } {
  return typeof state === "object" && state !== null && "depth" in state;
}
