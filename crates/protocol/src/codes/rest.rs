super::codes! {
    /// The `code` of a REST error.
    pub enum RestCode {
        /// No or unknown credentials.
        Unauthorized = "UNAUTHORIZED",
        /// The credentials lack the scope or role.
        Forbidden = "FORBIDDEN",
        /// The organization is frozen.
        OrganizationFrozen = "ORGANIZATION_FROZEN",
        /// No such object, or another organization's.
        NotFound = "NOT_FOUND",
        /// A required filter or member is missing.
        BadRequest = "BAD_REQUEST",
        /// The object's state does not allow it.
        Conflict = "CONFLICT",
        /// Our fault.
        InternalServerError = "INTERNAL_SERVER_ERROR",
        /// A request that cannot be understood.
        InvalidRequest = "INVALID_REQUEST",

        /// `share_fields` has the wrong shape.
        InvalidShareFields = "INVALID_SHARE_FIELDS",
        /// A claim key outside the catalogue.
        UnknownClaimKey = "UNKNOWN_CLAIM_KEY",
        /// An `age_over_` key with a bad number.
        InvalidAgeGateKey = "INVALID_AGE_GATE_KEY",
        /// More than one age gate.
        MultipleAgeGatesNotAllowed = "MULTIPLE_AGE_GATES_NOT_ALLOWED",
        /// Date of birth and an age gate together.
        DobAndAgeGateConflict = "DOB_AND_AGE_GATE_CONFLICT",
        /// A field without a reason.
        ReasonRequired = "REASON_REQUIRED",
        /// A reason of more than 200 UTF-16 units.
        ReasonTooLong = "REASON_TOO_LONG",
        /// More than 32 fields.
        TooManyShareFields = "TOO_MANY_SHARE_FIELDS",

        /// The id is not one of a session.
        InvalidSessionId = "INVALID_SESSION_ID",
        /// No such session.
        SessionNotFound = "SESSION_NOT_FOUND",
        /// The session is over.
        SessionExpired = "SESSION_EXPIRED",
        /// A phone has already claimed the session.
        SessionInProgress = "SESSION_IN_PROGRESS",
        /// The cancel token is wrong.
        CancelTokenInvalid = "CANCEL_TOKEN_INVALID",
        /// The cancel token was used before.
        CancelTokenUsed = "CANCEL_TOKEN_USED",
        /// The route is a WebSocket.
        WebsocketRequired = "WEBSOCKET_REQUIRED",

        /// The webhook URL breaks the rules.
        WebhookUrlRejected = "WEBHOOK_URL_REJECTED",
        /// No such API key.
        ApiKeyNotFound = "API_KEY_NOT_FOUND",
        /// The API key could not be deleted.
        ApiKeyNotDeleted = "API_KEY_NOT_DELETED",
        /// The logo is no allowed image.
        InvalidLogo = "INVALID_LOGO",
        /// The organization is already to be deleted.
        AlreadyScheduled = "ALREADY_SCHEDULED",
        /// The organization is not to be deleted.
        NotScheduled = "NOT_SCHEDULED",
        /// The confirmation code is wrong.
        InvalidCode = "INVALID_CODE",
        /// The confirmation code is too old.
        CodeExpired = "CODE_EXPIRED",
    }
}
