import assert from "node:assert/strict";
import { test } from "node:test";
import { linkState } from "../../static/js/live/link.js";
import { Live } from "../../static/js/live/live.js";
import { Browser } from "./tabs.js";

/** A page in a tab of its own, made when the log stood at `since`; `heard` is what it was told. */
async function page(browser, { who = "7", since = browser.school.at, hidden = false, types } = {}) {
  const tab = browser.tab();
  if (hidden) tab.document.visibilityState = "hidden";
  const live = new Live({
    address: "/api/v1/performance/stream",
    types: types ?? ["grade_update", "performance_update"],
    since,
    who,
    outside: tab,
  });
  const made = { tab, live, since, heard: [], controls: [] };
  live.addEventListener("event", ({ detail: { type, data, id } }) => {
    // a page that was made again may be newer than its place: it knows events by their id
    const isKnown = said(made, "reset").length > 0 && made.heard.includes(id);
    if (type !== "grade_update") made.controls.push({ type, data, id });
    else if (!isKnown) made.heard.push(id);
    // a page that is told so makes itself again
    if (type === "reset") made.heard = browser.school.log.map((event) => event.id);
  });
  live.open();
  await browser.quiet();
  return made;
}

const row = (id, average) => ({ section_id: id, average_score: average });
const update = (as_of, more) => ({ as_of, totals: {}, sections: [], subjects: [], ...more });
const ids = (first, last) =>
  Array.from({ length: last - first + 1 }, (_, index) => `e-${first + index}`);
const said = ({ controls }, name) => controls.filter(({ type }) => type === name);

async function happen(browser, times = 1) {
  for (let time = 0; time < times; time += 1) browser.school.commit();
  await browser.quiet();
}

test("eight tabs hold one stream, and each hears everything once", async () => {
  const browser = new Browser();
  const pages = [];
  for (let number = 0; number < 8; number += 1) pages.push(await page(browser));
  await happen(browser, 3);
  assert.equal(browser.school.opened, 1);
  for (const { heard, live } of pages) {
    assert.deepEqual(heard, ids(1, 3));
    assert.equal(live.since, "e-3");
    assert.equal(linkState(live.facts, browser.world.now).name, "live");
  }
});

test("a tab that joins gets what came after its page was made, then the rest, nothing twice", async () => {
  const browser = new Browser();
  await page(browser);
  await happen(browser, 5);
  const old = await page(browser, { since: "e-2" });
  const fresh = await page(browser);
  await happen(browser);
  assert.deepEqual(old.heard, ids(3, 6));
  assert.deepEqual(fresh.heard, ids(6, 6));
  assert.equal(browser.school.opened, 1);
});

test("what happens while a tab is being admitted comes once and in order", async () => {
  const browser = new Browser();
  await page(browser);
  await happen(browser, 3);
  const made = page(browser, { since: "e-1" });
  for (let time = 0; time < 9; time += 1) {
    browser.school.commit();
    await new Promise(setImmediate);
  }
  const { heard } = await made;
  await browser.quiet();
  assert.deepEqual(heard, ids(2, 12));
});

test("a page newer than the stream's place is not told what it shows already", async () => {
  const browser = new Browser();
  const first = await page(browser);
  first.tab.freeze();
  await happen(browser, 3);
  const hidden = await page(browser, { since: "e-3", hidden: true });
  first.tab.thaw();
  await browser.quiet();
  await happen(browser);
  assert.deepEqual(hidden.heard, ids(4, 4));
  assert.deepEqual(first.heard, ids(1, 4));
});

test("a page too old for what is kept makes itself again and goes on from there", async () => {
  const browser = new Browser();
  await happen(browser, 4);
  await page(browser);
  const old = await page(browser, { since: "e-1" });
  const foreign = await page(browser, { since: "f-9" });
  await happen(browser);
  for (const { controls, heard, live } of [old, foreign]) {
    assert.deepEqual(said({ controls }, "reset").map(({ id }) => id), ["e-4"]);
    assert.deepEqual(heard, ids(1, 5));
    assert.equal(live.since, "e-5");
  }
});

test("the next tab goes on where the closed one was", async () => {
  const browser = new Browser();
  const first = await page(browser);
  const others = [await page(browser), await page(browser, { hidden: true })];
  await happen(browser, 2);
  first.tab.close();
  await happen(browser, 2); // nobody listens
  await browser.pass(200);
  await happen(browser, 2);
  assert.equal(browser.school.opened, 2);
  assert.equal(browser.school.streams.size, 1);
  for (const { heard, controls } of others) {
    assert.deepEqual(heard, ids(1, 6));
    assert.deepEqual(said({ controls }, "reset"), []);
  }
});

test("a leader that leaves without closing, as into the browser's cache, is followed and comes back", async () => {
  const browser = new Browser();
  const first = await page(browser);
  const second = await page(browser);
  first.live.close();
  await browser.quiet();
  await happen(browser, 2);
  await browser.pass(200);
  await happen(browser, 1);
  assert.deepEqual(second.heard, ids(1, 3));
  assert.deepEqual(first.heard, []);
  first.live.open();
  await browser.quiet();
  assert.deepEqual(first.heard, ids(1, 3));
  assert.equal(browser.school.streams.size, 1);
});

test("a frozen leader is replaced by a tab that is looked at, and follows when it thaws", async () => {
  const browser = new Browser();
  const first = await page(browser);
  const hidden = await page(browser, { hidden: true });
  const seen = await page(browser);
  await happen(browser);
  first.tab.freeze();
  await happen(browser, 2);
  assert.deepEqual(seen.heard, ids(1, 1));
  await browser.pass(15_500);
  assert.equal(browser.leading, seen.tab);
  await happen(browser);
  assert.deepEqual(seen.heard, ids(1, 4));
  assert.deepEqual(hidden.heard, ids(1, 4));
  first.tab.thaw();
  await browser.quiet();
  await happen(browser);
  assert.deepEqual(first.heard, ids(1, 5));
  assert.equal(browser.school.streams.size, 1);
  assert.equal(browser.leading, seen.tab);
});

test("a new page does not wait for a frozen leader longer than two seconds and a half", async () => {
  const browser = new Browser();
  const first = await page(browser);
  first.tab.freeze();
  await happen(browser);
  const seen = await page(browser, { since: "e-0" });
  await browser.pass(2_700);
  assert.deepEqual(seen.heard, ids(1, 1));
});

test("a new leader starts as far back as those that it leads", async () => {
  const browser = new Browser();
  const first = await page(browser);
  const hidden = await page(browser, { hidden: true });
  first.tab.freeze();
  await happen(browser, 3);
  const seen = await page(browser);
  await browser.pass(2_700);
  await happen(browser);
  assert.deepEqual(seen.heard, ids(4, 4));
  assert.deepEqual(hidden.heard, ids(1, 4));
  assert.deepEqual(said(hidden, "reset"), []);
});

test("hidden tabs never take the lead away", async () => {
  const browser = new Browser();
  const first = await page(browser);
  const hidden = await page(browser, { hidden: true });
  first.tab.freeze();
  await browser.pass(120_000);
  assert.equal(browser.leading, first.tab);
  assert.equal(linkState(hidden.live.facts, browser.world.now).name, "stale");
  hidden.tab.document.visibilityState = "visible";
  hidden.live.hurry();
  await browser.pass(2_700);
  assert.equal(browser.leading, hidden.tab);
  assert.equal(linkState(hidden.live.facts, browser.world.now).name, "live");
});

test("a leader with nothing to say keeps the lead, and its followers are as stale as it is", async () => {
  const browser = new Browser();
  const first = await page(browser);
  const second = await page(browser);
  for (let time = 0; time < 6; time += 1) {
    browser.school.tell("comment", {}); // the socket is open, no proof comes
    await browser.pass(10_000);
  }
  assert.equal(browser.leading, first.tab);
  assert.equal(browser.school.opened, 1);
  for (const { live } of [first, second]) {
    assert.equal(linkState(live.facts, browser.world.now).name, "stale");
  }
});

test("two tabs that notice at once settle on one leader", async () => {
  const browser = new Browser();
  const first = await page(browser);
  const others = [await page(browser), await page(browser)];
  first.tab.freeze();
  await browser.pass(40_000);
  first.tab.thaw();
  await browser.pass(40_000);
  assert.equal(browser.school.streams.size, 1);
  assert.ok(browser.school.opened <= 3);
  await happen(browser);
  [first, ...others].forEach(({ heard }) => assert.deepEqual(heard, ids(1, 1)));
});

test("a tab that took the lead recently does not take it back at once", async () => {
  const browser = new Browser();
  const first = await page(browser);
  const [one, other] = [await page(browser), await page(browser, { hidden: true })];
  first.tab.freeze();
  one.live.hurry();
  await browser.pass(2_700);
  assert.equal(browser.leading, one.tab);
  one.tab.freeze();
  other.tab.document.visibilityState = "visible";
  other.live.hurry();
  await browser.pass(2_700);
  assert.equal(browser.leading, other.tab);
  one.tab.thaw();
  await browser.quiet();
  other.tab.freeze();
  one.live.hurry();
  await browser.pass(3_500);
  assert.equal(browser.leading, other.tab);
  await browser.pass(10_000);
  assert.equal(browser.leading, one.tab);
});

test("a tab whose turn to lead comes while it is frozen is passed over", async () => {
  const browser = new Browser();
  const first = await page(browser);
  const hidden = await page(browser, { hidden: true });
  const seen = await page(browser);
  hidden.tab.freeze();
  first.tab.close();
  await happen(browser);
  seen.live.hurry();
  await browser.pass(2_700);
  hidden.tab.thaw();
  await browser.pass(1_000);
  await happen(browser);
  assert.equal(browser.leading, seen.tab);
  assert.equal(browser.school.streams.size, 1);
  [hidden, seen].forEach(({ heard }) => assert.deepEqual(heard, ids(1, 2)));
});

test("a page that ends hears nothing more of what it is just being told", async () => {
  const browser = new Browser();
  await page(browser);
  await happen(browser, 3);
  const late = await page(browser, { since: "e-3" });
  late.live.close();
  await happen(browser, 3);
  late.live.addEventListener("event", ({ detail }) => {
    if (detail.type === "grade_update") late.live.end("forbidden");
  });
  late.live.open();
  await browser.quiet();
  assert.deepEqual(late.heard, ["e-4"]);
  assert.equal(late.live.facts.ended, "forbidden");
});

test("a tab that was asleep itself does not take the lead of one that answers", async () => {
  const browser = new Browser();
  const first = await page(browser);
  const second = await page(browser);
  second.tab.freeze();
  await browser.pass(20_000);
  await happen(browser, 2);
  second.tab.thaw();
  await browser.pass(10_000);
  assert.equal(browser.leading, first.tab);
  assert.deepEqual(second.heard, ids(1, 2));
});

test("a waiting leader that nobody sees is hurried by a tab that is looked at", async () => {
  const browser = new Browser();
  const first = await page(browser, { hidden: true });
  const second = await page(browser);
  browser.school.isUp = false;
  browser.school.cut();
  await browser.pass(60_000);
  const { nextTry } = second.live.facts;
  assert.ok(nextTry > browser.world.now);
  assert.equal(linkState(second.live.facts, browser.world.now).name, "stale");
  browser.school.isUp = true;
  second.live.hurry();
  await browser.quiet();
  assert.equal(linkState(second.live.facts, browser.world.now).name, "live");
  assert.equal(browser.leading, first.tab);
});

test("the session's end is every tab's end, and another educator's events are nobody's here", async () => {
  const browser = new Browser();
  const first = await page(browser);
  const second = await page(browser);
  await happen(browser);
  browser.school.educator = 8;
  browser.school.cut();
  browser.school.log.push({ type: "grade_update", id: "e-2" });
  await browser.pass(5_000);
  for (const { live, heard } of [first, second]) {
    assert.equal(live.facts.ended, "someone-else");
    assert.deepEqual(heard, ids(1, 1));
  }
  assert.equal(browser.school.streams.size, 0);
  const theirs = await page(browser, { who: "8" });
  await happen(browser);
  assert.deepEqual(theirs.heard, ids(3, 3));
});

test("a page of another educator makes the old ones look whose session it is", async () => {
  const browser = new Browser();
  const first = await page(browser);
  browser.school.educator = 8;
  const theirs = await page(browser, { who: "8" });
  assert.equal(first.live.facts.ended, "someone-else");
  assert.equal(theirs.live.facts.ended, null);
});

test("one tab renews the session for all", async () => {
  const browser = new Browser();
  const pages = [await page(browser), await page(browser)];
  browser.school.tell("token_expiring", { expires_at: 1 });
  await browser.quiet();
  assert.deepEqual(pages.map((one) => said(one, "token_expiring").length), [1, 0]);
});

test("the newest overview comes with the welcome, unless the page is newer", async () => {
  const browser = new Browser();
  await happen(browser, 2);
  const first = await page(browser);
  await happen(browser);
  browser.school.tell("performance_update", update("e-3", { whole: true }));
  await browser.quiet();
  const old = await page(browser, { since: "e-2" });
  await happen(browser);
  const newer = await page(browser, { since: "e-4" });
  assert.deepEqual(
    [first, old, newer].map((one) => said(one, "performance_update").length),
    [1, 1, 0],
  );
});

test("who joins is told what has changed since the whole overview, too", async () => {
  const browser = new Browser();
  const first = await page(browser);
  browser.school.tell("performance_update", update("e-0", { whole: true, sections: [row(1, 50), row(2, 50)] }));
  await browser.quiet();
  browser.school.tell("performance_update", update("e-0", { sections: [row(2, 60)] }));
  await browser.quiet();
  assert.equal(said(first, "performance_update").length, 2);
  const [{ data }] = said(await page(browser), "performance_update");
  assert.equal(data.whole, true);
  assert.deepEqual(data.sections, [row(1, 50), row(2, 60)]);
});

test("the one stream asks for the overview while a tab wants it", async () => {
  const browser = new Browser();
  const asked = () => browser.school.types.includes("performance_update");
  const types = ["grade_update"];
  const first = await page(browser, { types });
  assert.equal(asked(), false);
  const other = await page(browser, { types });
  assert.equal(browser.school.opened, 1);
  const overview = await page(browser);
  assert.equal(asked(), true);
  assert.equal(browser.school.opened, 2);
  await happen(browser);
  overview.live.close();
  overview.tab.close();
  await browser.pass(5_000);
  assert.equal(asked(), true);
  // a page that follows another, in time
  const next = await page(browser);
  await browser.pass(10_000);
  assert.equal(browser.school.opened, 2);
  next.live.close();
  next.tab.close();
  await browser.pass(11_000);
  assert.equal(asked(), false);
  await happen(browser);
  for (const { heard } of [first, other]) assert.deepEqual(heard, ids(1, 2));
});

test("a tab that takes the lead asks for what the others want", async () => {
  const browser = new Browser();
  const first = await page(browser, { types: ["grade_update"] });
  await page(browser, { types: ["grade_update"] });
  await page(browser);
  first.live.close();
  first.tab.close();
  await browser.pass(1_000);
  assert.ok(browser.school.types.includes("performance_update"));
});

test("without locks or channels each tab has a stream of its own", async () => {
  const browser = new Browser();
  const outsiders = [];
  const refused = { request: async () => { throw new DOMException("no", "SecurityError"); } };
  for (const [name, given] of [
    ["navigator", {}],
    ["navigator", { locks: refused }],
    ["BroadcastChannel", undefined],
  ]) {
    const tab = browser.tab();
    tab[name] = given;
    const heard = [];
    const live = new Live({
      address: "/api/v1/performance/stream",
      types: ["grade_update"],
      since: "e-0",
      who: "7",
      outside: tab,
    });
    live.addEventListener("event", ({ detail }) => heard.push(detail.id));
    live.open();
    outsiders.push(heard);
  }
  await browser.quiet();
  await happen(browser);
  assert.equal(browser.school.streams.size, 3);
  outsiders.forEach((heard) => assert.ok(heard.includes("e-1")));
});

// A page of chance: tabs come, go, freeze, thaw, hide and show while things happen.
for (let seed = 1; seed <= 12; seed += 1) {
  test(`nothing is missed and nothing comes twice, whatever the tabs do (${seed})`, async () => {
    const chance = mulberry(seed);
    const browser = new Browser();
    let pages = [await page(browser)];
    const any = () => pages[Math.floor(chance() * pages.length)];
    const deeds = [
      async () => happen(browser, 1 + Math.floor(chance() * 3)),
      async () => browser.school.commit(),
      async () => browser.school.beat(),
      async () => browser.school.cut(),
      async () => browser.pass(100 + chance() * 4_000),
      async () => any().tab.freeze(),
      async () => any().tab.thaw(),
      async () => {
        const { tab, live } = any();
        const isHidden = tab.document.visibilityState === "hidden";
        tab.document.visibilityState = isHidden ? "visible" : "hidden";
        if (isHidden) live.hurry();
      },
      async () => {
        if (pages.length < 6) pages.push(await page(browser, { hidden: chance() < 0.3 }));
      },
      async () => {
        if (pages.length < 2) return;
        const closed = any();
        pages = pages.filter((one) => one !== closed);
        closed.tab.close();
      },
    ];
    for (let deed = 0; deed < 60; deed += 1) {
      await deeds[Math.floor(chance() * deeds.length)]();
    }
    pages.forEach(({ tab, live }) => {
      tab.thaw();
      tab.document.visibilityState = "visible";
      live.hurry();
    });
    // long enough for one that polls to find that streams get through
    for (let beats = 0; beats < 16; beats += 1) {
      browser.school.beat();
      await browser.pass(10_000);
    }
    await happen(browser);
    assert.equal(browser.school.streams.size, 1);
    for (const { heard, since, controls } of pages) {
      const first = said({ controls }, "reset").length > 0 ? 1 : Number(since.slice(2)) + 1;
      assert.deepEqual(heard, ids(first, browser.school.log.length));
    }
  });
}

function mulberry(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
