// Server-sent events out of a stream of text, as the HTML standard cuts them.

/** Feed it text as it comes; `onEvent({type, data, id})` and `onRetry(milliseconds)` are called. */
export class EventParser {
  #rest = "";
  #type = "";
  #data = [];
  #id = null;
  #afterReturn = false;
  #onEvent;
  #onRetry;

  constructor({ onEvent, onRetry = () => {} }) {
    this.#onEvent = onEvent;
    this.#onRetry = onRetry;
  }

  feed(text) {
    let piece = this.#rest + text;
    // A line end of two characters may come in two pieces.
    if (this.#afterReturn && text.startsWith("\n")) piece = piece.slice(1);
    this.#afterReturn = text === "" ? this.#afterReturn : text.endsWith("\r");
    const lines = piece.split(/\r\n|\n|\r/);
    this.#rest = lines.pop();
    lines.forEach((line) => this.#line(line));
  }

  #line(line) {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return undefined;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#type = value;
    else if (field === "data") this.#data.push(value);
    else if (field === "id" && !value.includes("\0")) this.#id = value;
    else if (field === "retry" && /^\d+$/.test(value)) this.#onRetry(Number(value));
    return undefined;
  }

  #dispatch() {
    const event = { type: this.#type || "message", data: this.#data.join("\n"), id: this.#id };
    const empty = this.#data.length === 0;
    this.#type = "";
    this.#data = [];
    if (!empty) this.#onEvent(event);
  }
}
