//! That the person at the page agreed: to which text, in which language, when. Nothing about who
//! they are.

use crate::time::Timestamp;

/// A recorded consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// The version of the text that was shown.
    pub version: String,
    /// The language that it was shown in, a code such as `de`.
    pub locale: String,
    /// When.
    pub at: Timestamp,
}
