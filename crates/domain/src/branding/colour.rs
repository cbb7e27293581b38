//! Colours, and whether they can be read (WCAG 2.2 §1.4.3).

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

/// The contrast that text needs, in hundredths (WCAG 2.2 §1.4.3).
const NEEDED: u32 = 450;

/// What an accent lies on in light pages: the card and the paper of `page.css`.
pub const LIGHT: [Colour; 2] = [Colour([0xff, 0xff, 0xff]), Colour([0xf4, 0xf5, 0xf7])];

/// What an accent lies on in dark pages: the paper and the card of `page.css`.
pub const DARK: [Colour; 2] = [Colour([0x0d, 0x11, 0x17]), Colour([0x16, 0x1b, 0x22])];

/// A colour of sRGB: red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour(pub [u8; 3]);

/// The text is no colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a colour as #rrggbb, six hexadecimal digits")]
pub struct NotAColour;

/// A colour that cannot be read on our pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{colour} has a contrast of {}.{:02}:1 to {ground}, and text needs 4.50:1; the nearest shade \
     that has it is {nearest}", ratio / 100, ratio % 100
)]
pub struct ContrastError {
    /// The colour.
    pub colour: Colour,
    /// What it cannot be told from well enough.
    pub ground: Colour,
    /// The contrast between the two in hundredths, rounded down.
    pub ratio: u32,
    /// The nearest shade that can be read.
    pub nearest: Colour,
}

/// Pages of one kind of colours.
pub trait Pages: Copy {
    /// What text lies on in them.
    const GROUNDS: [Colour; 2];
    /// Where shades of a colour get easier to read.
    const AWAY: Colour;
}

/// Light pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Light;

/// Dark pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dark;

impl Pages for Light {
    const GROUNDS: [Colour; 2] = LIGHT;
    const AWAY: Colour = Colour::BLACK;
}

impl Pages for Dark {
    const GROUNDS: [Colour; 2] = DARK;
    const AWAY: Colour = Colour::WHITE;
}

/// A colour that text can be read in on pages of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accent<P>(Colour, PhantomData<P>);

/// An accent of light pages.
pub type LightAccent = Accent<Light>;

/// An accent of dark pages.
pub type DarkAccent = Accent<Dark>;

impl Colour {
    /// Black.
    pub const BLACK: Self = Self([0; 3]);
    /// White.
    pub const WHITE: Self = Self([255; 3]);

    /// Reads `rrggbb`, as it is in paths.
    pub fn of_hex(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 6 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let value = u32::from_str_radix(text, 16).ok()?;
        let [_, red, green, blue] = value.to_be_bytes();
        Some(Self([red, green, blue]))
    }

    /// The colour as `rrggbb`.
    pub fn hex(self) -> String {
        let Self([red, green, blue]) = self;
        format!("{red:02x}{green:02x}{blue:02x}")
    }

    /// Relative luminance, from 0 to 1 (WCAG 2.2, "relative luminance").
    pub fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = self.0.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// The contrast to another colour, from 1 to 21 (WCAG 2.2, "contrast ratio").
    pub fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// Black or white, whichever reads better on this colour: at least 4.58 to 1, always.
    pub fn text(self) -> Self {
        if self.contrast(Self::BLACK) >= self.contrast(Self::WHITE) {
            Self::BLACK
        } else {
            Self::WHITE
        }
    }

    /// In hundredths, rounded down, so that no number is shown as enough that is not.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a contrast is from 1 to 21"
    )]
    fn hundredths(self, other: Self) -> u32 {
        (self.contrast(other) * 100.0).floor() as u32
    }

    /// So many 255ths of the way to another colour.
    fn towards(self, other: Self, part: u8) -> Self {
        let part = u32::from(part);
        let mix = |from: u8, to: u8| {
            let mixed = (u32::from(from) * (255 - part) + u32::from(to) * part + 127) / 255;
            u8::try_from(mixed).unwrap_or(u8::MAX)
        };
        let ([a, b, c], [x, y, z]) = (self.0, other.0);
        Self([mix(a, x), mix(b, y), mix(c, z)])
    }
}

impl FromStr for Colour {
    type Err = NotAColour;

    fn from_str(text: &str) -> Result<Self, NotAColour> {
        text.strip_prefix('#').and_then(Self::of_hex).ok_or(NotAColour)
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.hex())
    }
}

impl<P: Pages> Accent<P> {
    /// Takes a colour that can be read.
    pub fn new(colour: Colour) -> Result<Self, ContrastError> {
        let worst = P::GROUNDS
            .into_iter()
            .map(|ground| (colour.hundredths(ground), ground))
            .min_by_key(|(ratio, _)| *ratio);
        match worst {
            Some((ratio, ground)) if ratio < NEEDED => {
                let nearest = Self::nearest(colour).colour();
                Err(ContrastError { colour, ground, ratio, nearest })
            }
            _ => Ok(Self(colour, PhantomData)),
        }
    }

    /// The colour itself, or the first of its shades that can be read.
    pub fn nearest(colour: Colour) -> Self {
        let shades = (0..=u8::MAX).map(|part| colour.towards(P::AWAY, part));
        let reads = |shade: &Colour| {
            P::GROUNDS.into_iter().all(|ground| shade.hundredths(ground) >= NEEDED)
        };
        Self(shades.into_iter().find(reads).unwrap_or(P::AWAY), PhantomData)
    }

    /// The colour.
    pub const fn colour(self) -> Colour {
        self.0
    }
}
