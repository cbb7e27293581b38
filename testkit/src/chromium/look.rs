//! What a window looks like, and whose it is.

use serde_json::json;

use super::Tab;

/// What a window looks like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Screen {
    /// Width in CSS pixels.
    pub width: u32,
    /// Height in CSS pixels.
    pub height: u32,
    /// How many pixels of the screen one CSS pixel is wide. A page that is zoomed is one of fewer,
    /// wider CSS pixels.
    pub scale: f64,
    /// Whether the person prefers dark colours.
    pub dark: bool,
    /// Whether the person prefers that nothing moves.
    pub reduced_motion: bool,
    /// Whether it is drawn for paper.
    pub print: bool,
    /// Whether it is touched.
    pub touch: bool,
    /// What the browser says it is, if not itself.
    pub user_agent: &'static str,
    /// What the browser says the person reads, as in `Accept-Language`.
    pub language: &'static str,
}

impl Screen {
    /// A computer.
    pub const DESKTOP: Self = Self {
        width: 1000,
        height: 1300,
        scale: 1.0,
        dark: false,
        reduced_motion: false,
        print: false,
        touch: false,
        user_agent: "",
        language: "en",
    };
    /// A phone.
    pub const PHONE: Self = Self {
        width: 390,
        height: 844,
        touch: true,
        user_agent: "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
        ..Self::DESKTOP
    };
    /// A tablet that says so.
    pub const TABLET: Self = Self {
        width: 820,
        height: 1180,
        touch: true,
        user_agent: "Mozilla/5.0 (Linux; Android 15; Pixel Tablet) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
        ..Self::DESKTOP
    };
    /// The narrowest window without scrolling sideways that WCAG 2.2 asks for (1.4.10).
    pub const NARROW: Self = Self { width: 320, height: 568, ..Self::DESKTOP };
    /// A window of 1280 by 1024 at 400 %.
    pub const ZOOMED: Self = Self { width: 320, height: 256, scale: 4.0, ..Self::DESKTOP };

    /// The same in dark colours.
    #[must_use]
    pub const fn dark(self) -> Self {
        Self { dark: true, ..self }
    }

    /// The same for people who read this.
    #[must_use]
    pub const fn reading(self, language: &'static str) -> Self {
        Self { language, ..self }
    }

    /// The same on paper.
    #[must_use]
    pub const fn printed(self) -> Self {
        Self { print: true, ..self }
    }

    /// The same without motion.
    #[must_use]
    pub const fn still(self) -> Self {
        Self { reduced_motion: true, ..self }
    }
}

impl Tab {
    /// Changes what the window looks like and whose it is.
    pub async fn look(&self, screen: Screen) {
        let own = screen.user_agent.is_empty();
        let agent = if own { &self.user_agent } else { screen.user_agent };
        let agent = json!({ "userAgent": agent, "acceptLanguage": screen.language });
        self.call("Emulation.setUserAgentOverride", agent).await;
        self.size(screen).await;
    }

    /// Changes the size and the colours only: to a server it is the same browser.
    pub async fn size(&self, screen: Screen) {
        let metrics = json!({
            "width": screen.width, "height": screen.height,
            "deviceScaleFactor": screen.scale, "mobile": screen.touch,
        });
        self.call("Emulation.setDeviceMetricsOverride", metrics).await;
        let touch = json!({ "enabled": screen.touch, "maxTouchPoints": 5 });
        self.call("Emulation.setTouchEmulationEnabled", touch).await;
        let scheme = if screen.dark { "dark" } else { "light" };
        let motion = if screen.reduced_motion { "reduce" } else { "no-preference" };
        let media = json!({
            "media": if screen.print { "print" } else { "" },
            "features": [
                { "name": "prefers-color-scheme", "value": scheme },
                { "name": "prefers-reduced-motion", "value": motion },
            ],
        });
        self.call("Emulation.setEmulatedMedia", media).await;
    }
}
