// Passes a handoff link on to the app. The token is written nowhere in the page: it leaves the address
// bar at once, and this tab alone keeps it, for those who come back from installing the app.
const root = document.getElementById("open");
const session = root.dataset.session;
const kept = `handoff:${session}`;
const element = (id) => document.getElementById(id);
const LEEWAY = 30000;

const fragment = location.hash.slice(1).split("&").find((part) => part.startsWith("handoff="));
if (fragment) {
  sessionStorage.setItem(kept, fragment.slice("handoff=".length));
  history.replaceState(null, "", location.pathname);
}

// The payload, if it is one of this session and of this server, and its time is not over: the app
// would believe any server that it names.
function payload() {
  try {
    const text = decodeURIComponent(sessionStorage.getItem(kept) ?? "");
    const { session_id: named, expires_at: expiry, api } = JSON.parse(text);
    const ours = named === session && new URL(api ?? location.origin).origin === location.origin;
    return ours && Date.now() <= Date.parse(expiry) + LEEWAY ? text : null;
  } catch {
    return null;
  }
}

function show() {
  const usable = payload() !== null;
  if (!usable) sessionStorage.removeItem(kept);
  element("launch-row").hidden = !usable;
  element("state").textContent = usable ? "" : root.dataset.noLink;
}

element("launch").addEventListener("click", () => {
  const text = payload();
  if (text !== null) location.href = `kayle-id://${encodeURIComponent(text)}`;
  show();
});

const isApple = /iPhone|iPad/.test(navigator.userAgent);
const isAndroid = /Android/.test(navigator.userAgent);
if (element("android")) element("android").hidden = isApple;
if (element("ios")) element("ios").hidden = isAndroid;
document.addEventListener("visibilitychange", () => { if (!document.hidden) show(); });
show();
