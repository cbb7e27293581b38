// The way to the phone: the code and its renewal, the link, the code to type, the button on the phone.
import { again, announce, element, focus, lang, query, say, session, texts } from "./live.js";

// A code is renewed with so much left, and hidden when hardly anything is.
const RENEW = 60000;
const DEAD = 5000;
const RETRY = 5000;
const NO_APP = 1500;
// Whether the button to the app was used in this tab, and in which language: the next page asks.
const openedKey = `opened:${session}`;

// The handoff, and the code to type, each with what is left of it.
let handoff = null;
let code = null;
let pairing = null;
let tick = null;
let asking = false;
// Whether a code to type was asked for: it is kept there from then on.
let typing = false;
let notBefore = 0;

// A clock that neither sleep nor a correction of the time of day holds up.
const mark = () => ({ day: Date.now(), page: performance.now() });
const since = (then) => Math.max(Date.now() - then.day, performance.now() - then.page);
const left = (thing) => thing ? thing.life - since(thing.at) : 0;
const minutes = (ms) => {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
};
// What goes while the focus is in it hands that on.
const handOn = (id, to) => { if (element(id)?.contains(document.activeElement)) focus(to); };
const hide = (id, is) => { if (element(id)) element(id).hidden = is; };

export function wire() {
  const now = element("pairing");
  if (now === pairing) return;
  pairing = now;
  clearInterval(tick);
  handoff = code = null;
  typing = false;
  if (!now) return;
  place();
  on("copy", copy);
  on("show-user-code", () => { typing = true; type(); });
  on("qr-again", () => { notBefore = 0; step(); });
  for (const id of ["open-app", "open-scheme"]) on(id, launched);
  tick = setInterval(step, 1000);
  step();
  cameBack();
}

function on(id, action) {
  element(id)?.addEventListener("click", action);
}

// Which way is shown: tablets are asked. An iPad may say that it is a Mac.
function place() {
  const isPad = navigator.platform === "MacIntel" && navigator.maxTouchPoints > 1;
  const chosen = sessionStorage.getItem(`device:${session}`);
  const device = chosen ?? (isPad ? "tablet" : pairing.dataset.device);
  pairing.dataset.device = device;
  hide("device-question", device !== "tablet");
  hide("on-this-device", device !== "phone");
  hide("scan", device !== "desktop");
}

// A choice counts also while the page waits for its cookie, and is followed as soon as it has it.
document.addEventListener("click", ({ target }) => {
  const choice = target.closest("[data-choose]");
  if (choice) choose(choice.dataset.choose);
});

function choose(device) {
  sessionStorage.setItem(`device:${session}`, device);
  if (!pairing) return;
  place();
  const shown = element(device === "phone" ? "on-this-device" : "scan");
  focus(shown?.querySelector("h2"));
}

// Once a second, and when the device wakes: a code that may be dead goes before another is asked for.
function step() {
  if (!pairing?.isConnected) return;
  if (handoff && left(handoff) <= DEAD) withdraw();
  if (code && left(code) <= 0) forget();
  if (left(handoff) <= RENEW) renew();
  if (typing && left(code) <= RENEW) type();
  if (document.hidden) return;
  clock("code-time", left(handoff) - RENEW);
  clock("user-code-time", left(code));
}

// It is not read out each second.
function clock(id, ms) {
  const output = element(id)?.querySelector("output");
  output?.setAttribute("aria-live", "off");
  say(output, minutes(ms));
}

for (const [target, name] of [[document, "visibilitychange"], [window, "pageshow"], [window, "online"]]) {
  target.addEventListener(name, () => {
    if (document.hidden) return;
    step();
    cameBack();
  });
}

// Whoever is here again after the app was to open, and no phone has come, may have none.
function cameBack() {
  if (sessionStorage.getItem(openedKey) !== null) hide("open-nothing", false);
}

function withdraw() {
  handoff = null;
  element("qr")?.replaceChildren();
  for (const id of ["open-app", "open-scheme"]) element(id)?.removeAttribute("href");
  hide("code-time", true);
  hide("qr-waiting", false);
  unsay();
}

// What was said of a link goes with it, and so does the field that it is copied from.
function unsay() {
  const field = element("link");
  say(element("copied"), "");
  if (!field) return;
  if (field === document.activeElement) element("copy").focus();
  field.hidden = true;
  field.value = "";
}

function forget() {
  code = null;
  say(element("user-code"), "");
  hide("user-code-row", true);
  hide("user-code-time", true);
}

async function post(action) {
  const at = mark();
  const response = await fetch(`/${session}/${action}?${query}`, { method: "POST" });
  if (response.ok) {
    const answer = await response.json();
    return { ...answer, at, life: answer.expires_in_ms };
  }
  const wait = 1000 * (Number(response.headers.get("Retry-After")) || 0);
  notBefore = performance.now() + Math.max(wait, RETRY);
  const { error } = await response.json();
  // A phone has come, or the session is over.
  if (response.status === 409) again();
  else if (error.code === "PAGE_REQUIRED") noCookies();
  // The document itself says what is the matter.
  else if (error.code === "BROWSER_MISMATCH") location.reload();
  else throw new Error(error.code);
  return null;
}

// Whether one question is on its way, or was refused a moment ago.
async function once(question) {
  if (asking || performance.now() < notBefore) return;
  asking = true;
  const here = pairing;
  try {
    const answer = await question();
    // A phone may have come while the answer was on its way.
    if (answer && here === pairing && here?.isConnected) return answer;
  } catch {
    notBefore = Math.max(notBefore, performance.now() + RETRY);
    // What is shown stays good for a while.
    if (!handoff || (typing && !code)) failed();
  } finally {
    asking = false;
  }
}

// Nobody waits for a code without a word.
function failed() {
  hide("qr-waiting", true);
  hide("qr-failed", false);
  announce(element("qr-failed")?.innerText);
}

async function renew() {
  const fresh = await once(() => post("handoff"));
  if (!fresh) return;
  const isNew = handoff?.link !== fresh.link;
  const renewed = handoff && isNew;
  handoff = fresh;
  const field = element("link");
  if (isNew && field.hidden) unsay();
  if (!field.hidden) field.value = fresh.link;
  // An SVG that our own server drew.
  element("qr").innerHTML = fresh.qr;
  element("open-app")?.setAttribute("href", fresh.same_device_link);
  element("open-scheme")?.setAttribute("href", fresh.app_link);
  hide("qr-waiting", true);
  handOn("qr-failed", element("scan")?.querySelector("h2"));
  hide("qr-failed", true);
  hide("code-time", false);
  if (renewed && !document.hidden && pairing.dataset.device === "desktop") announce(texts.qrRenewed);
  step();
}

async function type() {
  const fresh = await once(() => post("code"));
  if (!fresh) return;
  code = fresh;
  hide("qr-failed", handoff !== null);
  hide("user-code-row", false);
  hide("user-code-time", false);
  say(element("user-code"), fresh.user_code);
  handOn("show-user-code", element("user-code"));
  hide("show-user-code", true);
  step();
}

async function copy() {
  const link = handoff?.link;
  const copied = element("copied");
  // What stands in the place of the code says why there is none.
  const why = element("qr-waiting").hidden ? element("qr-failed").firstChild : element("qr-waiting");
  if (!link) return say(copied, why.textContent);
  try {
    await navigator.clipboard.writeText(link);
    say(copied, texts.copied);
  } catch {
    const field = element("link");
    if (link !== handoff?.link || !field) return;
    say(copied, texts.copyFailed);
    field.hidden = false;
    field.value = link;
    field.focus();
    field.select();
  }
}

// No app took the link if the page is still in front of the person.
function launched() {
  sessionStorage.setItem(openedKey, lang);
  let left = document.hidden;
  const leave = () => { left = true; };
  document.addEventListener("visibilitychange", leave, { once: true });
  addEventListener("pagehide", leave, { once: true });
  setTimeout(() => { if (!left) hide("open-nothing", false); }, NO_APP);
}

function noCookies() {
  clearInterval(tick);
  pairing.innerHTML = "<h1></h1><p></p>";
  pairing.firstChild.textContent = document.title = texts.noCookiesTitle;
  pairing.lastChild.textContent = texts.noCookiesText;
}
