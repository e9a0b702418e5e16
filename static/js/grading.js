// The page where a scheme is changed: what was edited is sent to be looked at first, then saved.

import { decode } from "./decode.js";
import { shown } from "./format.js";
import { csrfToken } from "./session.js";

const ADDRESS = "/api/v1/performance/grading";
const RESULTS = { true: "passes", false: "fails", null: "–" };

export class Grading {
  #form;
  #panel;
  #announcer;

  constructor(form, { announcer }) {
    this.#form = form;
    this.#panel = document.getElementById("grading-preview");
    this.#announcer = announcer;
    form.addEventListener("input", () => this.#edited());
    form.addEventListener("change", () => this.#edited());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send("PUT", ADDRESS, () => this.#saved());
    });
    this.#button("preview").addEventListener("click", () => {
      if (form.reportValidity()) this.#send("POST", `${ADDRESS}/preview`, (found) => this.#show(found));
    });
  }

  #button(act) {
    return this.#form.querySelector(`[data-act="${act}"]`);
  }

  // From the first edit on the form is the reader's: news of the page leaves it alone, and the
  // versions that were read stay, so that a change by somebody else is noticed.
  #edited() {
    const isEdited = changesOf(this.#form) !== null;
    this.#form.toggleAttribute("data-own", isEdited);
    this.#button("preview").disabled = !isEdited;
    this.#button("save").disabled = !isEdited;
    this.#panel.hidden = true;
    this.#say("");
  }

  async #send(method, address, then) {
    const changes = changesOf(this.#form);
    if (!changes) return;
    this.#say("…");
    try {
      const response = await fetch(address, {
        method,
        headers: { "content-type": "application/json", "x-csrf-token": csrfToken() },
        body: JSON.stringify(changes),
      });
      const body = decode(await response.text());
      if (!response.ok) this.#say(body.detail);
      else then(body);
    } catch {
      this.#say("The server can’t be reached. Nothing was saved.");
    }
  }

  #show(found) {
    this.#say("");
    this.#panel.hidden = false;
    const part = (name) => this.#panel.querySelector(`[data-part="${name}"]`);
    part("summary").textContent = summary(found);
    part("rows").replaceChildren(...found.items.map(row));
    this.#announcer.now(summary(found));
    this.#panel.focus();
  }

  // The page is fetched again: what it shows then is what the database has.
  #saved() {
    location.reload();
  }

  #say(words) {
    this.#form.querySelector('[data-part="said"]').textContent = words;
  }
}

/** What was edited, as the server takes it; `null` where nothing was. */
export function changesOf(form) {
  const categories = [...form.querySelectorAll("[data-category]")].map(categoryOf).filter(Boolean);
  const items = [...form.querySelectorAll("[data-item]")].map(itemOf).filter(Boolean);
  const policy = policyOf(form);
  if (categories.length + items.length === 0 && !policy) return null;
  return { categories, items, ...(policy && { policy }) };
}

function categoryOf(row) {
  const given = fields(row);
  if (row.dataset.category === "new") {
    const { name, weight, drop_lowest: lowest, drop_highest: highest } = all(row);
    if (!name.trim()) return null;
    const { section, subject } = row.closest("form").dataset;
    return {
      name: name.trim(),
      section_id: number(section),
      subject_id: number(subject),
      weight: number(weight),
      drop_lowest: number(lowest) ?? 0,
      drop_highest: number(highest) ?? 0,
    };
  }
  if (Object.keys(given).length === 0) return null;
  return { category_id: number(row.dataset.category), version: row.dataset.version, ...given };
}

function itemOf(row) {
  const given = fields(row);
  if (Object.keys(given).length === 0) return null;
  return { exam_id: number(row.dataset.item), version: row.dataset.version, ...given };
}

function policyOf(form) {
  const part = form.querySelector("[data-policy]");
  const given = part ? fields(part) : {};
  if (Object.keys(given).length === 0) return null;
  const { section, subject } = form.dataset;
  const { version } = part.dataset;
  return {
    section_id: number(section),
    subject_id: number(subject),
    ...given,
    ...(version && { version }),
  };
}

// What differs from what the page came with.
function fields(part) {
  const found = {};
  for (const field of part.querySelectorAll("input[name], select[name]")) {
    if (field.type === "checkbox") {
      if (field.checked !== field.defaultChecked) found[field.name] = field.checked;
    } else if (field.localName === "select") {
      const given = [...field.options].find((option) => option.defaultSelected);
      if (field.value !== (given?.value ?? "")) found[field.name] = number(field.value);
    } else if (field.value !== field.defaultValue) {
      found[field.name] = field.type === "number" ? number(field.value) : field.value;
    }
  }
  return found;
}

function all(part) {
  return Object.fromEntries([...part.querySelectorAll("input[name]")].map((f) => [f.name, f.value]));
}

// An id may be above 2^53: JSON keeps it as it is written.
function number(text) {
  if (text === "" || text === undefined) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) || !/^\d+$/.test(text) ? value : JSON.rawJSON?.(text) ?? value;
}

function summary({ of, averages_changed: averages, letters_changed: letters, passes_changed: passes, truncated }) {
  const counted = (n, noun) => `${shown(n, "whole")} ${noun}${n === 1 ? "" : "s"}`;
  const change = `Of ${counted(of, "student")}: ${counted(averages, "average")}, ${counted(letters, "letter")} and ${counted(passes, "result")} would change.`;
  return truncated ? `${change} Only the first 500 are listed.` : change;
}

function row({ student_name: name, before, after }) {
  const line = document.createElement("tr");
  const head = line.appendChild(document.createElement("th"));
  head.scope = "row";
  head.appendChild(document.createElement("bdi")).textContent = name ?? "–";
  const moved = (one, other) => (one === other ? one : `${one} → ${other}`);
  for (const text of [
    shown(before.average, "percent"),
    shown(after.average, "percent"),
    moved(before.letter ?? "–", after.letter ?? "–"),
    moved(RESULTS[before.passed], RESULTS[after.passed]),
  ]) {
    const cell = line.appendChild(document.createElement("td"));
    cell.className = "figure";
    cell.textContent = text;
  }
  return line;
}
