// Draws a QR code. Loaded when an account moves to a new phone, and not before.

import { encode } from "uqr";
import { svg } from "./dom.ts";

export function qrPicture(text: string, label: string): SVGSVGElement {
  const { data, size } = encode(text, { ecc: "M", border: 4 });
  const dark = data.flatMap((row, y) => row.map((on, x) => (on ? `M${x} ${y}h1v1h-1z` : "")));
  return svg(`0 0 ${size} ${size}`, dark.join(""), { class: "qr", role: "img", "aria-label": label });
}
