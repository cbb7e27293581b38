// Follows one session: shows the way to the phone while a phone may come, the number that the phone asks
// for, and what became of it.
const root = document.getElementById("session");
const session = root.dataset.session;
const element = (id) => document.getElementById(id);
const POLL = 2000;
const RENEW = 60000;
const RENEW_AGAIN = 5000;
// A code is good for five minutes from its minting, and may be a minute old when it comes.
const CODE_LIFE = 240000;

// The cancel token leaves the address bar at once; this tab alone keeps it.
const fromLink = new URLSearchParams(location.hash.slice(1));
const tokenKey = `cancel:${session}`;
if (fromLink.has("cancel_token")) {
  sessionStorage.setItem(tokenKey, fromLink.get("cancel_token"));
  history.replaceState(null, "", location.pathname);
}

const AGAIN = "To try again, go back to the business and start anew.";
const TEXTS = {
  connected: "Your phone is connected. Continue there; this page follows.",
  match: "A phone is connected and asks for a number. If it is yours, choose this one there:",
  retry: "The check did not succeed. You can try again on the same phone.",
  claimed: "Continue on the phone that started.",
  success: "Done. You can close this page.",
  match_code_wrong: `On the phone another number was chosen than the one shown here, so the verification was ended, and nothing was shared. ${AGAIN}`,
  passport_authenticity_failed: `The document could not be verified, and no attempts are left. ${AGAIN}`,
  document_data_invalid: `The document's data could not be read, and no attempts are left. ${AGAIN}`,
  failed: `The verification did not succeed. ${AGAIN}`,
  expired: "The time for this verification has run out. Ask the business for a new link.",
  cancelled: `This verification was cancelled, here or on the phone. Nothing was shared. ${AGAIN}`,
  other_browser: "This verification was opened in another browser, and for your safety goes on only there. Go back to that one. If that was not you, close this page; the business can give you a link of your own.",
  no_cookies: "This browser keeps no cookies, without which this verification cannot go on. Allow cookies for this site and load the page again, or open your link in another browser.",
};
const NETWORKS = {
  same: "The phone is in the same network as this page.",
  different: "The phone is not in the same network as this page, for example on mobile data. If it is not yours, tell nobody the number and close this page.",
};

const isPhone = /iPhone|Android/.test(navigator.userAgent);
let offering = false;
let renewal = null;
let polling = null;
let asking = null;
let revision = "";
let outdated = null;
// The link that "copy" copies.
let carried = null;

// What to show; the first match wins.
function screen(live) {
  if (live.status === "cancelled" || live.status === "expired") return live.status;
  if (live.is_terminal) {
    if (!live.failure_code) return "success";
    return live.failure_code in TEXTS ? live.failure_code : "failed";
  }
  if (live.match_code) return "match";
  if (live.status === "in_progress") return "connected";
  if (live.retry_allowed) return "retry";
  return live.claimed ? "claimed" : "offer";
}

// The server holds an answer back until there is news, so the next question follows at once.
async function poll() {
  clearTimeout(polling);
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  const asked = Date.now();
  let ended = false;
  let pause = POLL;
  try {
    const response = await fetch(`/${session}/live?seen=${revision}`, { cache: "no-store", signal });
    if (response.ok) {
      const live = await response.json();
      if (live.revision !== revision || Date.now() - asked > POLL) pause = 0;
      revision = live.revision;
      ended = live.is_terminal;
      show(screen(live), live);
    } else if (response.status === 403) {
      ended = true;
      leave("other_browser");
    }
  } catch {
    // Asked anew, or the network is away and the next round tries again.
    if (signal.aborted) return;
  }
  if (!ended) polling = setTimeout(poll, pause);
}

function say(id, text) {
  // Only what is new is read out.
  if (element(id).textContent !== text) element(id).textContent = text;
}

function show(name, live) {
  say("state", TEXTS[name] ?? "");
  say("match-code", live.match_code ?? "");
  say("network", live.match_code ? NETWORKS[live.phone.network] ?? "" : "");
  element("match").hidden = name !== "match";
  element("request").hidden = live.is_terminal;
  element("cancel-row").hidden = live.is_terminal || !sessionStorage.getItem(tokenKey);
  if (live.is_terminal && live.redirect_url) {
    const target = new URL(live.redirect_url);
    target.searchParams.set("session_id", session);
    element("return").href = target.href;
    element("return-row").hidden = false;
  }
  offer(name === "offer");
}

// The session is not for this browser.
function leave(why) {
  clearTimeout(polling);
  show(why, { is_terminal: true });
}

function offer(is) {
  element("pair").hidden = !is;
  if (is === offering) return;
  offering = is;
  clearTimeout(renewal);
  withdraw();
  if (is) renew();
}

function withdraw() {
  clearTimeout(outdated);
  element("code").hidden = true;
  element("waiting").hidden = false;
  element("qr").replaceChildren();
  element("open").removeAttribute("href");
  element("open-app").removeAttribute("href");
  carried = null;
  say("copied", "");
}

async function renew() {
  clearTimeout(renewal);
  let next = RENEW_AGAIN;
  try {
    const response = await fetch(`/${session}/handoff`, { method: "POST" });
    // A phone may have come while the answer was on its way.
    if (!offering) return;
    if (response.ok) {
      draw(await response.json());
      next = RENEW;
    } else if (response.status === 403) {
      const { error } = await response.json();
      return leave(error.code === "PAGE_REQUIRED" ? "no_cookies" : "other_browser");
    } else if (response.status === 409) {
      return poll();
    }
  } catch {
    // The code that is shown stays good for a while.
  }
  if (offering) renewal = setTimeout(renew, next);
}

function draw(handoff) {
  if (!offering) return;
  clearTimeout(outdated);
  outdated = setTimeout(withdraw, CODE_LIFE);
  element("qr").innerHTML = handoff.qr.slice(handoff.qr.indexOf("<svg"));
  element("open").href = handoff.same_device_link;
  element("open-app").href = handoff.app_link;
  carried = handoff.link;
  element("open-row").hidden = !isPhone;
  element("code").hidden = false;
  element("waiting").hidden = true;
}

element("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(carried);
    say("copied", "Copied. Open it on your own phone, and send it to nobody.");
  } catch {
    say("copied", "This browser does not let the link be copied.");
  }
});

element("cancel").addEventListener("click", async () => {
  if (!confirm("Cancel this verification?")) return;
  const response = await fetch(`/v1/verify/session/${session}/cancel`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ cancel_token: sessionStorage.getItem(tokenKey) }),
  });
  if (response.ok || response.status === 401) sessionStorage.removeItem(tokenKey);
  poll();
});

element("other-phone").open = !isPhone;
document.addEventListener("visibilitychange", () => { if (!document.hidden) poll(); });
poll();
