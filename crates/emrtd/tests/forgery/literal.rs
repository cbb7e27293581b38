// Proofs and what they hold cannot be written down.
use emrtd::lds::dg2::Portrait;
use emrtd::mrz::Mrz;
use emrtd::verify::{
    ActiveAlgorithm, ActiveProof, ChipAlgorithm, ChipProof, Document, DocumentFiles,
    PassiveReport, PassivelyAuthenticated,
};

pub fn passive(value: DocumentFiles, report: PassiveReport) -> PassivelyAuthenticated<DocumentFiles> {
    PassivelyAuthenticated { value, report, digest: [0; 32] } //~ E0451
}

pub fn document(files: DocumentFiles, mrz: Mrz, portrait: Portrait) -> Document {
    Document { files, mrz, portrait } //~ E0451
}

pub fn active(algorithm: ActiveAlgorithm) -> ActiveProof {
    ActiveProof { document: [0; 32], challenge: [0; 8], algorithm } //~ E0451
}

pub fn chip(algorithm: ChipAlgorithm) -> ChipProof {
    ChipProof { document: [0; 32], challenge: [0; 8], algorithm } //~ E0451
}

pub fn updated(proof: ActiveProof) -> ActiveProof {
    ActiveProof { challenge: [0; 8], ..proof } //~ E0451
}
