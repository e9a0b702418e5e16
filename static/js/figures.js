// Everything on the page that an overview tells.

import { fill } from "./fields.js";
import { List } from "./list.js";
import { updateShown } from "./view.js";

/** These come whole, or not at all. */
const LISTS = ["letters", "top", "low"];
/** Of these come the rows that changed. */
const TABLES = ["sections", "subjects"];

export class Figures {
  #root;
  #tiles;
  #lists;
  #onUnknown;
  #at = -Infinity;

  /** `onUnknown({isUrgent})`: the page must be fetched to show all that was told. */
  constructor(root, { onUnknown }) {
    this.#root = root;
    this.#tiles = root.querySelector('[data-record="overview"]');
    this.#lists = new Map([...LISTS, ...TABLES].map((name) => [name, new List(root, name)]));
    this.#onUnknown = onUnknown;
  }

  /**
   * Show an update; answers whether anything changed. One that is older than what stands there
   * (an answer overtaken by the stream, or by the page itself) is left out.
   */
  show(update) {
    const at = Date.parse(update.as_of_time);
    if (at < Math.max(this.#at, Date.parse(this.#root.dataset.asOfTime))) return false;
    this.#at = at;
    const shown = updateShown(update);
    let changed = fill(this.#tiles, shown.totals);
    for (const name of LISTS) {
      if (shown[name]) changed = this.#lists.get(name).show(shown[name]) || changed;
    }
    for (const name of TABLES) changed = this.#showRows(name, shown[name], update) || changed;
    return changed;
  }

  #showRows(name, records, { whole, truncated }) {
    const list = this.#lists.get(name);
    if (whole && !truncated && !list.isTruncated) return list.show(records);
    const { changed, unknown } = list.update(records);
    if (list.isTruncated) {
      // the weakest are listed, the weakest first
      const isNews = changed || unknown.some(({ average }) => average !== null && average < list.last("average"));
      if (isNews && !whole) this.#onUnknown({ isUrgent: false });
    } else if (unknown.length > 0) this.#onUnknown({ isUrgent: true });
    return changed;
  }
}
