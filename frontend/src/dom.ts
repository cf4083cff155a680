// Small helpers that make elements. Text only ever becomes text.

type Child = Node | string | null;
type Attributes = Readonly<Record<string, string | number | boolean | null>>;

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** A text; an e-mail address in it may be broken after its @ and full stops, and nowhere worse. */
export function breakable(text: string): Node[] {
  const parts = text.includes("@") ? text.split(/(?<=[@.])(?=\S)/) : [text];
  return parts
    .flatMap((part, index) => (index === 0 ? [part] : [h("wbr"), part]))
    .map((part) => (typeof part === "string" ? document.createTextNode(part) : part));
}

export const p = (text: string, kind = ""): HTMLParagraphElement => h("p", { class: kind }, text);

const SVG = "http://www.w3.org/2000/svg";
const PICTOGRAMS = {
  mark: "M5 21V11a7 7 0 0 1 14 0v10M2.5 21h19M12 13v3.5M11 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0",
  phone: "M8.5 2h7A2.5 2.5 0 0 1 18 4.5v15a2.5 2.5 0 0 1-2.5 2.5h-7A2.5 2.5 0 0 1 6 19.5v-15A2.5 2.5 0 0 1 8.5 2zM10.5 18.5h3",
  care: "M12 3 22 20.5H2zM12 9.5v5M12 17.4v.2",
  tick: "M2.5 12a9.5 9.5 0 1 0 19 0 9.5 9.5 0 1 0-19 0M7.5 12.5l3 3 6-6.5",
  back: "M14.5 6 8.5 12l6 6",
  next: "m9.5 6 6 6-6 6",
} as const;

export type Pictogram = keyof typeof PICTOGRAMS;

export function svg(viewBox: string, d: string, attributes: Attributes = {}): SVGSVGElement {
  const picture = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  picture.setAttribute("viewBox", viewBox);
  for (const [name, value] of Object.entries(attributes)) picture.setAttribute(name, String(value));
  path.setAttribute("d", d);
  picture.append(path);
  return picture;
}

export function draw(name: Pictogram): SVGSVGElement {
  return svg("0 0 24 24", PICTOGRAMS[name], {
    class: "pictogram",
    width: 24,
    height: 24,
    "aria-hidden": "true",
    focusable: "false",
  });
}

export type Kind = "main" | "second" | "danger" | "quiet";

/** A button whose work is done once at a time. */
export function button(label: string, work: () => void | Promise<void>, kind: Kind = "main") {
  const made = h("button", { type: "button", class: kind }, label);
  made.addEventListener("click", () => void once(made, work));
  return made;
}

/** Do the work unless the element is busy with it; what goes wrong unexpectedly surfaces as such. */
async function once(element: HTMLElement, work: () => void | Promise<void>): Promise<void> {
  if (element.getAttribute("aria-busy") === "true") return;
  element.setAttribute("aria-busy", "true");
  try {
    await work();
  } finally {
    element.removeAttribute("aria-busy");
  }
}

/** A form whose enter key and first button do the same work, once at a time. */
export function form(label: string, work: () => void | Promise<void>, ...children: Child[]) {
  const made = h(
    "form",
    { novalidate: true, autocomplete: "off" },
    ...children,
    h("button", { type: "submit", class: "main" }, label),
  );
  made.addEventListener("submit", (event) => {
    event.preventDefault();
    void once(made, work);
  });
  return made;
}

export interface Field {
  readonly element: HTMLElement;
  readonly input: HTMLInputElement;
  /** Show what is wrong, at the field and to whoever listens, and go there. */
  wrong(text: string): void;
  right(): void;
}

let fields = 0;

export function field(label: string, hint: string, attributes: Attributes = {}): Field {
  fields += 1;
  const id = `field-${fields}`;
  const input = h("input", { id, type: "text", "aria-describedby": `${id}-hint ${id}-error`, ...attributes });
  const error = h("p", { id: `${id}-error`, class: "error", role: "alert" });
  const element = h(
    "div",
    { class: "field" },
    h("label", { for: id }, label),
    h("p", { id: `${id}-hint`, class: "hint" }, hint),
    error,
    input,
  );
  return {
    element,
    input,
    wrong(text) {
      error.textContent = text;
      element.classList.add("is-wrong");
      input.setAttribute("aria-invalid", "true");
      input.focus();
    },
    right() {
      error.textContent = "";
      element.classList.remove("is-wrong");
      input.removeAttribute("aria-invalid");
    },
  };
}

export type Tone = "calm" | "good" | "care" | "danger";

export function notice(text: string, tone: Tone = "calm"): HTMLElement {
  return h("div", { class: `notice ${tone}` }, draw(tone === "good" ? "tick" : "care"), p(text));
}

export interface Status {
  readonly element: HTMLElement;
  say(text: string, tone?: Tone): void;
}

/** A place in the screen where something is told, politely, to those who listen as well. */
export function status(): Status {
  const element = h("div", { role: "status" });
  return {
    element,
    say(text, tone = "care") {
      element.replaceChildren(...(text === "" ? [] : [notice(text, tone)]));
    },
  };
}

export function facts(rows: readonly (readonly [string, string])[]): HTMLElement {
  return h("dl", { class: "facts" }, ...rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, ...breakable(value)))));
}

/** A text to be copied, and a button that copies it where the browser lets us. */
export function copyable(text: string, words: Readonly<Record<"copy" | "copied" | "by_hand", string>>) {
  const told = status();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      told.say(words.copied, "good");
    } catch (error) {
      if (!(error instanceof DOMException || error instanceof TypeError)) throw error;
      told.say(words.by_hand);
    }
  };
  return [h("code", { class: "copyable" }, text), button(words.copy, copy, "second"), told.element];
}
