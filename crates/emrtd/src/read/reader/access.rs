//! From the first command to the session, and what of it must be checked.

use super::super::access::{AccessError, AccessStep, Established};
use super::super::announcements::{best, is_hidden};
use super::super::apdu::{CommandApdu, StatusWord};
use super::super::bac::Bac;
use super::super::card_security::CardSecurity;
use super::super::error::ReadErrorKind;
use super::super::file::Transfer;
use super::super::outcome::{Access, Downgrade, MappingProof};
use super::super::pace::Pace;
use super::super::password::Password;
use super::{Reader, State, Step};
use crate::lds::dg14::Dg14;
use crate::lds::security_info::PaceInfo;
use crate::lds::{DataGroup, ElementaryFile};

impl Reader {
    pub(super) fn open(&mut self) -> Result<Step, ReadErrorKind> {
        match &self.card_access {
            None => self.read(Transfer::new(ElementaryFile::CardAccess)),
            Some(_) => self.gain_access(),
        }
    }

    pub(super) fn gain_access(&mut self) -> Result<Step, ReadErrorKind> {
        let infos = self.card_access.as_ref().and_then(Option::as_ref);
        // Having fallen back once, the reader stays with BAC on this chip.
        if let Some(infos) = infos.filter(|_| self.downgrade.is_none()) {
            match best(infos) {
                Ok(info) => {
                    let (pace, command) = Pace::start(&info, infos, &self.password, true)?;
                    self.state = State::Pace(Box::new(pace), info);
                    return self.command(&command);
                }
                Err(Some(error)) => {
                    self.unsupported = Some(error);
                    self.downgrade = Some(Downgrade::PaceUnsupported);
                }
                Err(None) => {}
            }
        }
        self.select_application()
    }

    pub(super) fn pace_established(
        &mut self,
        established: Established,
        info: PaceInfo,
    ) -> Result<Step, ReadErrorKind> {
        self.channel.set_session(Some(established.session));
        self.chip_authentication = established.chip_authentication;
        let chip_authentication = match self.chip_authentication {
            Some(_) => MappingProof::NoKey,
            None => MappingProof::NotRun,
        };
        let protocol = info.protocol;
        self.access = Some(Access::Pace { protocol, chip_authentication, downgrade: None });
        self.pace = Some(info);
        if self.chip_authentication.is_none() {
            return self.select_application();
        }
        let file = ElementaryFile::CardSecurity;
        let is_refused = self.refused.iter().any(|(refused, _)| *refused == file);
        if self.card_security.is_none() && !is_refused {
            return self.read(Transfer::new(file));
        }
        self.check_mapping()?;
        self.select_application()
    }

    pub(super) fn pace_failed(&mut self, error: AccessError) -> Result<Step, ReadErrorKind> {
        let own = matches!(
            error,
            AccessError::WrongPassword(_) | AccessError::Random | AccessError::Library(_)
        );
        let is_mrz = matches!(self.password, Password::Mrz(_));
        if own || !is_mrz || !self.policy.allow_bac {
            return Err(error.into());
        }
        self.downgrade = Some(Downgrade::PaceFailed(error));
        self.select_application()
    }

    pub(super) fn select_application(&mut self) -> Result<Step, ReadErrorKind> {
        self.state = State::SelectApplication;
        self.command(&CommandApdu::new(0, 0xA4, 0x04, 0x0C).with_data(&APPLICATION))
    }

    pub(super) fn application_selected(
        &mut self,
        status: StatusWord,
    ) -> Result<Step, ReadErrorKind> {
        if status != StatusWord::OK {
            return Err(ReadErrorKind::NoApplication(status));
        }
        if self.channel.session().is_some() {
            return self.next_file();
        }
        if !self.policy.allow_bac {
            return Err(self.unsupported.map_or(ReadErrorKind::BacNotAllowed, Into::into));
        }
        let Password::Mrz(key) = &self.password else {
            return Err(self.unsupported.unwrap_or(AccessError::NeedsMrz).into());
        };
        let (bac, command) = Bac::start(key)?;
        self.state = State::Bac(Box::new(bac));
        self.command(&command)
    }

    /// Checks the chip authentication data against the keys that
    /// EF.CardSecurity vouches for.
    pub(super) fn check_mapping(&mut self) -> Result<(), ReadErrorKind> {
        let (Some(data), Some(info), Some(Access::Pace { chip_authentication, .. })) =
            (&self.chip_authentication, &self.pace, &mut self.access)
        else {
            return Ok(());
        };
        let (infos, holds_key) = match &self.card_security {
            Some(Ok(file)) if file.is_trusted() => (file.security_infos(), MappingProof::Proven),
            Some(Ok(file)) => (file.security_infos(), MappingProof::Unvouched),
            Some(Err(_)) => {
                *chip_authentication = MappingProof::Failed;
                return Ok(());
            }
            None => return Ok(()),
        };
        // The number in PACEInfo is also that of the key (9303-11 §9.2.1).
        let keys = infos.chip_public_keys().filter(|key| {
            key.key_id.is_none() || info.parameter_id.is_none() || key.key_id == info.parameter_id
        });
        for key in keys {
            let proven = data
                .proves(&key.public_key)
                .map_err(|error| AccessError::agreement(AccessStep::MutualAuthentication, error))?;
            *chip_authentication = MappingProof::Failed;
            if proven {
                *chip_authentication = holds_key;
                break;
            }
        }
        Ok(())
    }

    /// Compares EF.CardAccess with what the state signed.
    pub(super) fn compare_announcements(&mut self) {
        let name = ElementaryFile::Dg(DataGroup::DG14);
        let dg14 = self.files.iter().find(|(file, _)| *file == name);
        let dg14 = dg14.and_then(|(_, bytes)| Dg14::parse(bytes).ok());
        let card_security = self.card_security.as_ref().and_then(|result| result.as_ref().ok());
        let signed = dg14.iter().map(Dg14::security_infos);
        let mut signed = signed.chain(card_security.map(CardSecurity::security_infos));
        let card_access = self.card_access.as_ref().and_then(Option::as_ref);
        let (used, downgrade) = match &mut self.access {
            Some(Access::Pace { downgrade, .. }) => (self.pace.as_ref(), downgrade),
            Some(Access::Bac { downgrade }) => (None, downgrade),
            None => return,
        };
        if downgrade.is_none() && signed.any(|infos| is_hidden(infos, card_access, used)) {
            *downgrade = Some(Downgrade::PaceHidden);
        }
    }
}

/// The eMRTD application (9303-10 §3.3).
const APPLICATION: [u8; 7] = [0xA0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01];
