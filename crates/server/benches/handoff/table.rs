//! The table of the results.

/// One line.
pub(crate) struct Line {
    pub(crate) measure: String,
    pub(crate) goal: String,
    pub(crate) result: String,
    /// The peer's result and the ratio to it, where there is a peer.
    pub(crate) beside: String,
    pub(crate) met: bool,
}

pub(crate) fn print(lines: &[Line]) {
    println!("| measure | goal | result | beside | met |");
    println!("|---|---|---|---|---|");
    for Line { measure, goal, result, beside, met } in lines {
        let met = if *met { "yes" } else { "**no**" };
        println!("| {measure} | {goal} | {result} | {beside} | {met} |");
    }
}
