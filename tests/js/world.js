// What a page finds outside of itself, under a test's control.

/** A world whose clock stands still until it is moved, and whose server answers as told. */
export class World {
  now = 5_000_000;
  timers = new Map();
  requests = [];
  answers = [];
  #next = 1;

  Date = { now: () => this.now };
  Math = { random: () => 1 };
  setTimeout = (call, delay) => {
    this.timers.set(this.#next, { call, at: this.now + delay });
    return this.#next++;
  };
  clearTimeout = (timer) => this.timers.delete(timer);
  fetch = async (address, { signal }) => {
    this.requests.push(new URL(address, "http://school.example"));
    const answer = this.answers.shift();
    if (!answer) throw new TypeError("connection refused");
    answer.signal = signal;
    signal.addEventListener("abort", () => answer.fail?.(signal.reason));
    return answer.response;
  };

  /** The next request gets a stream, into which `send` writes. */
  willStream() {
    const answer = { text: new TextEncoder() };
    const body = new ReadableStream({
      start(controller) {
        answer.send = (text) => controller.enqueue(answer.text.encode(text));
        answer.end = () => controller.close();
        answer.fail = (reason) => controller.error(reason);
      },
    });
    const headers = { "content-type": "text/event-stream; charset=utf-8" };
    answer.response = new Response(body, { headers });
    this.answers.push(answer);
    return answer;
  }

  willAnswer(status, headers = {}) {
    this.answers.push({ response: new Response("", { status, headers }) });
  }

  async pass(milliseconds) {
    this.now += milliseconds;
    for (const [timer, { call, at }] of [...this.timers]) {
      if (at <= this.now && this.timers.delete(timer)) call();
    }
    await settled();
  }
}

export const settled = () => new Promise((resolve) => setImmediate(resolve));
