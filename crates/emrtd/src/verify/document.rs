use super::country::{self, Agreement};
use super::failure::Fault;
use super::{CheckName, DocumentFiles, PassiveFailure, PassiveReason, PassiveReport};
use super::{Outcome, PassivelyAuthenticated};
use crate::UnixSeconds;
use crate::lds::DataGroup;
use crate::lds::dg1::{self, Dg1};
use crate::lds::dg2::{self, Dg2, Portrait};
use crate::mrz::Mrz;
use crate::trust::type_covers;

/// A document whose holder page and portrait were read from proven bytes.
///
/// Zeroized on drop.
#[derive(Debug)]
pub struct Document {
    files: DocumentFiles,
    mrz: Mrz,
    portrait: Portrait,
}

impl Document {
    /// The machine readable zone of DG1.
    pub fn mrz(&self) -> &Mrz {
        &self.mrz
    }

    /// The portrait of DG2.
    pub fn portrait(&self) -> &Portrait {
        &self.portrait
    }

    /// The whole file of a data group, exactly as it was hashed.
    pub fn group(&self, group: DataGroup) -> Option<&[u8]> {
        self.files.group(group)
    }

    /// The whole EF.SOD.
    pub fn sod(&self) -> &[u8] {
        self.files.sod()
    }
}

impl PassivelyAuthenticated<DocumentFiles> {
    /// Reads DG1 and DG2 from the proven bytes, and checks that the issuing
    /// state of the document is that of its signer.
    ///
    /// `at` resolves the centuries of the dates.
    ///
    /// # Errors
    /// When DG1 or DG2 is missing or cannot be read, or the states differ.
    pub fn into_document(
        self,
        at: UnixSeconds,
    ) -> Result<PassivelyAuthenticated<Document>, PassiveFailure> {
        let (files, mut report, digest) = self.into_parts();
        let mut step = CheckName::RequiredDataGroups;
        match read(&files, &mut report, &mut step, at) {
            Ok((mrz, portrait)) => {
                let document = Document { files, mrz, portrait };
                Ok(PassivelyAuthenticated::from_parts(document, report, digest))
            }
            Err(fault) => Err(fault.into_failure(step, report)),
        }
    }
}

fn read(
    files: &DocumentFiles,
    report: &mut PassiveReport,
    step: &mut CheckName,
    at: UnixSeconds,
) -> Result<(Mrz, Portrait), Fault> {
    let dg1 = required(files, report, DataGroup::DG1)?;
    let dg2 = required(files, report, DataGroup::DG2)?;
    report.passed(*step, "DG1, DG2");

    *step = CheckName::Mrz;
    let mrz = Dg1::parse(dg1, at).map_err(dg1_fault)?.into_mrz();
    report.passed(*step, mrz.format().to_string());

    report.document_expired = mrz.expiry_date().is_before(at.date());

    let (kind, number) = (mrz.document_code(), mrz.document_number());
    report.deviations.retain(|known| {
        known.deviation().is_some_and(|deviation| deviation.may_concern_document(kind, number))
    });

    *step = CheckName::Portrait;
    let portrait = Dg2::parse(dg2).map_err(dg2_fault)?.into_portrait();
    report.passed(*step, format!("{:?}", portrait.format));

    *step = CheckName::CountryOfDocument;
    let signer = report
        .chain
        .first()
        .zip(report.chain.get(1))
        .and_then(|(signer, csca)| signer.country.as_deref().or(csca.country.as_deref()));
    match country::agreement(mrz.issuing_state(), signer.unwrap_or_default()) {
        Agreement::Same => report.passed(*step, ""),
        Agreement::Exception(why) => {
            report.add(*step, Outcome::Noted(why.to_owned()), "");
        }
        Agreement::Different => {
            return Err(Fault::group(PassiveReason::DocumentCountryMismatch, DataGroup::DG1));
        }
    }
    *step = CheckName::DocumentType;
    document_type(report, mrz.document_code());
    Ok((mrz, portrait))
}

/// Whether the signer is limited to documents of other types. Noted only:
/// lists without the second letter a state has begun to use are common.
fn document_type(report: &mut PassiveReport, code: &str) {
    let name = CheckName::DocumentType;
    let Some(types) = &report.signer_document_types else {
        return report.add(name, Outcome::NotDone, "the signer is not limited");
    };
    if types.iter().any(|listed| type_covers(listed, code)) {
        report.passed(name, "");
    } else {
        let note = "the signer is limited to other document types";
        report.add(name, Outcome::Noted(note.to_owned()), "");
    }
}

fn required<'a>(
    files: &'a DocumentFiles,
    report: &PassiveReport,
    group: DataGroup,
) -> Result<&'a [u8], Fault> {
    // Every file given was hashed by `passive`, or there would be no proof.
    if let Some(file) = files.group(group) {
        return Ok(file);
    }
    let reason = if report.not_given.contains(&group) {
        PassiveReason::MissingRequiredArtifacts
    } else {
        PassiveReason::RequiredDgHashMissing
    };
    Err(Fault::group(reason, group))
}

fn dg1_fault(error: dg1::Error) -> Fault {
    match error {
        dg1::Error::Structure(inner) => Fault::group(PassiveReason::ParseFailure, DataGroup::DG1)
            .at(Some(inner.offset))
            .because(inner.kind),
        dg1::Error::Mrz { error, offset } => {
            Fault::group(PassiveReason::MrzInvalid, DataGroup::DG1).at(Some(offset)).because(error)
        }
    }
}

fn dg2_fault(error: dg2::Error) -> Fault {
    let (reason, offset, detail) = match error {
        dg2::Error::Structure(inner) => {
            (PassiveReason::PortraitInvalid, inner.offset, inner.kind.to_string())
        }
        dg2::Error::Unsupported { what, offset } => {
            (PassiveReason::PortraitUnsupported, offset, what.to_owned())
        }
    };
    Fault::group(reason, DataGroup::DG2).at(Some(offset)).because(detail)
}
