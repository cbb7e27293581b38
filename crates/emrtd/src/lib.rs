//! temp
#![allow(missing_docs, reason = "temporary")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixSeconds(pub i64);
pub mod mrz {
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub struct Date {
        pub year: u16,
        pub month: u8,
        pub day: u8,
    }
    impl Date {
        pub fn of(_: crate::UnixSeconds) -> Self {
            Date { year: 0, month: 0, day: 0 }
        }
    }
    pub struct PartialDate;
    impl PartialDate {
        pub fn latest(&self) -> Option<Date> {
            None
        }
    }
    impl std::fmt::Display for PartialDate {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            Ok(())
        }
    }
    pub struct Mrz;
    impl Mrz {
        pub fn document_code(&self) -> &str {
            ""
        }
        pub fn issuing_state(&self) -> &str {
            ""
        }
        pub fn surname(&self) -> &str {
            ""
        }
        pub fn given_names(&self) -> &str {
            ""
        }
        pub fn document_number(&self) -> &str {
            ""
        }
        pub fn nationality(&self) -> &str {
            ""
        }
        pub fn optional_data(&self) -> &str {
            ""
        }
        pub fn birth_date(&self) -> &PartialDate {
            &PartialDate
        }
        pub fn expiry_date(&self) -> &PartialDate {
            &PartialDate
        }
        pub fn sex(&self) -> char {
            'X'
        }
    }
}
pub mod verify {
    pub struct Document;
    pub struct Portrait;
    impl Portrait {
        pub fn image(&self) -> &[u8] {
            &[]
        }
    }
    impl Document {
        pub fn mrz(&self) -> &crate::mrz::Mrz {
            &crate::mrz::Mrz
        }
        pub fn portrait(&self) -> &Portrait {
            &Portrait
        }
    }
    #[derive(Debug)]
    pub struct PassivelyAuthenticated<T>(std::marker::PhantomData<T>);
    pub enum Revocation {
        NotRevoked {},
        Stale {},
        Unknown,
    }
    pub struct Report {
        pub revocation: Revocation,
        pub leniencies: Vec<String>,
    }
    impl Report {
        pub fn certificates_valid(&self) -> bool {
            true
        }
        pub fn trust_verified(&self) -> bool {
            true
        }
    }
    impl<T> PassivelyAuthenticated<T> {
        pub fn get(&self) -> &T {
            loop {}
        }
        pub fn report(&self) -> &Report {
            loop {}
        }
    }
}
