//! Hands: keys and the pointer.

use serde_json::{Value, json};

use super::Tab;

/// The modifier bit of Shift.
const SHIFT: u8 = 8;

impl Tab {
    /// Presses a key, by its name in `KeyboardEvent.key`: `Tab`, `Enter`, `Escape`, `" "`, arrows.
    pub async fn press(&self, key: &str) {
        self.stroke(key, 0).await;
    }

    /// Presses Tab with Shift.
    pub async fn press_back_tab(&self) {
        self.stroke("Tab", SHIFT).await;
    }

    /// Types a text into what has the focus.
    pub async fn type_text(&self, text: &str) {
        self.call("Input.insertText", json!({ "text": text })).await;
    }

    /// Presses Tab until an element that matches has the focus; fails if none ever has.
    pub async fn tab_to(&self, selector: &str) {
        for _ in 0..60 {
            self.press("Tab").await;
            if self.evaluate(&format!("document.activeElement.matches({selector:?})")).await == true
            {
                return;
            }
        }
        panic!("Tab never comes to {selector}: {}", self.text().await);
    }

    /// Clicks in the middle of the first element that matches, as a hand does: what covers it
    /// takes the click.
    pub async fn click(&self, selector: &str) {
        self.until(&format!("document.querySelector({selector:?})?.getClientRects().length")).await;
        let middle = format!(
            "(() => {{ const element = document.querySelector({selector:?}); element.scrollIntoView({{ block: 'center', behavior: 'instant' }}); const box = element.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; }})()"
        );
        let middle = self.evaluate(&middle).await;
        for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
            let button = if kind == "mouseMoved" { "none" } else { "left" };
            let event = json!({
                "type": kind, "x": middle[0], "y": middle[1], "button": button, "clickCount": 1,
            });
            self.call("Input.dispatchMouseEvent", event).await;
        }
    }

    async fn stroke(&self, key: &str, modifiers: u8) {
        let (code, number, text) = match key {
            "Tab" => ("Tab", 9, Value::Null),
            "Enter" => ("Enter", 13, json!("\r")),
            "Escape" => ("Escape", 27, Value::Null),
            " " => ("Space", 32, json!(" ")),
            "ArrowDown" => ("ArrowDown", 40, Value::Null),
            "ArrowUp" => ("ArrowUp", 38, Value::Null),
            other => panic!("the keyboard has no {other}"),
        };
        let mut event = json!({
            "type": if text.is_null() { "rawKeyDown" } else { "keyDown" }, "key": key,
            "code": code, "windowsVirtualKeyCode": number, "modifiers": modifiers,
        });
        if !text.is_null() {
            event["text"] = text;
        }
        self.call("Input.dispatchKeyEvent", event.clone()).await;
        event["type"] = json!("keyUp");
        event.as_object_mut().unwrap().remove("text");
        self.call("Input.dispatchKeyEvent", event).await;
    }
}
