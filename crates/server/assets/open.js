// Passes a handoff link on to the app. The token is written nowhere in the page: it leaves the address
// bar at once, and this tab alone keeps it, for those who come back from installing the app.
const root = document.getElementById("open");
const session = root.dataset.session;
const kept = `handoff:${session}`;
const fresh = `launch:${session}`;
const element = (id) => document.getElementById(id);
const LEEWAY = 30000;
const NO_APP = 1500;

const fragment = location.hash.slice(1).split("&").find((part) => part.startsWith("handoff="));
if (fragment) {
  sessionStorage.setItem(kept, fragment.slice("handoff=".length));
  sessionStorage.setItem(fresh, "1");
  history.replaceState(null, "", location.pathname + location.search);
}

// The language of the session's page, if this tab comes from there: a link that apps claim has none.
const opened = sessionStorage.getItem(`opened:${session}`);

// What the link says, if it is one of this session and of this server: the app would believe any
// server that it names.
function read() {
  try {
    const text = decodeURIComponent(sessionStorage.getItem(kept) ?? "");
    const { session_id: named, expires_at: expiry, api, flow } = JSON.parse(text);
    const ours = named === session && new URL(api ?? location.origin).origin === location.origin;
    return ours ? { text, flow, expiry: Date.parse(expiry) } : null;
  } catch {
    return null;
  }
}

// Whether the session's page is open in this browser: only then is there a way back to it.
const sameDevice = read()?.flow === "same_device";
const isHere = sameDevice || opened !== null;
let launched = false;

// The payload, if its time is not over.
function payload() {
  const link = read();
  return link && Date.now() <= link.expiry + LEEWAY ? link.text : null;
}

function show() {
  const usable = payload() !== null;
  if (!usable) sessionStorage.removeItem(kept);
  element("launch-row").hidden = !usable;
  element("state").textContent = usable ? "" : root.dataset.noLink;
  if (launched) wayOut();
  else if (!usable) element("way-back").hidden = !isHere;
}

function launch() {
  const text = payload();
  if (text === null) return show();
  launched = true;
  location.href = `kayle-id://${encodeURIComponent(text)}`;
  setTimeout(wayOut, NO_APP);
}

// No app took the link if the page is still, or again, in front of the person.
function wayOut() {
  if (document.hidden) return;
  element("nothing").hidden = false;
  element("way-back").hidden = !isHere;
}

function start() {
  const isApple = /iPhone|iPad/.test(navigator.userAgent);
  const isAndroid = /Android/.test(navigator.userAgent);
  if (element("android")) element("android").hidden = isApple;
  if (element("ios")) element("ios").hidden = isAndroid;
  element("launch").addEventListener("click", launch);
  element("other-phone").addEventListener("click", () => sessionStorage.setItem(`device:${session}`, "desktop"));
  document.addEventListener("visibilitychange", () => { if (!document.hidden) show(); });
  addEventListener("pageshow", ({ persisted }) => { if (persisted) show(); });
  show();
  // Whoever scanned a code or followed a link from elsewhere decides for themselves, after the warning.
  if (!sameDevice) return;
  const isFresh = sessionStorage.getItem(fresh) !== null;
  sessionStorage.removeItem(fresh);
  if (isFresh) launch();
  else wayOut();
}

const isOther = opened && opened !== document.documentElement.lang && !new URLSearchParams(location.search).has("lang");
if (isOther) location.replace(`${location.pathname}?lang=${encodeURIComponent(opened)}`);
else start();
