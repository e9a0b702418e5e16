// The browser's own side of the session: the cookie is out of a script's reach, the server renews it.

const CSRF_COOKIE = "classpulse_csrf";
/** A stream is told of its token's end so long before: seconds. */
const WARNING = 60;

/** What a write must repeat. Another tab may have renewed it since this page was made. */
export function csrfToken(cookies = document.cookie) {
  const pairs = cookies.split("; ").map((cookie) => cookie.split("="));
  return pairs.find(([name]) => name === CSRF_COOKIE)?.[1] ?? "";
}

/** Keep the token of a form as new as the session's. */
export function keepCurrent(form) {
  form.addEventListener("submit", () => {
    form.elements.csrf_token.value = csrfToken() || form.elements.csrf_token.value;
  });
}

/**
 * Ask for a new token in place of the ending one; answers whether that is worth a new stream. The
 * last one of a session ends with it: its stream would only be told so again.
 */
export async function renewSession() {
  try {
    const response = await fetch("/api/v1/auth/refresh", {
      method: "POST",
      headers: { "x-csrf-token": csrfToken() },
    });
    return response.ok && (await response.json()).expires_in > WARNING;
  } catch {
    return false;
  }
}

/** Tell that this page is looked at, or left: the next visit is compared with what it shows now. */
export async function noteVisit() {
  try {
    await fetch("/api/v1/visits", {
      method: "POST",
      keepalive: true,
      headers: { "x-csrf-token": csrfToken() },
    });
  } catch {
    // then the next visit is compared with what was seen before
  }
}
