// Puts a record's values where the page names them: text nodes and the lengths of bars, no markup.

import { studentLink } from "./addresses.js";
import { lengthOfBar, shown } from "./format.js";

/** How long a changed value stays marked: milliseconds. */
const MARKED = 2_000;

/** Write `record` into the fields under `root`; answers whether a value changed. */
export function fill(root, record, { mark = true } = {}) {
  let changed = false;
  for (const element of root.querySelectorAll("[data-field]")) {
    if (element.dataset.field in record) {
      const text = shown(record[element.dataset.field], element.dataset.format);
      if (text !== element.textContent) {
        element.textContent = text;
        changed = true;
        if (mark) markChanged(element);
      }
    }
  }
  for (const element of root.querySelectorAll("[data-bar]")) {
    if (element.dataset.bar in record) {
      element.setAttribute(element.dataset.along, lengthOfBar(record[element.dataset.bar]));
    }
  }
  for (const element of root.querySelectorAll("[data-needs]")) {
    if (element.dataset.needs in record) element.hidden = !record[element.dataset.needs];
  }
  for (const element of root.querySelectorAll("[data-student-of]")) {
    if (element.dataset.studentOf in record) leadTo(element, record[element.dataset.studentOf]);
  }
  for (const element of root.querySelectorAll("[data-time]")) {
    if (element.dataset.time in record) {
      element.dateTime = record[element.dataset.time];
    }
    showTime(element);
  }
  return changed;
}

function leadTo(element, student) {
  if (student) {
    element.href = studentLink(student);
    element.dataset.student = student;
  } else {
    element.removeAttribute("href");
    delete element.dataset.student;
  }
}

/** The time of a `<time data-time>` in the reader's own time zone. */
export function showTime(element) {
  if (element.dateTime) element.textContent = shown(element.dateTime, element.dataset.format);
}

/** Mark an element as new for a moment. */
export function markChanged(element) {
  element.classList.remove("changed");
  void element.offsetWidth; // starts the animation anew
  element.classList.add("changed");
  setTimeout(() => element.classList.remove("changed"), MARKED);
}
