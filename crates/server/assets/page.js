// Follows one session: shows the way to the phone while a phone may come, and what became of it.
const root = document.getElementById("session");
const session = root.dataset.session;
const api = `/v1/verify/session/${session}`;
const element = (id) => document.getElementById(id);
const POLL = 2000;
const RENEW = 60000;

// The cancel token leaves the address bar at once; this tab alone keeps it.
const fromLink = new URLSearchParams(location.hash.slice(1));
const tokenKey = `cancel:${session}`;
if (fromLink.has("cancel_token")) {
  sessionStorage.setItem(tokenKey, fromLink.get("cancel_token"));
  history.replaceState(null, "", location.pathname);
}

const TEXTS = {
  connected: "Your phone is connected. Continue there; this page follows.",
  retry: "The check did not succeed. You can try again on the same phone.",
  claimed: "Continue on the phone that started.",
  success: "Done. You can close this page.",
  passport_authenticity_failed: "The document could not be verified, and no attempts are left.",
  document_data_invalid: "The document's data could not be read, and no attempts are left.",
  failed: "The verification did not succeed.",
  expired: "The time for this verification has run out. Ask the business for a new link.",
  cancelled: "This verification was cancelled.",
};

const isPhone = /iPhone|Android/.test(navigator.userAgent);
let offering = false;
let handoff = null;
let renewal = null;
let polling = null;

// What to show; the first match wins.
function screen(status) {
  const attempt = status.latest_attempt;
  if (status.status === "cancelled" || status.status === "expired") return status.status;
  if (status.is_terminal) {
    if (!attempt || attempt.status === "succeeded") return "success";
    return attempt.failure_code in TEXTS ? attempt.failure_code : "failed";
  }
  if (status.status === "in_progress") return "connected";
  if (attempt && attempt.retry_allowed) return "retry";
  if (status.same_device_only) return "claimed";
  return "offer";
}

async function poll() {
  clearTimeout(polling);
  let ended = false;
  try {
    const response = await fetch(`${api}/status`, { cache: "no-store" });
    if (response.ok) {
      const status = (await response.json()).data;
      ended = status.is_terminal;
      await show(status);
    }
  } catch {
    // The network is away; the next round tries again.
  }
  if (!ended) polling = setTimeout(poll, POLL);
}

async function show(status) {
  const name = screen(status);
  const offer = name === "offer";
  offering = offer;
  const text = TEXTS[name] ?? "";
  if (element("state").textContent !== text) element("state").textContent = text;
  element("request").hidden = status.is_terminal;
  element("pair").hidden = !offer;
  element("cancel-row").hidden = status.is_terminal || !sessionStorage.getItem(tokenKey);
  if (status.is_terminal && status.redirect_url) {
    const target = new URL(status.redirect_url);
    target.searchParams.set("session_id", session);
    element("return").href = target.href;
    element("return-row").hidden = false;
  }
  if (offer && !handoff) await renew();
  if (!offer) {
    clearTimeout(renewal);
    handoff = null;
  }
}

async function renew() {
  clearTimeout(renewal);
  if (!offering) return;
  const response = await fetch(`/${session}/handoff`, { method: "POST" });
  if (response.ok) {
    const fresh = await response.json();
    // A phone may have come while the answer was on its way.
    if (!offering) return;
    handoff = fresh;
    element("qr").innerHTML = handoff.qr.slice(handoff.qr.indexOf("<svg"));
    element("open").href = handoff.same_device_link;
    element("open-app").href = handoff.app_link;
    element("open-row").hidden = !isPhone;
    element("desktop").hidden = isPhone;
  }
  renewal = setTimeout(renew, RENEW);
}

element("copy").addEventListener("click", async () => {
  if (!handoff) return;
  await navigator.clipboard.writeText(handoff.link);
  element("copied").textContent = "Copied.";
});

element("cancel").addEventListener("click", async () => {
  if (!confirm("Cancel this verification?")) return;
  const response = await fetch(`${api}/cancel`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ cancel_token: sessionStorage.getItem(tokenKey) }),
  });
  if (response.ok || response.status === 401) sessionStorage.removeItem(tokenKey);
  poll();
});

document.addEventListener("visibilitychange", () => { if (!document.hidden) poll(); });
poll();
