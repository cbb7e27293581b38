//! What an organization looks like on the pages that people are asked on.
//!
//! Everything here was checked when it was made: an [`Accent`] can be read on our pages, a [`Logo`]
//! runs nothing and loads nothing, a [`WebUrl`] leads to the web, a [`FrameAncestor`] is an origin.

mod colour;
mod logo;
mod place;
mod raster;

pub use colour::{
    Accent, Colour, ContrastError, DARK, DarkAccent, LIGHT, LightAccent, NotAColour, Pages,
};
pub use logo::{Logo, LogoError, LogoRef, LogoType, MAX_LOGO_BYTES, SvgFault};
pub use place::{
    DomainName, FrameAncestor, FrameAncestors, MAX_ANCESTORS, MAX_URL_BYTES, PlaceError, WebUrl,
};
pub use raster::MAX_LOGO_SIDE;

use std::time::Duration;

use crate::time::Timestamp;

/// How long a verified domain is shown after it was checked: it may have changed hands since.
pub const DOMAIN_LIFETIME: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// A domain that an organization was found to own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedDomain {
    /// Its name.
    pub name: DomainName,
    /// When it was found.
    pub at: Timestamp,
}

impl VerifiedDomain {
    /// The first moment at which it is not shown as verified any more.
    pub fn shown_until(&self) -> Timestamp {
        self.at + DOMAIN_LIFETIME
    }
}

/// What an organization looks like. By default it has its name alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Branding {
    /// Its colour on light pages.
    pub accent: Option<LightAccent>,
    /// Its colour on dark pages.
    pub accent_dark: Option<DarkAccent>,
    /// Which logo it has.
    pub logo: Option<LogoRef>,
    /// Its terms.
    pub terms_url: Option<WebUrl>,
    /// Its privacy notice.
    pub privacy_url: Option<WebUrl>,
    /// Whose pages may show ours in a frame.
    pub frame_ancestors: FrameAncestors,
    /// The domain that it was found to own.
    pub verified_domain: Option<VerifiedDomain>,
}

/// A change of one member; `None` clears it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// [`Branding::accent`].
    Accent(Option<LightAccent>),
    /// [`Branding::accent_dark`].
    AccentDark(Option<DarkAccent>),
    /// [`Branding::logo`].
    Logo(Option<Logo>),
    /// [`Branding::terms_url`].
    Terms(Option<WebUrl>),
    /// [`Branding::privacy_url`].
    Privacy(Option<WebUrl>),
    /// [`Branding::frame_ancestors`], all of them.
    FrameAncestors(FrameAncestors),
    /// [`Branding::verified_domain`].
    VerifiedDomain(Option<VerifiedDomain>),
}

impl Branding {
    /// The colours of its pages, if it chose one. A colour that it did not choose is the other one,
    /// as far as it can be read on pages of the other kind.
    pub fn theme(&self) -> Option<(LightAccent, DarkAccent)> {
        match (self.accent, self.accent_dark) {
            (None, None) => None,
            (Some(light), dark) => {
                Some((light, dark.unwrap_or_else(|| DarkAccent::nearest(light.colour()))))
            }
            (None, Some(dark)) => Some((LightAccent::nearest(dark.colour()), dark)),
        }
    }

    /// The domain that people are shown as verified at `now`.
    pub fn shown_domain(&self, now: Timestamp) -> Option<&DomainName> {
        let domain = self.verified_domain.as_ref();
        domain.filter(|domain| now < domain.shown_until()).map(|domain| &domain.name)
    }

    /// The branding after an edit.
    #[must_use]
    pub fn edited(self, edit: &Edit) -> Self {
        match edit.clone() {
            Edit::Accent(accent) => Self { accent, ..self },
            Edit::AccentDark(accent_dark) => Self { accent_dark, ..self },
            Edit::Logo(logo) => Self { logo: logo.as_ref().map(Logo::reference), ..self },
            Edit::Terms(terms_url) => Self { terms_url, ..self },
            Edit::Privacy(privacy_url) => Self { privacy_url, ..self },
            Edit::FrameAncestors(frame_ancestors) => Self { frame_ancestors, ..self },
            Edit::VerifiedDomain(verified_domain) => Self { verified_domain, ..self },
        }
    }

    /// The names of the members in which two differ.
    pub fn differences(&self, other: &Self) -> Vec<&'static str> {
        [
            ("accent", self.accent != other.accent),
            ("accent_dark", self.accent_dark != other.accent_dark),
            ("logo", self.logo != other.logo),
            ("terms", self.terms_url != other.terms_url),
            ("privacy", self.privacy_url != other.privacy_url),
            ("frame_ancestors", self.frame_ancestors != other.frame_ancestors),
            ("domain", self.verified_domain != other.verified_domain),
        ]
        .into_iter()
        .filter_map(|(name, differs)| differs.then_some(name))
        .collect()
    }
}
