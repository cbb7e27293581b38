/*!
 * Kayle, for relying parties. A module, and the global `Kayle`. See docs/INTEGRATION.md.
 *
 * It tells when to look, and is NO PROOF of anything: people can run other code in browsers.
 * Proof is the webhook, with the response code that your server exchanged.
 */

/**
 * Opens the page of a session and learns when it has ended. Call it in the click itself.
 * @param {string|Promise<string>} url `verification_url`; a promise while your server makes it.
 * @param {{mode?: "popup"|"page", signal?: AbortSignal}} [options] A popup that is blocked becomes
 *   "page", which leaves this document; the promise never ends then.
 * @returns {Promise<{session_id: string, status: string}> & {cancel: () => void}} `status` is
 *   "completed", "expired" or "cancelled". `cancel()` stops waiting, no more: the popup is cut off,
 *   so that nobody can see here that a person closed it.
 */
export function open(url, { mode = "popup", signal } = {}) {
  const stop = new AbortController();
  const abort = () => stop.abort(signal.reason);
  signal?.addEventListener("abort", abort, { once: true });
  if (signal?.aborted) abort();
  // Before anything is waited for: later it would no longer belong to the click.
  const popup = mode === "popup" && !stop.signal.aborted
    && window.open("", "_blank", "popup,width=480,height=800");
  const ended = follow(url, popup, stop.signal);
  ended.cancel = () => stop.abort();
  return ended;
}

async function follow(url, popup, signal) {
  let page;
  try {
    page = new URL(await url);
    signal.throwIfAborted();
    if (!/^https?:$/.test(page.protocol)) throw new TypeError("no verification_url");
  } catch (error) {
    if (popup) popup.close();
    throw error;
  }
  if (!popup) {
    location.assign(page);
    return new Promise(() => {});
  }
  popup.location.replace(page);
  const session_id = page.pathname.slice(1);
  const status = new URL(`/v1/verify/session/${session_id}/status`, page);
  for (;;) {
    await pause(signal);
    let answer;
    try {
      answer = await fetch(status, { signal, credentials: "omit" });
      const { data } = await answer.json();
      if (data?.is_terminal) return { session_id, status: data.status };
    } catch {
      signal.throwIfAborted(); // or the network will be back
    }
    if ([400, 404].includes(answer?.status)) throw new Error("no such session");
  }
}

function pause(signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(end, 2000);
    const look = () => document.hidden || end();
    function end() {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", look);
      signal.removeEventListener("abort", end);
      if (signal.aborted) reject(signal.reason);
      else resolve();
    }
    document.addEventListener("visibilitychange", look);
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });
}

export const Kayle = { open };
export default Kayle;
globalThis.Kayle = Kayle;
