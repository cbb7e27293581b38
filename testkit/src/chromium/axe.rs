//! axe-core: a machine's judgement of accessibility.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Tab;
use crate::skipped;

/// What is asked of every page.
const RULES: &str = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']";

/// axe-core, as its makers publish it.
pub struct Axe(String);

impl Axe {
    /// The file that `TEST_AXE` names, or `tools/axe.min.js` in the folder that is built into;
    /// `None`, with a line that says so, where neither is there.
    pub fn find() -> Option<Self> {
        let named = std::env::var_os("TEST_AXE").map(PathBuf::from);
        let built = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
        let built =
            built.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"));
        let path = named.unwrap_or_else(|| built.join("tools/axe.min.js"));
        let source = std::fs::read_to_string(&path).ok();
        if source.is_none() {
            skipped(&format!("no axe-core at {}: `scripts/fetch-axe.sh` gets it", path.display()));
        }
        source.map(Self)
    }

    /// What it finds wrong with what a tab shows: a line each, with rule and element.
    pub async fn violations(&self, tab: &Tab) -> Vec<String> {
        // A page's policy on scripts does not bind those who look at it from outside.
        tab.evaluate(&format!("{}; true", self.0)).await;
        let run = format!(
            "(() => {{ const kept = window.setTimeout; if (window.testTime) window.setTimeout = testTime.later; return axe.run(document, {{ runOnly: {{ type: 'tag', values: {RULES} }}, resultTypes: ['violations'] }}).then((found) => found.violations.flatMap((violation) => violation.nodes.map((node) => `${{violation.id}}: ${{node.target.join(' ')}}: ${{node.failureSummary}}`)), (error) => [String(error)]).finally(() => {{ window.setTimeout = kept; }}); }})()"
        );
        match tab.evaluate(&run).await {
            Value::Array(found) => {
                found.iter().filter_map(|line| line.as_str().map(str::to_owned)).collect()
            }
            other => vec![format!("axe did not run: {other}")],
        }
    }
}
