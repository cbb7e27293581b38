/// WebSocket close codes (RFC 6455 §7.4.1) that the server uses.
pub mod close {
    /// Normal closure: the session cannot be verified, and the error said why.
    pub const NORMAL: u16 = 1000;
    /// Policy violation: hello refused, verdict rejected, session ended.
    pub const POLICY: u16 = 1008;
    /// Message too big.
    pub const TOO_BIG: u16 = 1009;
    /// The server's fault.
    pub const INTERNAL: u16 = 1011;
}

super::codes! {
    /// The `code` of an `error` message on the socket.
    pub enum SocketCode {
        /// At connect: the id is not one of a session. In answer to a share
        /// selection: it names another session, and the socket stays open.
        InvalidSessionId = "INVALID_SESSION_ID",
        /// No such session.
        SessionNotFound = "SESSION_NOT_FOUND",
        /// The session is over, at connect or while the socket was open.
        SessionExpired = "SESSION_EXPIRED",
        /// The session was cancelled while the socket was open.
        SessionCancelled = "SESSION_CANCELLED",

        /// A hello without attempt, token or device, or for a second attempt.
        HelloAuthRequired = "HELLO_AUTH_REQUIRED",
        /// No such live attempt in this session.
        AttemptNotFound = "ATTEMPT_NOT_FOUND",
        /// The token is not the attempt's.
        HandoffTokenInvalid = "HANDOFF_TOKEN_INVALID",
        /// The token was not used in time.
        HandoffTokenExpired = "HANDOFF_TOKEN_EXPIRED",
        /// The token was used and its device is unknown.
        HandoffTokenConsumed = "HANDOFF_TOKEN_CONSUMED",
        /// The token was used by another device.
        HandoffDeviceMismatch = "HANDOFF_DEVICE_MISMATCH",
        /// Another socket holds the attempt, or has taken it over.
        AttemptConnectionActive = "ATTEMPT_CONNECTION_ACTIVE",
        /// The session takes no hello without a proof of the device key: its policy asks for
        /// one, or it was claimed with one.
        DeviceProofRequired = "DEVICE_PROOF_REQUIRED",
        /// The key is not on the curve or not the device id's, the signature does not verify, or
        /// no nonce is open.
        DeviceProofInvalid = "DEVICE_PROOF_INVALID",
        /// A match code has to be confirmed, and cannot be: the phone does not know how, or no
        /// browser is bound that could show it.
        MatchCodeUnsupported = "MATCH_CODE_UNSUPPORTED",
        /// The policy asks for page and phone in one network, and they are not seen in one.
        NetworkMismatch = "NETWORK_MISMATCH",
        /// Another code than the page shows was chosen; attempt and session have ended.
        MatchCodeWrong = "MATCH_CODE_WRONG",
        /// The session has more open sockets than any honest use needs.
        TooManyConnections = "TOO_MANY_CONNECTIONS",

        /// Too many messages before hello, too many unreadable ones, or too many refused hellos.
        RateLimited = "RATE_LIMITED",
        /// A ping was not answered.
        PongMissing = "PONG_MISSING",
        /// Nothing but pongs came for a long time.
        ConnectionIdle = "CONNECTION_IDLE",

        /// The frame, or the bytes in it, are too large.
        FrameTooLarge = "FRAME_TOO_LARGE",
        /// The server's fault.
        InternalError = "INTERNAL_ERROR",

        /// Something came before hello.
        HelloRequired = "HELLO_REQUIRED",
        /// Not a binary message.
        InvalidMessage = "INVALID_MESSAGE",
        /// Not a message of the schema.
        DecodeFailed = "DECODE_FAILED",
        /// The match code has to be confirmed before the phone may go on.
        MatchCodeRequired = "MATCH_CODE_REQUIRED",
        /// The phase does not follow the stored one.
        PhaseOutOfOrder = "PHASE_OUT_OF_ORDER",
        /// Chip data outside `nfc_reading`.
        NfcDataPhaseRequired = "NFC_DATA_PHASE_REQUIRED",
        /// A selfie outside `selfie_capturing`.
        SelfieDataPhaseRequired = "SELFIE_DATA_PHASE_REQUIRED",
        /// `nfc_complete` before the chip data; message is [`crate::NfcMissing`].
        NfcRequiredDataMissing = "NFC_REQUIRED_DATA_MISSING",
        /// `selfie_complete` before the selfies; message is [`crate::SelfieMissing`].
        SelfieRequiredDataMissing = "SELFIE_REQUIRED_DATA_MISSING",
        /// A chunk must be sent again; message is [`crate::ChunkRetry`].
        DataChunkRetry = "DATA_CHUNK_RETRY",
        /// The socket has uploaded too many bytes.
        TransferTooLarge = "TRANSFER_TOO_LARGE",
        /// The assembled artifact is too large.
        ArtifactTooLarge = "ARTIFACT_TOO_LARGE",
        /// The artifact has too many chunks.
        ChunkTotalTooLarge = "CHUNK_TOTAL_TOO_LARGE",
        /// A data kind of another schema.
        UnknownDataKind = "UNKNOWN_DATA_KIND",
        /// No signature after the 8 bytes of challenge.
        ActiveAuthPayloadInvalid = "ACTIVE_AUTH_PAYLOAD_INVALID",
        /// Answers of a chip that was not asked, or another number of them than of commands.
        ChipAuthOutOfOrder = "CHIP_AUTH_OUT_OF_ORDER",
        /// A word about the access to the chip that this server does not know.
        ChipAccessInvalid = "CHIP_ACCESS_INVALID",
        /// The selection names no field.
        ShareSelectionRequired = "SHARE_SELECTION_REQUIRED",
        /// The selection names a field that was not requested.
        ShareSelectionInvalidField = "SHARE_SELECTION_INVALID_FIELD",
        /// The selection lacks a required field.
        ShareSelectionMissingRequired = "SHARE_SELECTION_MISSING_REQUIRED",
    }
}

impl SocketCode {
    /// The close code that follows the error, or none when the socket stays
    /// open. Two codes depend on where they arise: `INVALID_SESSION_ID` about a
    /// share selection and `FRAME_TOO_LARGE` about `data.raw` stay open, and
    /// `SESSION_EXPIRED` after hello closes with [`close::POLICY`].
    #[must_use]
    pub const fn close_code(self) -> Option<u16> {
        match self {
            Self::InvalidSessionId | Self::SessionNotFound | Self::SessionExpired => {
                Some(close::NORMAL)
            }
            Self::SessionCancelled
            | Self::HelloAuthRequired
            | Self::AttemptNotFound
            | Self::HandoffTokenInvalid
            | Self::HandoffTokenExpired
            | Self::HandoffTokenConsumed
            | Self::HandoffDeviceMismatch
            | Self::AttemptConnectionActive
            | Self::RateLimited
            | Self::PongMissing
            | Self::ConnectionIdle
            | Self::DeviceProofRequired
            | Self::DeviceProofInvalid
            | Self::MatchCodeUnsupported
            | Self::NetworkMismatch
            | Self::MatchCodeWrong
            | Self::TooManyConnections => Some(close::POLICY),
            Self::FrameTooLarge => Some(close::TOO_BIG),
            Self::InternalError => Some(close::INTERNAL),
            Self::HelloRequired
            | Self::InvalidMessage
            | Self::DecodeFailed
            | Self::MatchCodeRequired
            | Self::PhaseOutOfOrder
            | Self::NfcDataPhaseRequired
            | Self::SelfieDataPhaseRequired
            | Self::NfcRequiredDataMissing
            | Self::SelfieRequiredDataMissing
            | Self::DataChunkRetry
            | Self::TransferTooLarge
            | Self::ArtifactTooLarge
            | Self::ChunkTotalTooLarge
            | Self::UnknownDataKind
            | Self::ActiveAuthPayloadInvalid
            | Self::ChipAuthOutOfOrder
            | Self::ChipAccessInvalid
            | Self::ShareSelectionRequired
            | Self::ShareSelectionInvalidField
            | Self::ShareSelectionMissingRequired => None,
        }
    }
}
