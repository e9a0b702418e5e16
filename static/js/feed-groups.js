// Similar events as one entry of the list of the newest. The server's feed_groups.py is the twin.
// Thirty grades of one exam are one line that grows, not thirty lines.

import { feedEntry } from "./feed-entry.js";
import { counted, groupingOf } from "./feed-grouping.js";

/** Entries that the list holds. */
const MOST_RUNS = 30;
/** Rows that a run counts one by one; the next row begins another. */
const MOST_ROWS = 500;
/** An event that comes later than this after the newest of its like begins another run: ms. */
const APART = 15 * 60_000;

/** The newest entries, of events that come in the log's order. */
export class FeedGroups {
  #position;
  #runs;

  /** Goes on with what the page was made with, or begins with nothing. */
  constructor({ position = 0, runs = [] } = {}) {
    this.#position = position;
    this.#runs = runs.map((run) => ({
      ...run,
      rows: new Map(Object.entries(run.rows)),
      // what the page shows of it stays until it grows
      record: run.record ?? { key: run.key },
    }));
  }

  /** Of events, the oldest first. */
  static of(events) {
    const runs = new FeedGroups();
    events.forEach((event) => runs.add(event));
    return runs;
  }

  /**
   * What the list shows, the newest first; `student` and `change` are the newest event's, of an
   * entry of several.
   */
  get records() {
    return this.#runs.map((run) => run.record);
  }

  /** Take in an event; answers whether the list shows it and has not counted it before. */
  add(event) {
    const words = feedEntry(event);
    if (words === null || event.position <= this.#position) return false;
    this.#position = event.position;
    const grouping = groupingOf(event);
    const run = this.#goingOn(grouping, words.at) ?? {
      key: words.id,
      group: grouping?.group ?? null,
      count: 0,
      rows: new Map(),
    };
    run.at = words.at;
    run.count += 1;
    if (grouping !== null && grouping.text === null) {
      const [row, state] = grouping.row;
      if (!(grouping.isMinor && run.rows.has(row))) run.rows.set(row, state);
    }
    run.record =
      grouping === null || run.count === 1 ? single(run, words) : many(run, words, grouping);
    this.#runs = [run, ...this.#runs.filter((other) => other !== run)].slice(0, MOST_RUNS);
    return true;
  }

  toJSON() {
    const runs = this.#runs.map((run) => ({ ...run, rows: Object.fromEntries(run.rows) }));
    return { position: this.#position, runs };
  }

  // The newest run of the same group, if it takes another event.
  #goingOn(grouping, at) {
    const run = grouping && this.#runs.find((other) => other.group === grouping.group);
    if (!run) return null;
    const near = Math.abs(Date.parse(at) - Date.parse(run.at)) <= APART;
    const hasRoom = run.rows.size < MOST_ROWS || run.rows.has(grouping.row[0]);
    return near && hasRoom ? run : null;
  }
}

function single(run, words) {
  return {
    ...common(run, words),
    title: words.title,
    title_student_id: words.student_id,
    text: words.text,
    place: words.place,
    student: null,
    change: null,
  };
}

function many(run, words, grouping) {
  return {
    ...common(run, words),
    title: grouping.title,
    title_student_id: null,
    text: grouping.text ?? counted(words.kind, run.rows),
    place: grouping.place,
    student: grouping.student.student_name ?? null,
    change: grouping.change,
  };
}

function common(run, words) {
  return {
    key: run.key,
    at: run.at,
    kind: words.kind,
    count: run.count,
    student_id: words.student_id,
  };
}
