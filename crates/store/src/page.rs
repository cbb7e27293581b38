//! Lists, a page at a time.

/// The most items that one page holds.
pub const MAX_PAGE: u32 = 1000;

/// Which page of a list. Lists are ordered by id, ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// The id after which the page starts; an unknown one is just a place in the order.
    pub starting_after: Option<String>,
    /// The most items to give; more than [`MAX_PAGE`] counts as that.
    pub limit: u32,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Whether more follow.
    pub has_more: bool,
}

impl Default for PageRequest {
    fn default() -> Self {
        Self { starting_after: None, limit: MAX_PAGE }
    }
}

impl PageRequest {
    /// One more than the page holds, so that whoever asks learns whether more follow.
    pub(crate) fn rows(&self) -> i64 {
        i64::from(self.limit.min(MAX_PAGE)) + 1
    }

    /// The id after which the page starts; every id comes after the empty text.
    pub(crate) fn after(&self) -> &str {
        self.starting_after.as_deref().unwrap_or_default()
    }

    /// Cuts the row too many off.
    pub(crate) fn page<T>(&self, mut items: Vec<T>) -> Page<T> {
        let limit = usize::try_from(self.limit.min(MAX_PAGE)).unwrap_or(usize::MAX);
        let has_more = items.len() > limit;
        items.truncate(limit);
        Page { items, has_more }
    }
}
