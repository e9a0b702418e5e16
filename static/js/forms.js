// Forms that write through the API: a support, or how far somebody has read.

import { csrfToken } from "./session.js";

/** The end of a list that is looked at so long was read: seconds. */
const READING = 5;

/** `onSaved` is called with a form that was sent and taken. */
export function followForms({ onSaved }) {
  // From the first edit on a form is the reader's, with the version that it came with.
  document.addEventListener("input", ({ target }) => {
    target.closest?.("form[data-send]")?.setAttribute("data-own", "");
  });
  document.addEventListener("submit", (event) => {
    if (!("send" in event.target.dataset)) return;
    event.preventDefault();
    send(event.target, event.submitter, onSaved);
  });
}

/** What stands at the end of a list is sent once somebody has looked at it for a while. */
export function followReading() {
  let looked = { at: null, times: 0 };
  setInterval(() => {
    // the page may have been fetched again since
    const form = document.querySelector('[data-reading="end"]');
    if (!form || document.hidden) return;
    const at = form.elements.namedItem("id").value;
    if (at !== looked.at) looked = { at, times: 0 };
    const { top, bottom } = form.getBoundingClientRect();
    if (top >= innerHeight || bottom <= 0) return;
    looked.times += 1;
    if (looked.times === READING) send(form, null, stay);
  }, 1_000);
}

// What was read stays on the page, also when it is fetched again.
function stay({ dataset }) {
  history.replaceState(history.state, "", `/changes?since=${dataset.since}`);
}

async function send(form, submitter, onSaved) {
  const said = form.querySelector('[data-part="said"]');
  said.textContent = "…";
  try {
    const response = await fetch(`/api/v1/performance/${form.dataset.send}`, {
      method: form.dataset.method,
      headers: { "content-type": "application/json", "x-csrf-token": csrfToken() },
      body: bodyOf(form, submitter),
    });
    said.textContent = response.ok ? "Saved." : (await response.json()).detail;
    if (!response.ok) return;
    form.removeAttribute("data-own");
    if (submitter) form.closest("details")?.removeAttribute("open");
    if (form.dataset.method === "POST") form.reset();
    onSaved(form);
  } catch {
    said.textContent = "The server can’t be reached. Nothing was saved.";
  }
}

// An id may be above 2^53: it stays as it is written.
function bodyOf(form, submitter) {
  const pairs = [...form.elements]
    .filter((field) => field.name && (field.type !== "submit" || field === submitter))
    .filter((field) => !("closing" in field.dataset) || submitter?.value === "true")
    .filter((field) => field.name !== submitter?.dataset.leaves)
    .map(({ name, value, dataset }) => {
      const text = value === "" ? "null" : "raw" in dataset ? value : JSON.stringify(value);
      return `${JSON.stringify(name)}:${text}`;
    });
  return `{${pairs}}`;
}
