// The control: what may be done with proofs compiles, so the other files fail
// for what they do and for nothing else.
use emrtd::UnixSeconds;
use emrtd::trust::TrustStore;
use emrtd::verify::{
    ActiveFailure, ActiveProof, ChipFailure, ChipProof, Document, DocumentFiles, PassiveFailure,
    PassivelyAuthenticated, TerminalKey, active, passive,
};

pub fn document(
    files: DocumentFiles,
    trust: &TrustStore,
    now: UnixSeconds,
) -> Result<PassivelyAuthenticated<Document>, PassiveFailure> {
    passive(files, trust, now)?.into_document(now)
}

pub fn zone(proof: &PassivelyAuthenticated<Document>) -> &str {
    proof.get().mrz().document_number()
}

pub fn signed(
    proof: &PassivelyAuthenticated<Document>,
    challenge: [u8; 8],
    response: &[u8],
) -> Result<ActiveProof, ActiveFailure> {
    active(proof, challenge, response)
}

pub fn answered(
    terminal: TerminalKey,
    answers: &[&[u8]],
    response: &[u8],
) -> Result<ChipProof, ChipFailure> {
    terminal.agree(answers)?.verify(response)
}
