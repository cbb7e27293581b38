//! What people read on the pages, in their language.
//!
//! The texts are the files of `locales/`, in the form of Fluent. The build compares each with
//! `en.ftl` and writes a method for each message, so that a text that is missing, or asked for with
//! other variables, is an error of the build. Names and numbers inside a text stand between
//! isolating marks (U+2068, U+2069): a name in Latin letters does not turn an Arabic sentence around.

mod negotiation;
mod source;

use domain::attempt::{FailureCode, VerdictCode};
use domain::claim::Claim;
use fluent_bundle::FluentValue;

use source::Bundle;

include!(concat!(env!("OUT_DIR"), "/texts.rs"));

/// Which way a text runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From left to right.
    LeftToRight,
    /// From right to left.
    RightToLeft,
}

impl Direction {
    /// The value of HTML's `dir`.
    #[must_use]
    pub const fn html(self) -> &'static str {
        match self {
            Self::LeftToRight => "ltr",
            Self::RightToLeft => "rtl",
        }
    }
}

/// The texts of one locale: a method for each message of `locales/en.ftl`.
#[derive(Clone, Copy)]
pub struct Texts {
    locale: Locale,
    bundle: &'static Bundle,
}

impl std::fmt::Debug for Texts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Texts").field(&self.locale).finish()
    }
}

impl Texts {
    /// The texts of this locale.
    #[must_use]
    pub fn of(locale: Locale) -> Self {
        Self { locale, bundle: source::bundle(locale) }
    }

    /// The locale.
    #[must_use]
    pub const fn locale(self) -> Locale {
        self.locale
    }

    /// What a claim is called, when `organization` asks for it.
    #[must_use]
    pub fn claim(self, claim: Claim, organization: &str) -> String {
        match claim {
            Claim::DocumentTypeCode => self.claim_document_type_code(),
            Claim::IssuingCountryCode => self.claim_issuing_country_code(),
            Claim::FamilyName => self.claim_family_name(),
            Claim::GivenNames => self.claim_given_names(),
            Claim::DocumentNumber => self.claim_document_number(),
            Claim::NationalityCode => self.claim_nationality_code(),
            Claim::DateOfBirth => self.claim_date_of_birth(),
            Claim::SexMarker => self.claim_sex_marker(),
            Claim::DocumentExpiryDate => self.claim_document_expiry_date(),
            Claim::MrzOptionalData => self.claim_mrz_optional_data(),
            Claim::DocumentPhoto => self.claim_document_photo(),
            Claim::KayleDocumentId => self.claim_kayle_document_id(organization),
            Claim::KayleHumanId => self.claim_kayle_human_id(),
            Claim::AgeOver(years) => self.claim_age_over(u64::from(years)),
        }
    }

    /// Why an attempt failed and what can be tried, when `organization` asked.
    #[must_use]
    pub fn failure(self, code: FailureCode, organization: &str) -> String {
        match code {
            FailureCode::SessionExpired => self.expired_heading(),
            FailureCode::SessionCancelled => self.cancelled_heading(),
            FailureCode::MatchCodeWrong => self.failure_match_code_wrong(),
            FailureCode::Verdict(verdict) => self.verdict(verdict, organization),
        }
    }

    /// What to try after an attempt that failed, if something is to be tried.
    pub fn advice(self, code: FailureCode) -> Option<String> {
        use VerdictCode as V;
        let FailureCode::Verdict(verdict) = code else { return None };
        Some(match verdict {
            V::PassportAuthenticityFailed => self.failure_passport_authenticity_failed_try(),
            V::PassportActiveAuthenticationFailed => {
                self.failure_passport_active_authentication_failed_try()
            }
            V::PassportChipAuthenticationFailed => {
                self.failure_passport_chip_authentication_failed_try()
            }
            V::PassportChipProofMissing => self.failure_passport_chip_proof_missing_try(),
            V::PassportRevocationUnknown => self.failure_passport_revocation_unknown_try(),
            V::DocumentExpired => self.failure_document_expired_try(),
            V::DocumentDataInvalid => self.failure_document_data_invalid_try(),
        })
    }

    fn verdict(self, code: VerdictCode, organization: &str) -> String {
        match code {
            VerdictCode::PassportAuthenticityFailed => self.failure_passport_authenticity_failed(),
            VerdictCode::PassportActiveAuthenticationFailed => {
                self.failure_passport_active_authentication_failed()
            }
            VerdictCode::PassportChipAuthenticationFailed => {
                self.failure_passport_chip_authentication_failed()
            }
            VerdictCode::PassportChipProofMissing => {
                self.failure_passport_chip_proof_missing(organization)
            }
            VerdictCode::PassportRevocationUnknown => {
                self.failure_passport_revocation_unknown(organization)
            }
            VerdictCode::DocumentExpired => self.failure_document_expired(),
            VerdictCode::DocumentDataInvalid => self.failure_document_data_invalid(),
        }
    }

    fn render<const N: usize>(self, name: &str, arguments: [(&str, FluentValue<'_>); N]) -> String {
        let arguments = arguments.into_iter().collect();
        source::format(self.bundle, name, &arguments)
            .or_else(|| source::format(source::bundle(Locale::default()), name, &arguments))
            .unwrap_or_else(|| name.to_owned())
    }
}

#[cfg(test)]
#[path = "../build/catalog.rs"]
mod catalog;
#[cfg(test)]
mod tests;
