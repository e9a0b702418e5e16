// Reads what happened since an id, where it can't be streamed.

import { compare } from "./position.js";

/** Events of one page, and pages at most: what is more is not worth replaying. */
const PAGE = 200;
const PAGES = 5;

/**
 * The events of `types` after `since`, oldest first, and where the log stood when they were read:
 * `{events, asOf, asOfTime}`. `events` is null where they can't all be had. `read(address)` answers
 * JSON.
 */
export async function missed({ read, address, types, since }) {
  const query = new URLSearchParams([["limit", PAGE], ...types.map((type) => ["types", type])]);
  const events = [];
  let first = null;
  for (let page = 0; page < PAGES; page += 1) {
    const list = await read(`${address}?${query}`);
    first ??= list;
    const asOf = first.as_of;
    const answer = { asOf, asOfTime: first.as_of_time };
    if (since === null) return { ...answer, events: [] };
    const order = compare(asOf, since);
    if (Number.isNaN(order)) return { ...answer, events: null };
    // the page is newer than what was just read: another process answered, a moment behind
    if (order < 0) return { ...answer, asOf: since, events: [] };
    const news = list.items.filter(({ id }) => compare(id, since) > 0);
    events.unshift(...news.reverse());
    const isAll = news.length < list.items.length || !(compare(list.next, since) > 0);
    if (isAll) return { ...answer, events };
    query.set("before", list.next);
  }
  return { asOf: first.as_of, asOfTime: first.as_of_time, events: null };
}
