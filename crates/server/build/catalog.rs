//! Reads the files of `locales/` and says how they differ. Part of the build script, and of the
//! tests of `texts`.
//!
//! A message is text, variables and choices of text by a numeric variable, nothing else of Fluent:
//! what a message needs can then be said by the signature of one method.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Message, Pattern, PatternElement};
use fluent_syntax::parser;

/// The variables that are numbers; all others are texts.
const NUMERIC: [&str; 5] = ["minutes", "percent", "remaining", "seconds", "years"];

/// Whether this variable is a number.
pub(crate) fn is_numeric(variable: &str) -> bool {
    NUMERIC.contains(&variable)
}

/// What a message takes, and says where no choice is made.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    /// The variables.
    pub(crate) variables: BTreeSet<String>,
    /// The text, with the default of each choice.
    pub(crate) text: String,
}

/// The messages of one file.
pub(crate) type Catalog = BTreeMap<String, Shape>;

/// What is wrong with a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The file.
    pub(crate) file: String,
    /// The message, or where in the file.
    pub(crate) message: String,
    /// What is wrong there.
    pub(crate) reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.file, self.message, self.reason)
    }
}

/// Reads the file named `file`, whose content is `source`.
pub(crate) fn read(file: &str, source: &str) -> Result<Catalog, Vec<Fault>> {
    let fault = |message: &str, reason: String| Fault {
        file: file.to_owned(),
        message: message.to_owned(),
        reason,
    };
    let resource = parser::parse(source).map_err(|(_, errors)| {
        errors
            .iter()
            .map(|error| {
                let line = 1 + source.bytes().take(error.pos.start).filter(|b| *b == b'\n').count();
                fault(&format!("line {line}"), error.kind.to_string())
            })
            .collect::<Vec<_>>()
    })?;
    let mut catalog = Catalog::new();
    let mut faults = Vec::new();
    for entry in &resource.body {
        match entry {
            Entry::Message(message) => {
                let name = message.id.name;
                match shape(message) {
                    Err(reason) => faults.push(fault(name, reason)),
                    Ok(shape) => {
                        if catalog.insert(name.to_owned(), shape).is_some() {
                            faults.push(fault(name, "is there twice".to_owned()));
                        }
                    }
                }
            }
            Entry::Term(term) => {
                faults.push(fault(term.id.name, "terms are not used here".to_owned()));
            }
            Entry::Junk { .. } => faults.push(fault("junk", "is no message".to_owned())),
            Entry::Comment(_) | Entry::GroupComment(_) | Entry::ResourceComment(_) => {}
        }
    }
    if faults.is_empty() { Ok(catalog) } else { Err(faults) }
}

/// How `other`, read from `file`, differs from `model`.
pub(crate) fn compare(model: &Catalog, file: &str, other: &Catalog) -> Vec<Fault> {
    let fault = |message: &String, reason: String| Fault {
        file: file.to_owned(),
        message: message.clone(),
        reason,
    };
    let absent = model
        .keys()
        .filter(|name| !other.contains_key(*name))
        .map(|name| fault(name, "is missing".to_owned()));
    let differing = other.iter().filter_map(|(name, shape)| match model.get(name) {
        None => Some(fault(name, "is superfluous: the model has no such message".to_owned())),
        Some(expected) if expected.variables != shape.variables => Some(fault(
            name,
            format!("has the variables {:?}, not {:?}", shape.variables, expected.variables),
        )),
        Some(_) => None,
    });
    absent.chain(differing).collect()
}

fn shape(message: &Message<&str>) -> Result<Shape, String> {
    if !message.attributes.is_empty() {
        return Err("attributes are not used here".to_owned());
    }
    let pattern = message.value.as_ref().ok_or("has no text")?;
    let mut shape = Shape::default();
    let text = take(pattern, &mut shape.variables)?;
    shape.text = text;
    Ok(shape)
}

/// Adds the variables of the pattern, and gives its text.
fn take(pattern: &Pattern<&str>, variables: &mut BTreeSet<String>) -> Result<String, String> {
    let mut text = String::new();
    for element in &pattern.elements {
        match element {
            PatternElement::TextElement { value } => text.push_str(value),
            PatternElement::Placeable {
                expression: Expression::Inline(InlineExpression::VariableReference { id }),
            } => {
                variables.insert(id.name.to_owned());
                text.push('$');
                text.push_str(id.name);
            }
            PatternElement::Placeable { expression: Expression::Select { selector, variants } } => {
                match selector {
                    InlineExpression::VariableReference { id } if is_numeric(id.name) => {
                        variables.insert(id.name.to_owned());
                    }
                    _ => return Err("chooses by something else than a numeric variable".to_owned()),
                }
                for variant in variants {
                    let chosen = take(&variant.value, variables)?;
                    if variant.default {
                        text.push_str(&chosen);
                    }
                }
            }
            PatternElement::Placeable { .. } => {
                return Err("has a placeable that is no variable and no choice".to_owned());
            }
        }
    }
    Ok(text)
}
