// A browser of several tabs, and the school's server: enough of both for the tabs' own logic.

import { settled, World } from "./world.js";

const STEP = 100;

const frame = (type, data, id) =>
  `${id ? `id: ${id}\n` : ""}event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;

/** Its log is a list of events; a reader gets what came after `since`, then each new one. */
export class School {
  epoch = "e";
  log = [];
  streams = new Set();
  opened = 0;
  types = [];
  educator = 7;
  isUp = true;

  get at() {
    return `${this.epoch}-${this.log.length}`;
  }

  commit() {
    this.log.push({ type: "grade_update", id: `${this.epoch}-${this.log.length + 1}` });
    const event = this.log.at(-1);
    this.#tell(frame(event.type, event, event.id));
    return event.id;
  }

  beat() {
    this.#tell(frame("heartbeat", { id: this.at, as_of_time: "2025-10-20T15:30:00Z" }, this.at));
  }

  tell(type, data, id = null) {
    this.#tell(frame(type, data, id));
  }

  /** All connections are lost at once. */
  cut() {
    [...this.streams].forEach((stream) => this.#end(stream));
  }

  answer(address, signal, tab) {
    if (!this.isUp) throw new TypeError("connection refused");
    const { pathname, searchParams } = address;
    if (pathname === "/readyz") return Response.json({ status: "ready", live: true });
    if (pathname.endsWith("/me")) return Response.json({ id: this.educator });
    if (pathname.endsWith("/overview")) return Response.json({ as_of: this.at });
    if (pathname.endsWith("/events")) return Response.json(this.#page(searchParams));
    const since = Number((address.searchParams.get("since") ?? this.at).split("-")[1]);
    this.opened += 1;
    this.types = searchParams.getAll("types");
    let stream;
    const body = new ReadableStream({
      start: (controller) => {
        stream = { controller, tab, isOpen: true };
        this.streams.add(stream);
      },
      cancel: () => {
        stream.isOpen = false;
        this.streams.delete(stream);
      },
    });
    signal.addEventListener("abort", () => this.#end(stream));
    const start = `${this.epoch}-${since}`;
    const scope = { educator_id: this.educator };
    this.#send(stream, frame("ready", { id: start, as_of: start, scope }, start));
    for (const event of this.log.slice(since)) {
      this.#send(stream, frame(event.type, event, event.id));
    }
    this.#send(stream, frame("heartbeat", { id: this.at, as_of_time: null }, this.at));
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  }

  #page(query) {
    const before = Number((query.get("before") ?? `e-${this.log.length + 1}`).split("-")[1]);
    const start = Math.max(0, before - 1 - Number(query.get("limit")));
    const items = this.log.slice(start, before - 1).reverse();
    return { items, next: start > 0 ? items.at(-1).id : null, as_of: this.at, as_of_time: null };
  }

  #tell(text) {
    this.streams.forEach((stream) => this.#send(stream, text));
  }

  #send(stream, text) {
    stream.tab.later(() => stream.isOpen && stream.controller.enqueue(new TextEncoder().encode(text)));
  }

  #end(stream) {
    this.streams.delete(stream);
    stream.tab.later(() => {
      if (stream.isOpen) stream.controller.close();
      stream.isOpen = false;
    });
  }
}

/** Locks and channels that its tabs share. */
export class Browser {
  world = new World();
  school = new School();
  tabs = [];
  #locks = new Map();

  tab() {
    const tab = new Tab(this);
    this.tabs.push(tab);
    return tab;
  }

  /** Let time pass in small steps, as it does. */
  async pass(milliseconds) {
    for (let left = milliseconds; left > 0; left -= STEP) {
      await this.world.pass(Math.min(STEP, left));
      await this.quiet(10);
    }
  }

  /** Until nobody has anything more to say. */
  async quiet(rounds = 40) {
    for (let round = 0; round < rounds; round += 1) await settled();
  }

  /** The lock of a name: one holds it, the others wait. */
  lock(name) {
    if (!this.#locks.has(name)) this.#locks.set(name, new Lock());
    return this.#locks.get(name);
  }

  forget(tab) {
    this.tabs = this.tabs.filter((other) => other !== tab);
    this.#locks.forEach((lock) => lock.forget(tab));
  }

  /** The tab that leads those of the educator whose pages most tests have. */
  get leading() {
    return [...this.#locks.values()][0].holder?.tab ?? null;
  }
}

class Lock {
  holder = null;
  #waiting = [];

  request(tab, { steal, signal }, call) {
    return new Promise((done, fail) => {
      const claim = { tab, call, done, fail };
      if (steal) {
        const robbed = this.holder;
        this.holder = null;
        robbed?.tab.later(() => robbed.fail(new DOMException("stolen", "AbortError")));
        this.#waiting.unshift(claim);
      } else this.#waiting.push(claim);
      signal?.addEventListener("abort", () => {
        if (this.holder === claim) return;
        this.#waiting = this.#waiting.filter((other) => other !== claim);
        fail(new DOMException("aborted", "AbortError"));
      });
      this.#grant();
    });
  }

  forget(tab) {
    this.#waiting = this.#waiting.filter((claim) => claim.tab !== tab);
    if (this.holder?.tab === tab) this.holder = null;
    this.#grant();
  }

  #grant() {
    if (this.holder || this.#waiting.length === 0) return;
    const claim = this.#waiting.shift();
    this.holder = claim;
    claim.tab.later(async () => {
      const answer = await claim.call();
      if (this.holder === claim) {
        this.holder = null;
        this.#grant();
      }
      claim.done(answer);
    });
  }
}

/** What one tab finds outside of its module; it can be frozen, thawed and closed. */
class Tab {
  document = { visibilityState: "visible" };
  ports = new Set();
  isFrozen = false;
  isClosed = false;
  #browser;
  #tasks = [];
  #requests = new Set();

  constructor(browser) {
    this.#browser = browser;
    const { world } = browser;
    this.Date = world.Date;
    this.Math = Math;
    const timers = new Set();
    this.setTimeout = (call, delay) => {
      const due = () => timers.delete(timer) && call();
      const timer = world.setTimeout(() => this.later(due), delay);
      timers.add(timer);
      return timer;
    };
    this.clearTimeout = (timer) => {
      timers.delete(timer);
      world.clearTimeout(timer);
    };
    this.navigator = {
      locks: { request: (name, how, call) => browser.lock(name).request(this, how, call) },
    };
    this.BroadcastChannel = portOf(browser, this);
    this.fetch = async (address, { signal } = {}) => {
      const request = new AbortController();
      this.#requests.add(request);
      signal?.addEventListener("abort", () => request.abort());
      return browser.school.answer(new URL(address, "http://school.example"), request.signal, this);
    };
  }

  /** Run as a task of this tab, in turn: not while it is frozen, never once it is closed. */
  later(call) {
    this.#tasks.push(call);
    setImmediate(() => this.#run());
  }

  freeze() {
    this.isFrozen = true;
  }

  thaw() {
    this.isFrozen = false;
    this.#tasks.forEach(() => setImmediate(() => this.#run()));
  }

  #run() {
    if (!this.isFrozen && !this.isClosed) this.#tasks.shift()?.();
  }

  /** Gone, without a last word. */
  close() {
    this.isClosed = true;
    this.ports.clear();
    this.#requests.forEach((request) => request.abort());
    this.#browser.forget(this);
  }
}

const portOf = (browser, tab) =>
  class {
    onmessage = null;

    constructor() {
      tab.ports.add(this);
    }

    postMessage(message) {
      const data = structuredClone(message);
      for (const other of browser.tabs) {
        for (const port of other.ports) {
          if (port !== this) other.later(() => port.onmessage?.({ data: structuredClone(data) }));
        }
      }
    }

    close() {
      tab.ports.delete(this);
    }
  };
