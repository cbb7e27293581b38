//! The ways in which a simulated state breaks the rules, to test refusals.

use crate::lds::DataGroup;

/// A way in which EF.SOD breaks the rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flaw {
    /// It breaks none.
    #[default]
    None,

    /// The file starts with the tag `78`.
    WrongTemplate,
    /// The length of the file's template is one too small.
    TemplateTooShort,
    /// The length of the file's template is one too large.
    TemplateTooLong,

    /// `SignedData` of another version than 3.
    SignedDataVersion(u8),
    /// `SignedData` without a version.
    NoSignedDataVersion,
    /// `digestAlgorithms` names MD5 alone.
    Md5Announced,
    /// There is no `digestAlgorithms`.
    NoDigestAlgorithms,
    /// `digestAlgorithms` is empty.
    EmptyDigestAlgorithms,
    /// The content is labelled as a master list.
    WrongContentType,
    /// The content has no label.
    NoContentType,
    /// The signer's certificate is not embedded.
    NoCertificate,
    /// There is no signer.
    NoSigner,
    /// The same signer signs twice.
    TwoSigners,

    /// `SignerInfo` of another version than its identifier demands.
    SignerVersion(u8),
    /// `SignerInfo` without a version.
    NoSignerVersion,
    /// The signer identifier names another certificate.
    WrongSignerId,
    /// So it does, and the certificate of the master list signer is embedded
    /// too.
    WrongSignerIdAmongTwo,
    /// The signer's digest is MD5.
    Md5Digest,
    /// The signer names no digest.
    NoDigestAlgorithm,
    /// The signed `contentType` is that of plain data.
    WrongSignedContentType,
    /// There is no signed `contentType`.
    NoSignedContentType,
    /// The signed `messageDigest` is of something else.
    WrongMessageDigest,
    /// There is no signed `messageDigest`.
    NoMessageDigest,
    /// The signed `messageDigest` is there twice.
    TwoMessageDigests,
    /// The signature covers the content itself.
    NoSignedAttributes,
    /// The signature is RSA PKCS#1 v1.5 with MD5, or ECDSA called so.
    Md5Signature,
    /// The last byte of the signature is another one.
    WrongSignature,
    /// The signature is left out.
    NoSignature,
    /// The signature is of the certificate for master lists.
    SignedByMasterListSigner,
    /// The signature is of the CSCA itself.
    SignedByCsca,
    /// The PSS trailer field is 2.
    PssTrailer,
    /// The PSS salt length is not that of the signature.
    PssSaltLength,
    /// The PSS mask is of MD5.
    PssMask,

    /// The LDS security object has this version, whatever it holds.
    ObjectVersion(u8),
    /// The LDS security object has no version.
    NoObjectVersion,
    /// The data groups are hashed with MD5.
    Md5GroupHashes,
    /// The LDS security object names no digest.
    NoObjectDigest,
    /// The hash of a data group is of something else.
    WrongGroupHash(DataGroup),
    /// A data group is not listed.
    NoGroupHash(DataGroup),
    /// A data group that does not exist is listed.
    ExtraGroupHash(DataGroup),
    /// A data group is listed as another one.
    RenamedGroup(DataGroup, DataGroup),
    /// A data group is listed under the number 255.
    WrongGroupNumber(DataGroup),
    /// A data group is listed without a number.
    NoGroupNumber(DataGroup),
    /// A data group is listed twice.
    RepeatedGroup(DataGroup),
}

/// A way in which a certificate breaks the rules. The signature is right
/// unless the flaw is in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateFlaw {
    /// It breaks none.
    #[default]
    None,

    /// This version number, where 2 stands for version 3.
    Version(u8),
    /// No version, which means version 1.
    NoVersion,
    /// No serial number.
    NoSerial,
    /// The signature algorithm inside is another one than outside.
    AlgorithmsDiffer,
    /// The parameters of the algorithm outside, where nobody signed them, are
    /// others than inside.
    ParametersDiffer,
    /// No signature algorithm inside.
    NoSignatureElement,
    /// The issuer has no country.
    IssuerWithoutCountry,
    /// The issuer is another one of the same country.
    OtherIssuer,
    /// So it is, and there is no authority key identifier.
    OtherIssuerAlone,
    /// No issuer.
    NoIssuer,
    /// Dates before 2050 with years of four digits.
    GeneralizedTime,
    /// No validity period.
    NoValidity,
    /// It expired before the state's day.
    Expired,
    /// It is not valid yet on the state's day.
    NotYetValid,
    /// The subject has no country.
    SubjectWithoutCountry,
    /// The public key is labelled RSA with MD5.
    Md5PublicKey,
    /// No public key.
    NoPublicKey,

    /// The authority key identifier has no key identifier.
    EmptyAuthorityKeyId,
    /// No authority key identifier.
    NoAuthorityKeyId,
    /// The authority key identifier is of another key.
    WrongAuthorityKeyId,
    /// No subject key identifier.
    NoSubjectKeyId,
    /// The key usage is not critical.
    KeyUsageNotCritical,
    /// The key usage is another one: key encipherment.
    WrongKeyUsage,
    /// No key usage.
    NoKeyUsage,
    /// The key usage is no bit string.
    MalformedKeyUsage,
    /// The basic constraints say the opposite of what it is.
    WrongBasicConstraints,
    /// An extended key usage for signing deviation lists.
    OtherPurpose,
    /// A critical extension that nobody knows.
    UnknownCritical,
    /// An extension is there twice.
    RepeatedExtension,

    /// It is signed with RSA PKCS#1 v1.5 and MD5, or labelled so.
    Md5Signature,
    /// No signature algorithm outside.
    NoSignatureAlgorithm,
    /// The last byte of the signature is another one.
    WrongSignature,
    /// The signature is not of whole octets.
    UnusedBits,
    /// No signature.
    NoSignatureValue,
}

/// A way in which a CRL breaks the rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CrlFlaw {
    /// It breaks none.
    #[default]
    None,
    /// The last byte of the signature is another one.
    WrongSignature,
    /// It lists only changes since another one.
    Delta,
    /// It is for certificates of CAs only.
    PartialScope,
    /// It is signed with MD5, or labelled so.
    Md5Signature,
    /// Bytes follow it.
    TrailingData,
}
