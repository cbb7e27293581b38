//! A person at our page, in a real browser.

use protocol::HandoffLink;

use crate::{Chromium, Created, Handoff, Screen, Tab, read_qr_codes};

/// A tab with the page of one session.
pub struct Visit {
    /// The tab.
    pub tab: Tab,
    /// `vs_…`
    pub session: String,
}

impl Visit {
    /// A browser of its own that opens a session's link.
    pub async fn open(chromium: &Chromium, screen: Screen, session: &Created) -> Self {
        Self::in_tab(chromium.window(screen).await, session).await
    }

    /// A tab that opens a session's link.
    pub async fn in_tab(tab: Tab, session: &Created) -> Self {
        tab.open(session.url()).await;
        Self { tab, session: session.id.clone() }
    }

    /// A browser of its own that opens a session's link and agrees: it is at the way to the phone.
    pub async fn agreed(chromium: &Chromium, screen: Screen, session: &Created) -> Self {
        let visit = Self::open(chromium, screen, session).await;
        visit.agree().await;
        visit
    }

    /// Agrees, by the button.
    pub async fn agree(&self) {
        self.tab.until_screen("consent").await;
        self.tab.click("form[action*='/consent'] button").await;
        self.tab.until_screen("offer").await;
        // Its script has the cookie, and hears what is pressed.
        self.tab.until("onsubmit === null").await;
    }

    /// Declines, by the button.
    pub async fn decline(&self) {
        self.tab.until_screen("consent").await;
        self.tab.click("form[action*='/decline'] button").await;
    }

    /// Cancels, by the buttons.
    pub async fn cancel(&self) {
        self.tab.click("#cancel > summary").await;
        self.tab.click("#cancel form button").await;
    }

    /// The code on the screen, as a camera reads it.
    pub async fn scan(&self) -> HandoffLink {
        HandoffLink::parse(&self.scan_text().await).unwrap()
    }

    /// What the code on the screen says. There must be one, and only one.
    pub async fn scan_text(&self) -> String {
        self.tab.until("document.querySelector('#qr svg').getClientRects().length").await;
        self.tab.evaluate("document.querySelector('#qr').scrollIntoView({ block: 'center', behavior: 'instant' })").await;
        let mut codes = read_qr_codes(&self.tab.screenshot().await);
        assert_eq!(codes.len(), 1, "one code is drawn");
        codes.remove(0)
    }

    /// The link behind the button for this phone.
    pub async fn button(&self) -> HandoffLink {
        let there = "document.getElementById('open-app').getAttribute('href')";
        self.tab.until(&format!("{there}?.includes('#')")).await;
        let link = self.tab.read("document.getElementById('open-app').href").await;
        HandoffLink::parse(&link).unwrap()
    }

    /// The handoff that the page offers now.
    pub async fn handoff(&self) -> Handoff {
        let ask = format!(
            "fetch('/{}/handoff', {{ method: 'POST' }}).then((answer) => answer.json()).then((handoff) => handoff.link)",
            self.session
        );
        Handoff::of(&HandoffLink::parse(&self.tab.read(&ask).await).unwrap())
    }
}
