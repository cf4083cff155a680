// Server-sent events (HTML Living Standard, 9.2.6) out of a stream of text.

export interface StreamEvent {
  readonly name: string;
  readonly data: string;
}

export class EventReader {
  private rest = "";
  private name = "";
  private data: string[] = [];

  /** Take some text, and return the events that it completes. */
  feed(text: string): StreamEvent[] {
    const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.line(line));
  }

  private line(line: string): StreamEvent[] {
    if (line === "") {
      const found = this.data.length > 0 ? [{ name: this.name, data: this.data.join("\n") }] : [];
      this.name = "";
      this.data = [];
      return found;
    }
    const [field, value] = split(line);
    if (field === "event") this.name = value;
    if (field === "data") this.data.push(value);
    return [];
  }
}

function split(line: string): [string, string] {
  const colon = line.indexOf(":");
  if (colon < 0) return [line, ""];
  const value = line.slice(colon + 1);
  return [line.slice(0, colon), value.startsWith(" ") ? value.slice(1) : value];
}
