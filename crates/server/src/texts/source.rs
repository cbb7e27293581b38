//! The parsed texts, made once for each locale.

use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use unic_langid::LanguageIdentifier;

use super::Locale;

/// The texts of one locale.
pub(super) type Bundle = FluentBundle<FluentResource>;

static BUNDLES: [OnceLock<Bundle>; Locale::ALL.len()] =
    [const { OnceLock::new() }; Locale::ALL.len()];

/// The texts of this locale, parsed when they are asked for first.
pub(super) fn bundle(locale: Locale) -> &'static Bundle {
    BUNDLES[locale as usize].get_or_init(|| {
        let mut bundle = Bundle::new_concurrent(vec![identifier(locale)]);
        // What can be read of a file with errors is taken; the build lets no such file through.
        let resource = FluentResource::try_new(locale.source().to_owned())
            .unwrap_or_else(|(resource, _)| resource);
        bundle.add_resource_overriding(resource);
        bundle
    })
}

/// The message, or nothing if it is not there or lacks an argument.
pub(super) fn format(bundle: &Bundle, name: &str, arguments: &FluentArgs<'_>) -> Option<String> {
    let pattern = bundle.get_message(name)?.value()?;
    let mut errors = Vec::new();
    let text = bundle.format_pattern(pattern, Some(arguments), &mut errors);
    errors.is_empty().then(|| text.into_owned())
}

/// The locale as Fluent and Unicode know it.
pub(super) fn identifier(locale: Locale) -> LanguageIdentifier {
    locale.code().parse().unwrap_or_default()
}
