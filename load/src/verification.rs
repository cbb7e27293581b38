//! Whole verifications, as the phone of this project makes them.

use std::path::Path;

use phone::{Outcome, Phone, PhoneDocument, ShareChoice};
use protocol::{HandoffLink, SecretBytes};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{Http, LoadError, Report, Site, Stopwatch, drive};

/// Nobody looks at selfies.
const SELFIE: &[u8] = b"selfie";

/// The files of a chip, which every phone of the run holds.
#[derive(Clone, Debug)]
pub struct Document(PhoneDocument);

impl Document {
    /// Reads a folder of EF files, such as `kayle chip new` or a reader writes it.
    ///
    /// # Errors
    /// When the folder cannot be read or holds no document.
    pub fn read(folder: &Path) -> Result<Self, LoadError> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                files.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
            }
        }
        let files: Result<Vec<_>, std::io::Error> =
            files.into_iter().map(|(name, path)| Ok((name, std::fs::read(path)?))).collect();
        PhoneDocument::from_files(files?)
            .map(Self)
            .map_err(|error| LoadError::Outcome(error.to_string()))
    }
}

/// From creating the session to the share that the server has committed, `count` times.
pub async fn verifications(
    site: &Site,
    api: &Url,
    document: &Document,
    clients: &mut [Http],
    count: u64,
    stop: &CancellationToken,
) -> Report {
    drive(clients, count, stop, async |client: &mut Http, number| {
        let watch = Stopwatch::start();
        let session = site.create(client).await?;
        let ticket = site.mint(client, &session).await?;
        let expires_at =
            ticket.expires_at.parse().map_err(|_| LoadError::Unexpected("a time that is none"))?;
        let link = HandoffLink::new(&ticket.session, &ticket.attempt, ticket.token, expires_at)
            .map_err(|_| LoadError::Unexpected("a handoff that makes no link"))?;
        let phone = Phone::new(
            link,
            format!("load-{number}").as_str().into(),
            "load".to_owned(),
            document.0.clone(),
            [(); 3].map(|()| SecretBytes::from(SELFIE.to_vec())),
        );
        match phone.run(api, |_| ShareChoice::All, |_| {}).await? {
            Outcome::Shared { .. } => Ok(watch.elapsed()),
            other => Err(LoadError::Outcome(format!("{other:?}"))),
        }
    })
    .await
}
