// Fetches the page again and puts what is new into the one that is open: for what events do not
// tell, and for another order or another filter.

import { showTime } from "./fields.js";
import { viewOf } from "./links.js";
import { morph } from "./morph.js";

/** Milliseconds: after an event, between two refreshes, and until an idle reader is asked no more. */
const AFTER = 400;
const BETWEEN = 3_000;
/** What an answer cost lengthens the time to the next: so often its time, and so many bytes a ms. */
const TIMES = 3;
const BYTES = 10;
const LONGEST = 60_000;
const IDLE = 20_000;
const LOOK_AGAIN = 1_000;

/**
 * Dispatches `fresh` (detail: `{events}`, those that came meanwhile), `same` (the page shows what it
 * showed when it was fetched before, but for what events told) and `failed`
 * (detail: `{status, words}`; null for a server that did not answer, 409 for another's page).
 */
export class Refresher extends EventTarget {
  #main;
  #offer;
  #timer = null;
  #due = Infinity;
  #last = -Infinity;
  #between = BETWEEN;
  #etag = null;
  #moved = 0;
  #running = null;
  #during = [];

  constructor(main) {
    super();
    this.#main = main;
    for (const type of ["pointermove", "pointerdown", "keydown", "wheel"]) {
      main.addEventListener(type, () => (this.#moved = Date.now()), { passive: true });
    }
    main.addEventListener("click", ({ target }) => {
      if (target.closest("#offer button")) this.#load(location.href, { isAsked: true });
    });
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this.#timer !== null) this.#plan(0);
    });
  }

  /** An event came: if the page is being fetched, its snapshot may be older than this. */
  heard(event) {
    if (this.#running) this.#during.push(event);
  }

  /** Refresh in a moment, once for however many calls. */
  soon(delay = AFTER) {
    const now = Date.now();
    const due = Math.max(now + delay, this.#last + this.#between);
    if (this.#timer === null || due < this.#due) this.#plan(due - now);
  }

  /** Refresh now. */
  now() {
    return this.#load(location.href);
  }

  /** Show this view with another address; `how` is `push`, `replace` or null (it is there already). */
  go(address, how) {
    const isOther = address !== location.href;
    if (how === "push" && isOther) history.pushState(null, "", address);
    if (how === "replace" && isOther) history.replaceState(history.state, "", address);
    return this.#load(address, { isAsked: true });
  }

  #plan(delay) {
    clearTimeout(this.#timer);
    this.#due = Date.now() + delay;
    this.#timer = setTimeout(() => {
      // Nobody looks: what is new is fetched when somebody does.
      if (!document.hidden) this.now();
    }, delay);
  }

  async #load(address, { isAsked = false } = {}) {
    clearTimeout(this.#timer);
    this.#timer = null;
    // What a person asked for is not overtaken by what the page wants by itself.
    if (this.#running?.isAsked && !isAsked) return this.soon();
    this.#running?.controller.abort();
    const running = { controller: new AbortController(), isAsked };
    this.#running = running;
    this.#during = [];
    this.#last = Date.now();
    if (isAsked) this.#main.setAttribute("aria-busy", "true");
    try {
      // the card is fetched for itself: who may no longer be seen takes no view away
      const view = viewOf(address);
      const known = this.#etag?.view === view && !isAsked ? { "if-none-match": this.#etag.tag } : {};
      const response = await fetch(view, {
        headers: { accept: "text/html", ...known },
        cache: "no-store",
        signal: running.controller.signal,
      });
      const text = await response.text();
      if (running === this.#running) this.#pace(Date.now() - this.#last, text.length);
      const page = new DOMParser().parseFromString(text, "text/html");
      if (running !== this.#running) return undefined;
      if (response.status === 304) this.#tell("same");
      else if (!response.ok || !page.getElementById("page")) this.#fail(refusal(response, page));
      else if (page.body.dataset.who !== document.body.dataset.who) this.#fail({ status: 409 });
      else {
        const tag = response.headers.get("etag");
        this.#etag = tag && { view, tag };
        this.#show(page, isAsked);
      }
    } catch {
      if (running === this.#running) this.#fail({ status: null });
    } finally {
      if (running === this.#running) {
        this.#running = null;
        this.#main.removeAttribute("aria-busy");
      }
    }
    return undefined;
  }

  // An answer that is large or takes long is asked for less often.
  #pace(milliseconds, bytes) {
    const cost = Math.max(TIMES * milliseconds, bytes / BYTES);
    this.#between = Math.min(Math.max(BETWEEN, cost), LONGEST);
  }

  #show(page, isAsked) {
    const main = page.getElementById("page");
    main.querySelectorAll("time[data-time]").forEach(showTime);
    document.title = page.title;
    const focused = document.activeElement;
    const isHeld = (list) => !isAsked && this.#isHeld(list);
    const differs = morph(this.#main, main, { isHeld });
    const offer = this.#main.querySelector("#offer");
    if (offer) offer.hidden = !differs;
    if (differs) {
      this.#etag = null;
      this.#waitForRest();
    }
    if (isAsked) this.#keepPlace(focused);
    this.#tell("fresh", { events: this.#during });
  }

  // What the page wants by itself it goes on wanting until the server answers.
  #fail({ status, words = "" }) {
    if (isPassing(status)) this.soon(BETWEEN);
    this.#tell("failed", { status, words });
  }

  // What was pressed may be gone with what it did ("Clear", "Sort again"): the keyboard goes on there.
  #keepPlace(focused) {
    if (focused === document.body || focused.checkVisibility()) return;
    (this.#main.querySelector("[data-landing]") ?? this.#main).focus({ preventScroll: true });
  }

  // The reader points at a row, or is in it with the keyboard: it must not run away.
  #isHeld(list) {
    const isIn = list.matches(":hover") || list.contains(document.activeElement);
    return isIn && Date.now() - this.#moved < IDLE;
  }

  #waitForRest() {
    clearTimeout(this.#offer);
    this.#offer = setTimeout(() => {
      const list = this.#main.querySelector("[data-calm]");
      if (this.#main.querySelector("#offer:not([hidden])") === null || !list) return;
      if (document.hidden || this.#isHeld(list)) this.#waitForRest();
      else this.now();
    }, LOOK_AGAIN);
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** Whether a refusal passes with time. */
export function isPassing(status) {
  return status === null || status === 429 || status >= 500;
}

function refusal(response, page) {
  const isSignedOut = new URL(response.url).pathname === "/login";
  const words = page.querySelector("main p:not(:has(a))")?.textContent;
  return { status: isSignedOut ? 401 : response.status, words };
}
