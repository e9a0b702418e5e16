// Every page of somebody who is signed in: one stream, and who is told what comes over it.

import { Announcer } from "./announcer.js";
import { Board } from "./board.js";
import { Card } from "./card.js";
import { Feed } from "./feed.js";
import { fill, showTime } from "./fields.js";
import { Find } from "./find.js";
import { followForms, followReading } from "./forms.js";
import { Figures } from "./figures.js";
import { Filters } from "./filters.js";
import { FEED_TYPES } from "./feed-entry.js";
import { Grading } from "./grading.js";
import { Indicator } from "./indicator.js";
import { viewOf } from "./links.js";
import { Live } from "./live/live.js";
import { closeMenus } from "./menus.js";
import { sectionsOf } from "./records.js";
import { compare } from "./live/position.js";
import { Refresher } from "./refresher.js";
import { Refusal } from "./refusal.js";
import { keepCurrent, noteVisit, renewSession } from "./session.js";
import { Theme } from "./theme.js";
import { isTold, subjectOf } from "./told.js";

/** Structure changes reach every page at once: each asks at a moment of its own, milliseconds. */
const SPREAD = 2_000;
/** Who comes back later than this begins a new visit: milliseconds. */
const AWAY = 30 * 60_000;
/** An order that changed may wait: milliseconds. */
const UNHURRIED = 5_000;
/** A page that is watched says so, so that its visit does not end: milliseconds. */
const WATCHED = 10 * 60_000;

/** Of a page that may not be fetched any more: what that means. */
const ENDS = { 401: "signed-out", 404: "forbidden", 409: "someone-else" };

/** Views that a support, of which no figure is made, shows in. */
const SHOWS_SUPPORTS = ["supports", "changes"];

const main = document.getElementById("page");
const isCurrent = !("term" in main.dataset);
// the figures of subjects over several sections are told by nothing else
const showsOverview = isCurrent && ["overview", "subjects"].includes(main.dataset.view);
const announcer = new Announcer(document.getElementById("announcer"));
const board = new Board(document.body, { onChange: announce });
const refresher = new Refresher(main);
const refusal = new Refusal(document.getElementById("refusal"), announcer);
const card = new Card(document.getElementById("card"), document.getElementById("card-frame"), {
  onFresh: ({ since, events }) => newsSince(since, events).forEach((event) => board.take(event)),
});
const figures =
  main.dataset.view === "overview" && isCurrent
    ? new Figures(main, {
        onUnknown: ({ isUrgent }) => refresher.soon(isUrgent ? undefined : UNHURRIED),
      })
    : null;
const feed = document.getElementById("feed") ? new Feed(main) : null;
const indicator = new Indicator({
  element: document.getElementById("indicator"),
  notice: document.getElementById("notice"),
  announcer,
  asOf: main.dataset.asOfTime,
});
const live = new Live({
  address: "/api/v1/performance/stream",
  types: [...(showsOverview ? ["performance_update"] : []), ...FEED_TYPES],
  since: main.dataset.since,
  who: document.body.dataset.who,
});

const HEARD = {
  ready: () => {},
  heartbeat: ({ as_of_time: time }) => showAsOf(time),
  performance_update: overview,
  reset: startOver,
  scope_changed: startOver,
  token_expiring: renew,
  // a new section, too, that no list of the page knows of yet
  figures_changed: (data) => {
    if (data.reason !== "support" || SHOWS_SUPPORTS.includes(main.dataset.view)) {
      refresher.soon(Math.random() * SPREAD);
    }
    feed?.add(data);
  },
};

live.addEventListener("event", ({ detail: { type, data } }) => {
  refresher.heard(data);
  card.hear(data);
  if (type in HEARD) HEARD[type](data);
  else happened(data);
});
live.addEventListener("link", () => indicator.show(live.facts));
setInterval(() => indicator.show(live.facts), 1000);

refresher.addEventListener("fresh", ({ detail: { events } }) => {
  refusal.clear();
  showAsOf(main.dataset.asOfTime);
  feed?.restart();
  for (const event of newsSince(main.dataset.since, events)) {
    if (event.type === "performance_update") overview(event);
    else board.take(event), feed?.add(event);
  }
});
refresher.addEventListener("same", () => refusal.clear());
refresher.addEventListener("failed", ({ detail: { status, words } }) => {
  if (status in ENDS) refusal.clear(), live.end(ENDS[status]);
  else refusal.say(status, words);
});

let view = viewOf(location.href);
new Filters(main, go);
new Find(document.getElementById("find"), { card, announcer });
new Theme(document.getElementById("theme"));
keepCurrent(document.getElementById("sign-out"));
const grading = document.getElementById("grading");
followForms({
  onSaved(form) {
    card.refresh();
    // what was read may be looked at again, until the page is left
    if ("reading" in form.dataset) location.assign("/changes");
    else if (main.dataset.view === "supports") refresher.now();
  },
});
if (main.dataset.view === "changes") followReading();
if (grading) new Grading(grading, { announcer });
document.getElementById("term")?.addEventListener("change", ({ target }) => target.form.submit());
document.querySelectorAll("time[data-time]").forEach(showTime);

let hiddenAt = null;
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    hiddenAt = Date.now();
    if (figures) noteVisit();
    return;
  }
  live.hurry();
  if (figures && hiddenAt !== null && Date.now() - hiddenAt > AWAY) {
    refresher.now();
    noteVisit();
  }
});
if (figures) {
  noteVisit();
  setInterval(() => document.hidden || noteVisit(), WATCHED);
}
addEventListener("online", () => live.hurry());
addEventListener("pagehide", () => live.close());
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) live.open();
});
addEventListener("popstate", () => {
  card.follow();
  if (viewOf(location.href) === view) return;
  // what was typed belongs to the view that is left
  document.getElementById("filters")?.reset();
  go(location.href, null);
});

closeMenus(document);
live.open();

function go(address, how) {
  view = viewOf(address);
  refresher.go(address, how);
}

function startOver() {
  refresher.now();
  card.refresh();
}

function happened(event) {
  board.take(event);
  feed?.add(event);
  if ("sections" in main.dataset && concerns(event)) refresher.soon();
}

function overview(event) {
  if (!isCurrent) return;
  showAsOf(event.as_of_time);
  board.take(event);
  if (event.refetch) refresher.soon(Math.random() * SPREAD);
  if (figures?.show(event)) announce();
}

// What came while a page was fetched may be older than that page.
function newsSince(since, events) {
  return events.filter((event) => !(compare(event.id ?? event.as_of, since) <= 0));
}

// Whether the page shows something of an event that its records do not tell.
function concerns(event) {
  const { sections, subject, told } = main.dataset;
  if (told !== undefined && isTold(event)) return false;
  if (subject !== undefined && !["", subject].includes(String(subjectOf(event) ?? ""))) return false;
  if (sections === "*") return true;
  const shown = sections.split(" ");
  return sectionsOf(event).some((section) => shown.includes(String(section)));
}

function announce() {
  announcer.later(() => {
    const values = [...main.querySelectorAll("[data-say]")];
    if (values.length === 0) return null;
    const words = values.map(({ dataset, textContent }) => `${dataset.say} ${textContent.trim()}`);
    return `Figures updated: ${words.join(", ")}.`;
  });
}

function showAsOf(time) {
  if (!time) return;
  indicator.asOf = time;
  fill(document.querySelector('[data-record="as-of"]'), { as_of_time: time });
}

async function renew() {
  if (await renewSession()) live.open();
}
