// Nor changed, taken apart or put around other bytes.
use emrtd::verify::{ActiveProof, Document, DocumentFiles, PassivelyAuthenticated};

pub fn field(proof: &mut PassivelyAuthenticated<DocumentFiles>, other: DocumentFiles) {
    proof.value = other; //~ E0616
}

pub fn through_get(proof: &mut PassivelyAuthenticated<DocumentFiles>, other: DocumentFiles) {
    *proof.get() = other; //~ E0594
}

pub fn through_reference(proof: &PassivelyAuthenticated<DocumentFiles>) -> &mut DocumentFiles {
    proof.get() //~ E0308
}

pub fn swap(proof: &mut PassivelyAuthenticated<DocumentFiles>, other: &mut DocumentFiles) {
    std::mem::swap(proof.get_mut(), other); //~ E0599
}

pub fn add_file(proof: &PassivelyAuthenticated<DocumentFiles>) -> DocumentFiles {
    proof.get().with(emrtd::lds::DataGroup::DG1, Vec::new()) //~ E0507
}

pub fn write_file(proof: &mut PassivelyAuthenticated<Document>) {
    proof.get().sod()[0] = 0; //~ E0594
}

pub fn other_challenge(proof: &mut ActiveProof) {
    proof.challenge = [0; 8]; //~ E0616
}

pub fn taken_out(proof: PassivelyAuthenticated<Document>) -> Document {
    let (document, _, _) = proof.into_parts(); //~ E0624
    document
}

pub fn mapped(proof: PassivelyAuthenticated<DocumentFiles>) -> PassivelyAuthenticated<Document> {
    proof.map(|_| todo!()) //~ E0599
}
