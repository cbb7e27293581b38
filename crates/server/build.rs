//! Checks the files of `locales/` against `locales/en.ftl`, and writes a method for each message.

#[path = "build/catalog.rs"]
mod catalog;

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use catalog::{Catalog, Shape};

/// The locale that all others are compared with.
const MODEL: &str = "en";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=build");
    println!("cargo:rerun-if-changed=locales");

    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("locales");
    let mut catalogs = Vec::new();
    let mut faults = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        let (Some(file), Some(code)) = (
            path.file_name().and_then(|name| name.to_str()),
            path.file_stem().and_then(|name| name.to_str()),
        ) else {
            return Err(format!("{}: this name is no text", path.display()).into());
        };
        if path.extension().is_none_or(|extension| extension != "ftl")
            || !matches!(code.as_bytes(), [b'a'..=b'z', b'a'..=b'z'])
        {
            return Err(format!("{file}: a locale is named by two letters, as in fr.ftl").into());
        }
        println!("cargo:rerun-if-changed={}", path.display());
        match catalog::read(file, &fs::read_to_string(&path)?) {
            Ok(catalog) => catalogs.push((code.to_owned(), catalog)),
            Err(found) => faults.extend(found),
        }
    }
    catalogs.sort_by(|(a, _), (b, _)| a.cmp(b));
    let model = catalogs.iter().find(|(code, _)| code == MODEL).map(|(_, catalog)| catalog);
    if let Some(model) = model {
        for (code, catalog) in &catalogs {
            faults.extend(catalog::compare(model, &format!("{code}.ftl"), catalog));
        }
    }
    if !faults.is_empty() {
        for fault in &faults {
            println!("cargo::error={fault}");
        }
        return Err("the locales differ from locales/en.ftl".into());
    }
    let model = model.ok_or("locales/en.ftl is missing")?;
    let codes: Vec<&str> = catalogs.iter().map(|(code, _)| code.as_str()).collect();
    let code = format!("{}\n{}", locales(&codes)?, methods(model)?);
    fs::write(Path::new(&env::var("OUT_DIR")?).join("texts.rs"), code)?;
    Ok(())
}

/// The enum of the locales, with their codes and sources.
fn locales(codes: &[&str]) -> Result<String, Box<dyn Error>> {
    let mut variants = String::new();
    let mut all = String::new();
    let mut names = String::new();
    let mut sources = String::new();
    for code in codes {
        let variant: String = code
            .chars()
            .enumerate()
            .map(|(n, c)| if n == 0 { c.to_ascii_uppercase() } else { c })
            .collect();
        let default = if *code == MODEL { "    #[default]\n" } else { "" };
        writeln!(variants, "    /// `{code}`\n{default}    {variant},")?;
        write!(all, "Self::{variant}, ")?;
        writeln!(names, "            Self::{variant} => \"{code}\",")?;
        writeln!(
            sources,
            "            Self::{variant} => include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \
             \"/locales/{code}.ftl\")),"
        )?;
    }
    Ok(format!(
        "/// A language of the pages.\n\
         #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]\n\
         pub enum Locale {{\n{variants}}}\n\n\
         impl Locale {{\n    \
             /// All locales, by code.\n    \
             pub const ALL: [Self; {count}] = [{all}];\n\n    \
             /// The language of BCP 47: `en`.\n    \
             #[must_use]\n    \
             pub const fn code(self) -> &'static str {{\n        match self {{\n{names}        }}\n    }}\n\n    \
             const fn source(self) -> &'static str {{\n        match self {{\n{sources}        }}\n    }}\n\
         }}\n",
        count = codes.len(),
    ))
}

/// A method for each message, and all of them with sample arguments for the tests.
fn methods(model: &Catalog) -> Result<String, Box<dyn Error>> {
    let mut methods = String::new();
    let mut samples = String::new();
    for (name, Shape { variables, text }) in model {
        let method = name.replace('-', "_");
        let parameters: String = variables
            .iter()
            .map(|variable| {
                let kind = if catalog::is_numeric(variable) { "u64" } else { "&str" };
                format!(", {variable}: {kind}")
            })
            .collect();
        let arguments: String = variables
            .iter()
            .map(|variable| format!("({variable:?}, {variable}.into()), "))
            .collect();
        let values: String = variables
            .iter()
            .map(|variable| if catalog::is_numeric(variable) { "number, " } else { "text, " })
            .collect();
        writeln!(
            methods,
            "    /// {}\n    pub(crate) fn {method}(self{parameters}) -> String {{\n        \
             self.render({name:?}, [{arguments}])\n    }}\n",
            text.replace('\n', " ").replace(['[', ']', '<', '>', '`'], "'"),
        )?;
        writeln!(samples, "        ({name:?}, texts.{method}({values})),")?;
    }
    Ok(format!(
        "impl Texts {{\n{methods}}}\n\n\
         #[cfg(test)]\n\
         fn samples(texts: Texts, text: &str, number: u64) -> Vec<(&'static str, String)> {{\n    \
             vec![\n{samples}    ]\n}}\n"
    ))
}
