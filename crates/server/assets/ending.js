// Cancelling, the time that is left, and the way back to the business.
import { announce, element, focus, say, session, texts } from "./live.js";

const { body } = document;
const tokenKey = `cancel:${session}`;
const returnedKey = `returned:${session}`;
const extendedKey = `extended:${session}`;
const endedKey = `ended:${session}`;
const MINUTE = 60000;
const WARN = 5;

// The cancel token leaves the address bar at once. This tab alone keeps it, and no element holds it:
// it joins a form when that is sent.
const fragment = new URLSearchParams(location.hash.slice(1));
if (fragment.has("cancel_token")) {
  sessionStorage.setItem(tokenKey, fragment.get("cancel_token"));
  history.replaceState(null, "", location.pathname + location.search);
}

document.addEventListener("formdata", ({ target, formData }) => {
  const token = sessionStorage.getItem(tokenKey);
  const path = new URL(target.getAttribute("action"), location.href).pathname;
  if (path !== `/${session}/cancel` && path !== `/${session}/decline`) return;
  if (token) formData.set("cancel_token", token);
  sessionStorage.setItem(endedKey, "1");
});

// Whoever ended it by such a form meets the end on a new page.
const endedHere = sessionStorage.getItem(endedKey) !== null;
sessionStorage.removeItem(endedKey);
if (endedHere && body.dataset.ended === "true") {
  focus(document.querySelector("main h1"));
  later(() => {
    const said = ["main .lead", "#return-countdown:not([hidden])"].map((part) => document.querySelector(part)?.textContent);
    announce(said.join(" "));
  });
}

// A page that has just been loaded is not listened to yet.
function later(action) {
  setTimeout(action, 1000);
}

let form = null;
let counting = null;

export function wire() {
  time();
  const now = element("return");
  if (now === form) return;
  form = now;
  clearInterval(counting);
  if (!now) return;
  sessionStorage.removeItem(tokenKey);
  // Where no script counts, nothing is said of it.
  for (const part of now.querySelectorAll("#return-countdown, #return-stop")) part.hidden = false;
  now.addEventListener("submit", () => {
    sessionStorage.setItem(returnedKey, "1");
    clearInterval(counting);
  });
  element("return-stop")?.addEventListener("click", () => {
    stay(texts.returnStopped);
    now.querySelector("button")?.focus();
  });
  // Whoever comes back is not sent away again.
  if (sessionStorage.getItem(returnedKey)) return stay(texts.returnedAlready);
  count(Number(now.dataset.seconds) || 5);
}

// A timer is not read out by itself.
function stay(text) {
  clearInterval(counting);
  say(element("return-countdown"), text);
  announce(text);
  const stop = element("return-stop");
  if (stop) stop.hidden = true;
}

// Only while the page is in front of somebody who can stop it.
function count(seconds) {
  const show = () => {
    const timer = element("return-countdown");
    say(timer, timer?.dataset[`in-${seconds}`]);
  };
  show();
  counting = setInterval(() => {
    if (document.hidden) return;
    seconds--;
    show();
    if (seconds > 0) return;
    clearInterval(counting);
    form.requestSubmit();
  }, 1000);
}

addEventListener("pageshow", ({ persisted }) => {
  if (persisted && form && sessionStorage.getItem(returnedKey)) stay(texts.returnedAlready);
});

// The session's own time, as the server said last.
let said = null;
let ends = 0;
let told = 0;

function time() {
  const remaining = body.dataset.sessionRemainingMs;
  if (remaining !== undefined && remaining !== said) {
    said = remaining;
    ends = Date.now() + Number(remaining);
    extended();
  }
  const section = element("time");
  if (!section || said === null) return;
  const minutes = Math.max(1, Math.ceil((ends - Date.now()) / MINUTE));
  const soon = minutes <= WARN && body.dataset.ended !== "true";
  section.hidden = !soon;
  if (!soon) return told = 0;
  const text = texts[`time-${minutes}`];
  say(section.querySelector("p"), text);
  // Not each minute: whoever listens is also doing something.
  if (told === 0 || (minutes < told && minutes <= 2)) announce(text);
  told = minutes;
}

// What became of the wish for more time: it was sent from the page that was here before, which may
// have heard of it as well.
let wished = sessionStorage.getItem(extendedKey);
sessionStorage.removeItem(extendedKey);

function extended() {
  if (wished && ends - Date.now() > WARN * MINUTE) {
    focus(document.querySelector("main h1"));
    later(() => say(element("connection"), texts.timeExtended));
  }
  wished = null;
}

element("time")?.addEventListener("submit", () => sessionStorage.setItem(extendedKey, "1"));
setInterval(time, 5000);
