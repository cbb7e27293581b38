// Nor had from a default, a constructor, a conversion or an impl of one's own.
use emrtd::verify::{
    ActiveProof, ChipProof, DocumentFiles, PassiveReport, PassivelyAuthenticated,
};

type Proof = PassivelyAuthenticated<DocumentFiles>;

pub fn default() -> Proof {
    Proof::default() //~ E0599
}

pub fn default_active() -> ActiveProof {
    ActiveProof::default() //~ E0599
}

pub fn default_chip() -> ChipProof {
    ChipProof::default() //~ E0599
}

pub fn constructor(files: DocumentFiles, report: PassiveReport) -> Proof {
    Proof::from_parts(files, report, [0; 32]) //~ E0624
}

pub fn from(files: DocumentFiles) -> Proof {
    files.into() //~ E0277
}

pub fn try_from(files: DocumentFiles) -> Option<Proof> {
    files.try_into().ok() //~ E0277
}

pub fn parsed(text: &str) -> Option<Proof> {
    text.parse().ok() //~ E0277
}

impl PassivelyAuthenticated<DocumentFiles> { //~ E0116
    pub fn mine() {}
}
