// The overview page: what happens, and who is told what comes over it.

import { Announcer } from "./announcer.js";
import { Feed } from "./feed.js";
import { Figures } from "./figures.js";
import { fill, showTime } from "./fields.js";
import { shown } from "./format.js";
import { HAPPENING_TYPES } from "./happenings.js";
import { Indicator } from "./indicator.js";
import { Live } from "./live.js";
import { answer, keepCurrent, renewSession } from "./session.js";

const API = "/api/v1/performance";
const page = document.getElementById("overview");
const asOfLine = document.querySelector('[data-record="as-of"]');
const announcer = new Announcer(document.getElementById("announcer"));
const figures = new Figures(page);
const feed = new Feed(page);
const indicator = new Indicator({
  element: document.getElementById("indicator"),
  notice: document.getElementById("notice"),
  announcer,
  asOf: page.dataset.asOfTime,
});
const stream = new Live({
  address: `${API}/stream`,
  types: ["performance_update", ...HAPPENING_TYPES],
  since: page.dataset.since,
  who: document.body.dataset.who,
});

const HEARD = {
  ready: () => {},
  heartbeat: ({ as_of_time: time }) => showAsOf(time),
  performance_update: (overview) => showOverview(overview),
  reset: reload,
  scope_changed: reload,
  token_expiring: renew,
};

stream.addEventListener("event", ({ detail: { type, data } }) => {
  if (type in HEARD) HEARD[type](data);
  else feed.add(data);
});
stream.addEventListener("link", () => indicator.show(stream.facts));
setInterval(() => indicator.show(stream.facts), 1000);
addEventListener("online", () => stream.hurry());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") stream.hurry();
});
addEventListener("pagehide", () => stream.close());
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) stream.open();
});

keepCurrent(document.getElementById("sign-out"));
document.querySelectorAll("time[data-time]").forEach(showTime);
stream.open();

function showOverview(overview, { anew } = {}) {
  showAsOf(overview.as_of_time);
  if (figures.show(overview, { anew })) {
    announcer.later(
      () =>
        `Figures updated: average ${shown(overview.overall_average, "percent")}, ` +
        `pass rate ${shown(overview.overall_pass_rate, "percent")}.`,
    );
  }
}

function showAsOf(time) {
  if (!time) return;
  indicator.asOf = time;
  fill(asOfLine, { as_of_time: time });
}

// What the stream can't fill is fetched whole.
async function reload() {
  const [overview, events] = await Promise.all([
    answer(`${API}/overview`),
    answer(`${API}/events?limit=30`),
  ]);
  if (overview) showOverview(overview, { anew: true });
  if (events) feed.show(events.items);
}

async function renew() {
  if (await renewSession()) stream.open();
}
