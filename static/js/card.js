// A student's card: a dialog over the view that is open, with an address of its own.

import { showTime } from "./fields.js";
import { addressOf, viewOf } from "./links.js";
import { morph } from "./morph.js";
import { sectionsOf, studentsOf } from "./records.js";

/** Between two fetches of an open card, after a change of its student's: milliseconds. */
const BETWEEN = 2_000;
/** After one of somebody else's in the section, which may move the rank: milliseconds. */
const BETWEEN_OTHERS = 10_000;
const PROBLEMS = {
  "signed-out": ["You are signed out, so these figures may be out of date.", "Sign in again"],
  gone: ["This student isn’t in any of your sections.", "Close"],
  failed: ["Couldn’t refresh this card, so its figures may be out of date.", "Try again"],
};

export class Card {
  #dialog;
  #frame;
  #id = null;
  #opener = null;
  #pressed = null;
  #reading = null;
  #readAt = -Infinity;
  #due = Infinity;
  #timer;
  #during = [];
  #onFresh;

  /**
   * `frame`: the template of a card that is not there yet. `onFresh` is called after a fetch with
   * the id that the card is as of, and the events that came meanwhile.
   */
  constructor(dialog, frame, { onFresh = () => {} } = {}) {
    this.#dialog = dialog;
    this.#frame = frame;
    this.#onFresh = onFresh;
    document.addEventListener("click", (event) => this.#clicked(event));
    dialog.addEventListener("pointerdown", ({ target }) => (this.#pressed = target));
    dialog.addEventListener("close", () => this.#closed());
    document.addEventListener("visibilitychange", () => this.#arm());
    if (dialog.open) this.#upgrade();
  }

  /** Show a student's card; `link` (or a field) led to it and gets the focus back. */
  open(id, link = linkTo(id)) {
    const how = this.#id === null ? "pushState" : "replaceState";
    const state = this.#id === null ? { card: true } : history.state;
    history[how](state, "", addressOf("student", id));
    this.#show(String(id), link);
  }

  close() {
    this.#dialog.close();
  }

  /** The address is another one: show, or close, as it says. */
  follow() {
    const id = new URL(location.href).searchParams.get("student");
    if (!id) this.close();
    else if (id !== this.#id) this.#show(id, linkTo(id));
  }

  /** An event of the stream: one that concerns the card has it fetched again. */
  hear(event) {
    if (this.#id === null) return;
    if (this.#reading) this.#during.push(event);
    if (studentsOf(event).some((student) => String(student) === this.#id)) this.#plan(BETWEEN);
    else if (sectionsOf(event).some((section) => this.#sections.includes(String(section)))) {
      this.#plan(event.reason === "support" ? BETWEEN : BETWEEN_OTHERS);
    }
  }

  refresh() {
    if (this.#id !== null) this.#plan(0);
  }

  get #content() {
    return this.#dialog.firstElementChild;
  }

  get #sections() {
    return this.#content.dataset.sections?.split(" ") ?? [];
  }

  #clicked(event) {
    if (event.target === this.#dialog && this.#pressed === this.#dialog) return this.close();
    const isPlain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    const link = event.target.closest("a[data-student], [data-close-card], [data-again]");
    if (!link || !isPlain || event.button !== 0 || event.defaultPrevented) return undefined;
    event.preventDefault();
    if ("closeCard" in link.dataset) this.close();
    else if ("again" in link.dataset) this.refresh();
    else if (link.dataset.student) this.open(link.dataset.student, link);
    return undefined;
  }

  // The server's own open dialog blocks nothing: it is made modal.
  #upgrade() {
    this.#id = this.#dialog.dataset.studentShown;
    this.#opener = linkTo(this.#id);
    this.#readAt = Date.now();
    this.#dialog.removeAttribute("open");
    this.#put(this.#content);
    this.#dialog.showModal();
  }

  #show(id, link) {
    this.#id = id;
    this.#opener = link;
    const frame = this.#frame.content.firstElementChild.cloneNode(true);
    frame.querySelector("#card-name bdi").textContent = link?.textContent.trim() || "Student";
    this.#put(frame);
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#load();
  }

  #put(content) {
    content.querySelector("[data-close-card]").href = viewOf(location.href);
    if (content === this.#content) return;
    const isHere = this.#dialog.contains(document.activeElement);
    this.#dialog.replaceChildren(content);
    this.#dialog.scrollTop = 0;
    if (isHere) content.querySelector("[data-close-card]").focus();
  }

  async #load() {
    this.#due = Infinity;
    this.#reading?.abort();
    const reading = new AbortController();
    this.#reading = reading;
    this.#during = [];
    this.#readAt = Date.now();
    this.#dialog.setAttribute("aria-busy", "true");
    const found = await fetched(this.#id, reading.signal);
    if (reading !== this.#reading) return;
    this.#reading = null;
    this.#dialog.removeAttribute("aria-busy");
    if (found instanceof Element) this.#fresh(found);
    else this.#say(found);
    this.#arm();
  }

  #fresh(card) {
    this.#take(card);
    this.#onFresh({ since: card.dataset.since, events: this.#during });
  }

  #take(card) {
    card.querySelectorAll("time[data-time]").forEach(showTime);
    if (this.#content.dataset.studentCard !== this.#id) return this.#put(card);
    card.querySelector("[data-close-card]").href = viewOf(location.href);
    return morph(this.#content, card);
  }

  #say(problem) {
    const [words, wayOut] = PROBLEMS[problem];
    const notice = this.#content.querySelector('[data-part="notice"]');
    const link = notice.querySelector('[data-part="way-out"]');
    notice.querySelector('[data-part="words"]').textContent = words;
    link.textContent = wayOut;
    link.href = location.href;
    link.toggleAttribute("data-again", problem === "failed");
    link.toggleAttribute("data-close-card", problem === "gone");
    notice.hidden = false;
    if (problem === "failed") this.#plan(BETWEEN_OTHERS);
    // what may no longer be seen goes, what may be old stays
    if (problem === "gone") {
      const [head] = this.#content.children;
      this.#content.replaceChildren(head, notice);
    }
  }

  #plan(pause) {
    this.#due = Math.min(this.#due, this.#readAt + pause);
    this.#arm();
  }

  #arm() {
    clearTimeout(this.#timer);
    if (this.#due === Infinity || this.#reading) return;
    this.#timer = setTimeout(() => {
      // Nobody looks: it is fetched when somebody does.
      if (!document.hidden) this.#load();
    }, this.#due - Date.now());
  }

  #closed() {
    const id = this.#id;
    this.#id = null;
    this.#reading?.abort();
    this.#reading = null;
    this.#due = Infinity;
    clearTimeout(this.#timer);
    this.#dialog.removeAttribute("aria-busy");
    if (viewOf(location.href) !== location.href) {
      if (history.state?.card) history.back();
      else history.replaceState(null, "", viewOf(location.href));
    }
    // a link of the list may be another student's by now
    const isThere = this.#opener?.isConnected && (this.#opener.dataset.student ?? id) === id;
    const link = isThere ? this.#opener : linkTo(id);
    (link ?? document.getElementById("page")).focus({ preventScroll: !link });
  }
}

// The row may have been made again since.
function linkTo(id) {
  const links = document.querySelectorAll(`a[data-student="${CSS.escape(id)}"]`);
  return [...links].find((link) => link.checkVisibility()) ?? null;
}

// The card, or the name of the problem.
async function fetched(id, signal) {
  const term = new URL(location.href).searchParams.get("term");
  try {
    const response = await fetch(
      `/students/${encodeURIComponent(id)}/card${term ? `?term=${encodeURIComponent(term)}` : ""}`,
      { headers: { accept: "text/html" }, cache: "no-store", redirect: "manual", signal },
    );
    if (response.type === "opaqueredirect") return "signed-out";
    if (response.status === 404) return "gone";
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const card = response.ok && page.querySelector("[data-student-card]");
    if (card && card.dataset.who !== document.body.dataset.who) return "signed-out";
    return card || "failed";
  } catch {
    return "failed";
  }
}
