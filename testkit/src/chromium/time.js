// Time as the page sees it: the machine's, and what a test adds. `pass` adds to clocks and timers,
// `sleep` to the clock on the wall only, as a machine does that was shut.
(() => {
  const begun = Date.now() - performance.now();
  const running = performance.now.bind(performance);
  let held = null;
  const steady = () => held ?? running();
  const wall = () => begun + Math.round(steady());
  const later = window.setTimeout.bind(window);
  const never = window.clearTimeout.bind(window);
  const timers = new Map();
  let passed = 0;
  let slept = 0;
  let last = 1000000;
  const now = () => steady() + passed;
  const arm = (id, timer) => {
    never(timer.handle);
    if (held !== null) return;
    timer.handle = later(() => fire(id), Math.max(0, timer.at - now()));
  };
  const fire = (id) => {
    const timer = timers.get(id);
    if (!timer) return;
    never(timer.handle);
    if (timer.every === null) timers.delete(id);
    else {
      timer.at = now() + timer.every;
      arm(id, timer);
    }
    timer.run(...timer.given);
  };
  const start = (run, delay, every, given) => {
    last += 1;
    const timer = { run, at: now() + (Number(delay) || 0), every, given, handle: 0 };
    timers.set(last, timer);
    arm(last, timer);
    return last;
  };
  const stop = (id) => {
    never(timers.get(id)?.handle);
    timers.delete(id);
  };
  window.setTimeout = (run, delay = 0, ...given) => start(run, delay, null, given);
  window.setInterval = (run, delay = 0, ...given) => start(run, delay, Math.max(1, delay), given);
  window.clearTimeout = stop;
  window.clearInterval = stop;
  performance.now = now;
  const RealDate = Date;
  window.Date = class extends RealDate {
    constructor(...given) {
      if (given.length === 0) super(RealDate.now());
      else super(...given);
    }
  };
  RealDate.now = () => wall() + passed + slept;
  window.Date.now = RealDate.now;
  // Answers and promises come in between two timers.
  const breathe = () => new Promise((done) => later(done, 1));
  window.testTime = {
    // For those who look at the page from outside, and whose time goes on.
    later,
    async pass(span) {
      const end = now() + span;
      for (;;) {
        const due = [...timers].filter(([, timer]) => timer.at <= end).sort((a, b) => a[1].at - b[1].at)[0];
        if (!due) break;
        passed += Math.max(0, due[1].at - now());
        fire(due[0]);
        await breathe();
      }
      passed += Math.max(0, end - now());
      for (const [id, timer] of timers) arm(id, timer);
      return true;
    },
    hold() {
      held = running();
      for (const [id, timer] of timers) arm(id, timer);
      return true;
    },
    sleep(span) {
      slept += span;
      document.dispatchEvent(new Event("visibilitychange"));
      return true;
    },
  };
})();
