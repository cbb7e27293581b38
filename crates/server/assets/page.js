// The page of one session: what is on it, and who does it.
import { follow, session } from "./live.js";
import * as ending from "./ending.js";
import * as pairing from "./pairing.js";

// How long that may take until the page goes on without.
const PATIENCE = 8000;

// Ties the session to this browser. Without a cookie we are given one first and ask again; the lock
// keeps tabs that are opened together from being given two. A tab that sleeps may hold it for good.
function open() {
  const limit = new AbortController();
  const { signal } = limit;
  setTimeout(() => limit.abort(), PATIENCE);
  const ask = () => bind(signal);
  return navigator.locks?.request("kayle-open", { signal }, ask) ?? ask();
}

async function bind(signal) {
  for (let left = 2; left--;) {
    const answer = await fetch(`/${session}/open`, { method: "POST", signal });
    const said = await answer.json();
    if (said.error?.code === "BROWSER_MISMATCH") return location.reload();
    if (!said.again) return;
  }
}

async function run() {
  ending.wire();
  // An ended session is bound to nobody any more.
  if (document.body.dataset.ended === "true") return;
  // Without a network the page goes on trying to follow, and binds when it asks for a code.
  const ready = open().catch(() => {});
  // A form waits for the cookie.
  onsubmit = ({ target }) => {
    ready.then(() => target.submit());
    return false;
  };
  await ready;
  onsubmit = null;
  pairing.wire();
  follow(() => {
    ending.wire();
    pairing.wire();
  });
}

run();
