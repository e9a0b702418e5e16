// Puts a record's values where the page names them: text nodes, links and the lengths of bars.

import { lengthOfBar, shown, shownChange } from "./format.js";
import { addressOf } from "./links.js";

/** How long a changed value stays marked: milliseconds. */
const MARKED = 2_000;

/** Write `record` into the fields under `root`; answers whether a value changed. */
export function fill(root, record, { mark = true } = {}) {
  let changed = false;
  for (const element of own(root, "[data-field]")) {
    if (element.dataset.field in record) {
      const text = shown(record[element.dataset.field], element.dataset.format);
      if (text !== element.textContent) {
        element.textContent = text;
        changed = true;
        if (mark) markChanged(element);
      }
    }
  }
  for (const element of own(root, "[data-bar]")) {
    if (element.dataset.bar in record) {
      element.setAttribute(element.dataset.along, lengthOfBar(record[element.dataset.bar]));
    }
  }
  for (const element of own(root, "[data-moved]")) {
    const { moved, then, movedFormat } = element.dataset;
    if (moved in record) element.textContent = shownChange(record[moved], then, movedFormat);
  }
  for (const element of own(root, "[data-needs]")) {
    if (element.dataset.needs in record) element.hidden = !record[element.dataset.needs];
  }
  for (const element of own(root, "[data-to]")) point(element, record[element.dataset.toId]);
  for (const element of own(root, "[data-time]")) {
    if (element.dataset.time in record) element.dateTime = record[element.dataset.time];
    showTime(element);
  }
  return changed;
}

/** The time of a `<time data-time>` in the reader's own time zone. */
export function showTime(element) {
  if (element.dateTime) element.textContent = shown(element.dateTime, element.dataset.format);
}

/** Mark an element as new for a moment. */
export function markChanged(element) {
  if (toMark.size === 0) queueMicrotask(markAll);
  toMark.add(element);
}

const toMark = new Set();
/** When each was marked last: a mark lasts from there. */
const marks = new WeakMap();

// All at once: the page is laid out once, however many values changed.
function markAll() {
  const elements = [...toMark];
  const mark = {};
  toMark.clear();
  const isAgain = elements.some((element) => element.classList.contains("changed"));
  elements.forEach((element) => element.classList.remove("changed"));
  if (isAgain) void elements[0].offsetWidth; // starts their animations again
  for (const element of elements) {
    element.classList.add("changed");
    marks.set(element, mark);
  }
  setTimeout(() => {
    for (const element of elements) {
      if (marks.get(element) === mark) element.classList.remove("changed");
    }
  }, MARKED);
}

// A record inside of another has fields of its own.
function own(root, selector) {
  return [...root.querySelectorAll(selector)].filter((element) => {
    const record = element.closest("[data-record]");
    return record === null || record === root || !root.contains(record);
  });
}

function point(element, id) {
  if (id === undefined) return;
  const { to } = element.dataset;
  if (id === null) element.removeAttribute("href");
  else element.setAttribute("href", addressOf(to, id));
  if (to === "student") element.dataset.student = id ?? "";
}
