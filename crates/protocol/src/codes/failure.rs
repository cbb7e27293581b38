super::codes! {
    /// Why an attempt failed.
    pub enum FailureCode {
        /// The session expired first.
        SessionExpired = "session_expired",
        /// The session was cancelled first.
        SessionCancelled = "session_cancelled",
        /// The phone chose another match code than the one on the page.
        MatchCodeWrong = "match_code_wrong",
        /// The document's signatures or hashes do not hold.
        PassportAuthenticityFailed = "passport_authenticity_failed",
        /// The chip did not prove its active-authentication key.
        PassportActiveAuthenticationFailed = "passport_active_authentication_failed",
        /// The chip did not prove its chip-authentication key.
        PassportChipAuthenticationFailed = "passport_chip_authentication_failed",
        /// The policy asks for a proof that the chip is no copy, and none was made.
        PassportChipProofMissing = "passport_chip_proof_missing",
        /// The policy asks for a current revocation list, and there is none of the signer's state.
        PassportRevocationUnknown = "passport_revocation_unknown",
        /// The document is past its date of expiry.
        DocumentExpired = "document_expired",
        /// The selfies do not show the person of the portrait.
        SelfieFaceMismatch = "selfie_face_mismatch",
        /// The document is genuine, but its data cannot be read.
        DocumentDataInvalid = "document_data_invalid",
    }
}

impl FailureCode {
    /// Whether a rejected verdict can carry it; the socket then closes with
    /// [`super::close::POLICY`] and the code as reason.
    #[must_use]
    pub const fn is_verdict(self) -> bool {
        !matches!(self, Self::SessionExpired | Self::SessionCancelled | Self::MatchCodeWrong)
    }
}
