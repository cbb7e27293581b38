// The page of one session: what is on it, and who does it.
import { follow, session } from "./live.js";
import * as ending from "./ending.js";
import * as pairing from "./pairing.js";

// Ties the session to this browser. Without a cookie we are given one first and ask again; the lock
// keeps tabs that are opened together from being given two.
async function open() {
  for (let turn = 0; turn < 2; turn++) {
    const response = await fetch(`/${session}/open`, { method: "POST" });
    if (response.status === 403) return location.reload();
    if (!response.ok || !(await response.json()).again) return;
  }
}

function opened() {
  return navigator.locks ? navigator.locks.request("kayle-open", open) : open();
}

// A form that is sent before there is a cookie would be nobody's, so it waits.
function hold(ready) {
  const wait = (event) => {
    event.preventDefault();
    ready.then(() => event.target.submit());
  };
  addEventListener("submit", wait);
  ready.then(() => removeEventListener("submit", wait));
}

function wire() {
  ending.wire();
  pairing.wire();
}

async function start() {
  ending.wire();
  // An ended session is bound to nobody any more.
  if (document.body.dataset.ended === "true") return;
  // Without a network the page goes on trying to follow, and binds when it asks for a code.
  const ready = opened().catch(() => {});
  hold(ready);
  await ready;
  pairing.wire();
  follow(wire);
}

start();
