// What the page shows of records, wherever it stands: written once a frame, however many events come.

import { fill } from "./fields.js";
import { List } from "./list.js";
import { compare } from "./live/position.js";
import { recordsOf } from "./records.js";
import { lettersShown } from "./view.js";

/** While nobody looks there are no frames: milliseconds. */
const UNSEEN = 1_000;

export class Board {
  #root;
  #waiting = new Map();
  #told = new Map();
  #isPlanned = false;
  #onChange;

  /** `onChange` is called after values under `root` have changed. */
  constructor(root, { onChange = () => {} } = {}) {
    this.#root = root;
    this.#onChange = onChange;
  }

  /** Show what an event tells. */
  take(event) {
    for (const [name, record] of recordsOf(event)) {
      if (this.#isOlder(name, event.id ?? event.as_of)) continue;
      this.#waiting.set(name, { ...this.#waiting.get(name), ...record });
    }
    if (this.#waiting.size === 0 || this.#isPlanned) return;
    this.#isPlanned = true;
    if (document.hidden) setTimeout(() => this.#write(), UNSEEN);
    else requestAnimationFrame(() => this.#write());
  }

  // A section is told by its own events and by the overview, which may have been read before one.
  #isOlder(name, id) {
    if (!name.startsWith("section:")) return false;
    if (compare(id, this.#told.get(name)) < 0) return true;
    this.#told.set(name, id);
    return false;
  }

  #write() {
    this.#isPlanned = false;
    const records = this.#waiting;
    this.#waiting = new Map();
    let changed = false;
    for (const element of this.#root.querySelectorAll("[data-record]")) {
      const record = records.get(element.dataset.record);
      if (record) changed = fill(element, record) || changed;
    }
    for (const element of this.#root.querySelectorAll("[data-letters]")) {
      const record = records.get(element.dataset.letters);
      if (record?.grade_distribution) {
        const letters = new List(element.parentElement, "letters");
        changed = letters.show(lettersShown(record.grade_distribution)) || changed;
      }
    }
    if (changed) this.#onChange();
  }
}
