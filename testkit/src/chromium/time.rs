//! The browser's time, which a test moves.

use super::Tab;

/// Timers and clocks of the page, moved from outside.
const CLOCK: &str = include_str!("time.js");

impl Tab {
    /// From the next page on, time can be moved.
    pub async fn take_time(&self) {
        self.before_scripts(CLOCK).await;
    }

    /// From the next page on, no time passes in any page, but by `pass`.
    pub async fn stop_time(&self) {
        self.before_scripts(&format!("{CLOCK}testTime.hold();")).await;
    }

    /// Lets time pass in the page: its timers fire in their order, each once its time has come.
    pub async fn pass(&self, milliseconds: u64) {
        assert_eq!(self.evaluate(&format!("testTime.pass({milliseconds})")).await, true);
    }

    /// Lets the machine sleep: the clock goes on and the timers do not; then the window is back.
    pub async fn sleep(&self, milliseconds: u64) {
        assert_eq!(self.evaluate(&format!("testTime.sleep({milliseconds})")).await, true);
    }

    /// Lets no time pass in the page any more, but by `pass`.
    pub async fn hold_time(&self) {
        assert_eq!(self.evaluate("testTime.hold()").await, true);
    }
}
