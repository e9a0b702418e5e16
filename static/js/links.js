// Addresses of what a name names. The server's links.py writes the same.

const LISTS = { section: "/sections/", subject: "/subjects/", exam: "/exams/" };

/** A student's card lies over the view that is open; the others are views. */
export function addressOf(kind, id, here = globalThis.location) {
  const address = new URL(here.href);
  if (kind === "student") {
    address.searchParams.set("student", id);
  } else {
    const term = address.searchParams.get("term");
    address.pathname = LISTS[kind] + id;
    address.search = term ? `?term=${term}` : "";
  }
  return address.pathname + address.search;
}

/** An address without the card that lies over its view. */
export function viewOf(address) {
  const view = new URL(address);
  view.searchParams.delete("student");
  return view.href;
}
