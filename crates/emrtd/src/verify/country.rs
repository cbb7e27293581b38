//! Whether the issuing state in the MRZ is the country of the signer
//! (9303-3 §5, 9303-12 §7.1.1).
//!
//! The MRZ has three letters, certificates have two.

/// How the issuing state of a document relates to the country of its signer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// The same state or organization.
    Same,
    /// Two codes that belong together for the reason given.
    Exception(&'static str),
    /// Different, or unknown.
    Different,
}

/// Compares the issuing state of an MRZ (`UTO`, `D`) with the country of a
/// certificate (`UT`, in any case).
///
/// A code says only what it says: no entry stands for "any state", so a
/// signer of one state never vouches for documents of another.
pub fn agreement(issuing_state: &str, certificate_country: &str) -> Agreement {
    let country = certificate_country.to_ascii_uppercase();
    if country.is_empty() {
        return Agreement::Different;
    }
    // Some issuers put the three letters into the certificate.
    let same_three = country.len() == 3 && country == issuing_state;
    if same_three || alpha2(issuing_state) == Some(country.as_str()) {
        return Agreement::Same;
    }
    EXCEPTIONS
        .iter()
        .find(|(state, other, _)| *state == issuing_state && *other == country)
        .map_or(Agreement::Different, |(_, _, why)| Agreement::Exception(why))
}

/// The two-letter code of a three-letter one: ISO 3166-1, and the additions
/// of 9303-3 §5.
pub fn alpha2(alpha3: &str) -> Option<&'static str> {
    if let Some((_, two)) = ICAO.iter().find(|(three, _)| *three == alpha3) {
        return Some(two);
    }
    ISO_3166
        .binary_search_by_key(&alpha3, |(three, _)| three)
        .ok()
        .and_then(|index| ISO_3166.get(index))
        .map(|(_, two)| *two)
}

/// The pairs of issuing state and certificate country that differ and are
/// right, each with the reason.
pub fn country_exceptions() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    EXCEPTIONS.iter().copied()
}

/// The issuing states of 9303-3 §5 that ISO 3166-1 does not have, each with
/// the country of its certificates.
pub fn icao_states() -> impl Iterator<Item = (&'static str, &'static str)> {
    ICAO.iter().copied()
}

/// Pairs that differ and are right.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("CHN", "HK", "Hong Kong issues passports of China"),
    ("CHN", "MO", "Macao issues passports of China"),
    ("RKS", "XK", "Kosovo is also written XK"),
    // The first CSCA of the United Nations (2012-2022) is under C=ZZ.
    ("UNO", "ZZ", "the United Nations began with ZZ"),
    ("UNA", "ZZ", "the United Nations began with ZZ"),
    // 9303-3 gives the Order no two letters. XO is a user-assigned code of
    // ISO 3166 that no state has; a certificate with XOM agrees without this.
    ("XOM", "XO", "the Order of Malta has no two-letter code of its own"),
    ("UNK", "KS", "UNMIK issued for Kosovo"),
    ("ROM", "RO", "the code of Romania until 2002"),
    ("ZAR", "CD", "the code of the Congo until 1997"),
];

/// 9303-3 §5 parts A to D, F and G.
const ICAO: &[(&str, &str)] = &[
    ("D", "DE"),
    ("GBD", "GB"),
    ("GBN", "GB"),
    ("GBO", "GB"),
    ("GBP", "GB"),
    ("GBS", "GB"),
    ("RKS", "KS"),
    ("EUE", "EU"),
    ("UNO", "UN"),
    ("UNA", "UN"),
    ("UNK", "UN"),
    ("ANT", "AN"),
    ("NTZ", "NT"),
    ("UTO", "UT"),
];

/// ISO 3166-1, sorted by the three-letter code.
#[rustfmt::skip]
const ISO_3166: &[(&str, &str)] = &[
    ("ABW", "AW"), ("AFG", "AF"), ("AGO", "AO"), ("AIA", "AI"), ("ALA", "AX"), ("ALB", "AL"),
    ("AND", "AD"), ("ARE", "AE"), ("ARG", "AR"), ("ARM", "AM"), ("ASM", "AS"), ("ATA", "AQ"),
    ("ATF", "TF"), ("ATG", "AG"), ("AUS", "AU"), ("AUT", "AT"), ("AZE", "AZ"), ("BDI", "BI"),
    ("BEL", "BE"), ("BEN", "BJ"), ("BES", "BQ"), ("BFA", "BF"), ("BGD", "BD"), ("BGR", "BG"),
    ("BHR", "BH"), ("BHS", "BS"), ("BIH", "BA"), ("BLM", "BL"), ("BLR", "BY"), ("BLZ", "BZ"),
    ("BMU", "BM"), ("BOL", "BO"), ("BRA", "BR"), ("BRB", "BB"), ("BRN", "BN"), ("BTN", "BT"),
    ("BVT", "BV"), ("BWA", "BW"), ("CAF", "CF"), ("CAN", "CA"), ("CCK", "CC"), ("CHE", "CH"),
    ("CHL", "CL"), ("CHN", "CN"), ("CIV", "CI"), ("CMR", "CM"), ("COD", "CD"), ("COG", "CG"),
    ("COK", "CK"), ("COL", "CO"), ("COM", "KM"), ("CPV", "CV"), ("CRI", "CR"), ("CUB", "CU"),
    ("CUW", "CW"), ("CXR", "CX"), ("CYM", "KY"), ("CYP", "CY"), ("CZE", "CZ"), ("DEU", "DE"),
    ("DJI", "DJ"), ("DMA", "DM"), ("DNK", "DK"), ("DOM", "DO"), ("DZA", "DZ"), ("ECU", "EC"),
    ("EGY", "EG"), ("ERI", "ER"), ("ESH", "EH"), ("ESP", "ES"), ("EST", "EE"), ("ETH", "ET"),
    ("FIN", "FI"), ("FJI", "FJ"), ("FLK", "FK"), ("FRA", "FR"), ("FRO", "FO"), ("FSM", "FM"),
    ("GAB", "GA"), ("GBR", "GB"), ("GEO", "GE"), ("GGY", "GG"), ("GHA", "GH"), ("GIB", "GI"),
    ("GIN", "GN"), ("GLP", "GP"), ("GMB", "GM"), ("GNB", "GW"), ("GNQ", "GQ"), ("GRC", "GR"),
    ("GRD", "GD"), ("GRL", "GL"), ("GTM", "GT"), ("GUF", "GF"), ("GUM", "GU"), ("GUY", "GY"),
    ("HKG", "HK"), ("HMD", "HM"), ("HND", "HN"), ("HRV", "HR"), ("HTI", "HT"), ("HUN", "HU"),
    ("IDN", "ID"), ("IMN", "IM"), ("IND", "IN"), ("IOT", "IO"), ("IRL", "IE"), ("IRN", "IR"),
    ("IRQ", "IQ"), ("ISL", "IS"), ("ISR", "IL"), ("ITA", "IT"), ("JAM", "JM"), ("JEY", "JE"),
    ("JOR", "JO"), ("JPN", "JP"), ("KAZ", "KZ"), ("KEN", "KE"), ("KGZ", "KG"), ("KHM", "KH"),
    ("KIR", "KI"), ("KNA", "KN"), ("KOR", "KR"), ("KWT", "KW"), ("LAO", "LA"), ("LBN", "LB"),
    ("LBR", "LR"), ("LBY", "LY"), ("LCA", "LC"), ("LIE", "LI"), ("LKA", "LK"), ("LSO", "LS"),
    ("LTU", "LT"), ("LUX", "LU"), ("LVA", "LV"), ("MAC", "MO"), ("MAF", "MF"), ("MAR", "MA"),
    ("MCO", "MC"), ("MDA", "MD"), ("MDG", "MG"), ("MDV", "MV"), ("MEX", "MX"), ("MHL", "MH"),
    ("MKD", "MK"), ("MLI", "ML"), ("MLT", "MT"), ("MMR", "MM"), ("MNE", "ME"), ("MNG", "MN"),
    ("MNP", "MP"), ("MOZ", "MZ"), ("MRT", "MR"), ("MSR", "MS"), ("MTQ", "MQ"), ("MUS", "MU"),
    ("MWI", "MW"), ("MYS", "MY"), ("MYT", "YT"), ("NAM", "NA"), ("NCL", "NC"), ("NER", "NE"),
    ("NFK", "NF"), ("NGA", "NG"), ("NIC", "NI"), ("NIU", "NU"), ("NLD", "NL"), ("NOR", "NO"),
    ("NPL", "NP"), ("NRU", "NR"), ("NZL", "NZ"), ("OMN", "OM"), ("PAK", "PK"), ("PAN", "PA"),
    ("PCN", "PN"), ("PER", "PE"), ("PHL", "PH"), ("PLW", "PW"), ("PNG", "PG"), ("POL", "PL"),
    ("PRI", "PR"), ("PRK", "KP"), ("PRT", "PT"), ("PRY", "PY"), ("PSE", "PS"), ("PYF", "PF"),
    ("QAT", "QA"), ("REU", "RE"), ("ROU", "RO"), ("RUS", "RU"), ("RWA", "RW"), ("SAU", "SA"),
    ("SDN", "SD"), ("SEN", "SN"), ("SGP", "SG"), ("SGS", "GS"), ("SHN", "SH"), ("SJM", "SJ"),
    ("SLB", "SB"), ("SLE", "SL"), ("SLV", "SV"), ("SMR", "SM"), ("SOM", "SO"), ("SPM", "PM"),
    ("SRB", "RS"), ("SSD", "SS"), ("STP", "ST"), ("SUR", "SR"), ("SVK", "SK"), ("SVN", "SI"),
    ("SWE", "SE"), ("SWZ", "SZ"), ("SXM", "SX"), ("SYC", "SC"), ("SYR", "SY"), ("TCA", "TC"),
    ("TCD", "TD"), ("TGO", "TG"), ("THA", "TH"), ("TJK", "TJ"), ("TKL", "TK"), ("TKM", "TM"),
    ("TLS", "TL"), ("TON", "TO"), ("TTO", "TT"), ("TUN", "TN"), ("TUR", "TR"), ("TUV", "TV"),
    ("TWN", "TW"), ("TZA", "TZ"), ("UGA", "UG"), ("UKR", "UA"), ("UMI", "UM"), ("URY", "UY"),
    ("USA", "US"), ("UZB", "UZ"), ("VAT", "VA"), ("VCT", "VC"), ("VEN", "VE"), ("VGB", "VG"),
    ("VIR", "VI"), ("VNM", "VN"), ("VUT", "VU"), ("WLF", "WF"), ("WSM", "WS"), ("YEM", "YE"),
    ("ZAF", "ZA"), ("ZMB", "ZM"), ("ZWE", "ZW"),
];
