// Everything on the page that an overview tells.

import { fill } from "./fields.js";
import { List } from "./list.js";
import { overviewShown } from "./view.js";

const LISTS = ["letters", "sections", "subjects", "top", "low"];

export class Figures {
  #root;
  #tiles;
  #lists;
  #at = -Infinity;

  constructor(root) {
    this.#root = root;
    this.#tiles = root.querySelector('[data-record="overview"]');
    this.#lists = LISTS.map((name) => [name, new List(root, name)]);
  }

  /**
   * Show an overview; answers whether anything changed. One that is older than what stands there
   * (an answer overtaken by the stream, or by the page itself) is left out.
   */
  show(overview) {
    const at = Date.parse(overview.as_of_time);
    if (at < Math.max(this.#at, Date.parse(this.#root.dataset.asOfTime))) return false;
    this.#at = at;
    const record = overviewShown(overview);
    let changed = fill(this.#tiles, record);
    for (const [name, list] of this.#lists) changed = list.show(record[name]) || changed;
    return changed;
  }
}
