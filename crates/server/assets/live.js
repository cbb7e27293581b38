// Follows the session: events while they come, questions where they do not, and the news on the page.
const { body } = document;
export const { session, lang } = body.dataset;
export const element = (id) => document.getElementById(id);
export const texts = element("texts")?.dataset ?? {};
const main = element("main");

// How long a connection may take, and be away, before something is done about it.
const FIRST_EVENT = 8000;
const GRACE = 3000;
const PAUSE = 2000;
const FAILURES = 3;
const EVENTS_AGAIN = 60000;
const GAP = 20000;

let wired = () => {};
let source = null;
let asking = null;
let timers = [];
let failures = 0;
let revision = "";
let lost = null;
// What the server sent last, as this browser writes it. Remaining times are no news.
const normal = (html) => html.replace(/(-ms=")\d+/g, "$1").trim();
let shown = normal(main.innerHTML);

export const query = lang ? `lang=${encodeURIComponent(lang)}` : "";
const later = (time, action) => timers.push(setTimeout(action, time));
const hasEnded = () => body.dataset.ended === "true";

// Calls `wire` for each new fragment.
export function follow(wire) {
  wired = wire;
  let last = Date.now();
  setInterval(() => {
    // The device slept, and the connection may be a dead one.
    if (Date.now() - last > GAP) again();
    last = Date.now();
  }, 5000);
  addEventListener("online", again);
  addEventListener("offline", away);
  addEventListener("pageshow", (event) => { if (event.persisted) again(); });
  // An open connection would keep the page out of the back/forward cache.
  addEventListener("pagehide", stop);
  document.addEventListener("visibilitychange", () => { if (!document.hidden && !alive()) again(); });
  again();
}

// Looks anew, over a new connection.
export function again() {
  stop();
  if (!hasEnded()) listen();
}

const alive = () => source?.readyState === EventSource.OPEN || asking !== null;

function stop() {
  source?.close();
  asking?.abort();
  timers.forEach(clearTimeout);
  source = asking = null;
  timers = [];
}

function listen() {
  if (!window.EventSource || failures >= FAILURES) return ask();
  const mine = source = new EventSource(`/${session}/events?${query}`);
  let came = false;
  mine.addEventListener("screen", (event) => {
    came = true;
    failures = 0;
    show(JSON.parse(event.data));
  });
  mine.addEventListener("error", () => {
    if (mine !== source) return;
    failures++;
    waiting();
    // Refused, or failed again and again: the question says why.
    if (mine.readyState === EventSource.CLOSED || failures >= FAILURES) fallBack();
  });
  // Something on the way keeps the events to itself.
  later(FIRST_EVENT, () => { if (!came && mine === source) fallBack(); });
}

function fallBack() {
  stop();
  failures = FAILURES;
  later(EVENTS_AGAIN, () => { failures = 0; again(); });
  ask();
}

// The server holds its answer back until there is news.
async function ask() {
  const mine = asking = new AbortController();
  let pause = PAUSE;
  try {
    const asked = Date.now();
    const response = await fetch(`/${session}/live?seen=${revision}&${query}`, { cache: "no-store", signal: mine.signal });
    if (response.ok) {
      const seen = revision;
      show(await response.json());
      if (revision !== seen || Date.now() - asked > PAUSE) pause = 0;
    } else if (response.status === 403 || response.status === 404) {
      // The document itself says what is the matter.
      return location.reload();
    } else {
      pause = 1000 * (Number(response.headers.get("Retry-After")) || 5);
    }
  } catch {
    if (mine.signal.aborted) return;
    waiting();
  }
  if (mine === asking && !hasEnded()) later(pause, ask);
}

// A connection that is opened anew every ten minutes is not worth a word.
function waiting() {
  lost ??= setTimeout(away, GRACE);
}

function away() {
  clearTimeout(lost);
  lost = 0;
  say(element("connection"), texts.liveLost);
}

function back() {
  if (lost === 0) say(element("connection"), texts.liveBack);
  clearTimeout(lost);
  lost = null;
}

// Only what is new is read out.
export function say(place, text) {
  if (place && text !== undefined && place.textContent !== text) place.textContent = text;
}

// To what is no control, but was asked for.
export function focus(heading) {
  if (!heading) return;
  heading.tabIndex = -1;
  heading.focus();
}

// Says something to those who do not see the page.
export const announce = (text) => say(element("announcement"), text);

function show(live) {
  back();
  if (live.session_remaining_ms != null) body.dataset.sessionRemainingMs = live.session_remaining_ms;
  if (live.revision === revision) return;
  revision = live.revision;
  const fragment = document.createElement("template");
  // What our own server made for this place, in answers to us alone.
  fragment.innerHTML = live.html;
  const news = normal(fragment.innerHTML);
  const isNewScreen = live.screen !== body.dataset.screen;
  document.title = live.title;
  body.dataset.screen = live.screen;
  body.dataset.ended = live.is_terminal;
  if (live.is_terminal) stop();
  if (news !== shown) {
    shown = news;
    replace(fragment.content, isNewScreen);
  }
  if (isNewScreen) announce(live.announce);
  wired();
}

function replace(content, isNewScreen) {
  const focused = document.activeElement;
  const had = main.contains(focused);
  const opened = [...main.querySelectorAll("details[open][id]")].map((details) => details.id);
  main.replaceChildren(content);
  // Also on a new screen: somebody may be about to cancel.
  for (const id of opened) if (element(id)) element(id).open = true;
  if (isNewScreen) {
    if (had || focused === body || focused === null) focus(main.querySelector("h1"));
    return;
  }
  if (had && focused.id) element(focused.id)?.focus();
}
