// Chip proofs are about documents that are proven, and are made once.
use emrtd::crypto::agreement::Random;
use emrtd::verify::{
    ActiveFailure, ActiveProof, ChipChallenge, ChipFailure, ChipProof, DocumentFiles, TerminalKey,
    active,
};

pub fn unproven_active(files: &DocumentFiles) -> Result<ActiveProof, ActiveFailure> {
    active(files, [0; 8], &[]) //~ E0308
}

pub fn unproven_chip(
    files: &DocumentFiles,
    random: &mut Random<'_>,
) -> Result<TerminalKey, ChipFailure> {
    TerminalKey::generate(files, [0; 8], random) //~ E0308
}

pub fn answered_twice(challenge: ChipChallenge) -> Option<ChipProof> {
    challenge.verify(&[0]).ok();
    challenge.verify(&[1]).ok() //~ E0382
}

pub fn copied_key(terminal: &TerminalKey) -> TerminalKey {
    terminal.clone() //~ E0308
}

pub fn copied_challenge(challenge: &ChipChallenge) -> ChipChallenge {
    challenge.clone() //~ E0308
}
