//! What queries of several operations have in common.

use super::problem::Failure;

/// The part of a list that a caller wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) limit: u64,
    pub(super) offset: u64,
    pub(super) descending: bool,
}

impl Window {
    /// `order` (usually ASC), `limit` (0 to 100, usually 100) and `offset` of a query.
    pub(super) fn of_query(query: &str) -> Result<Self, Failure> {
        let value = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value)
        };
        let descending = match value("order") {
            None | Some("ASC" | "") => false,
            Some("DESC") => true,
            Some(_) => {
                return Err(Failure::bad(
                    "E_INVALID_FILTER_VALUES",
                    "query.order: should be ASC or DESC",
                ));
            }
        };
        let limit = match value("limit") {
            None | Some("") => LIMIT_MAX,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| *limit <= LIMIT_MAX)
                .ok_or_else(|| {
                    Failure::bad(
                        "E_INVALID_LIMIT_FILTER",
                        format!("query.limit: should be a whole number from 0 to {LIMIT_MAX}"),
                    )
                })?,
        };
        let offset = match value("offset") {
            None | Some("") => 0,
            Some(text) => text.parse().map_err(|_| {
                Failure::bad(
                    "E_INVALID_FILTER_VALUES",
                    "query.offset: should be a whole number from 0",
                )
            })?,
        };
        Ok(Self {
            limit,
            offset,
            descending,
        })
    }

    /// The wanted part of all entries, which are in ascending order.
    pub(super) fn of<T>(self, mut all: Vec<T>) -> Vec<T> {
        if self.descending {
            all.reverse();
        }
        let (offset, limit) = (usize::try_from(self.offset), usize::try_from(self.limit));
        all.into_iter()
            .skip(offset.unwrap_or(usize::MAX))
            .take(limit.unwrap_or(usize::MAX))
            .collect()
    }
}

const LIMIT_MAX: u64 = 100;

#[cfg(test)]
mod tests {
    use super::Window;

    #[test]
    fn a_window_has_limits() {
        let of = |query| Window::of_query(query).map_err(|failure| failure.code);
        let first = Window {
            limit: 100,
            offset: 0,
            descending: false,
        };
        assert_eq!(of(""), Ok(first));
        assert_eq!(
            of("limit=0&order=DESC&offset=7"),
            Ok(Window {
                limit: 0,
                offset: 7,
                descending: true
            })
        );
        assert_eq!(of("limit=101"), Err("E_INVALID_LIMIT_FILTER"));
        assert_eq!(of("limit=-1"), Err("E_INVALID_LIMIT_FILTER"));
        assert_eq!(of("order=asc"), Err("E_INVALID_FILTER_VALUES"));
        assert_eq!(of("offset=x"), Err("E_INVALID_FILTER_VALUES"));
        assert_eq!(of("offset=1&limit=1").unwrap().of(vec![1, 2, 3]), [2]);
    }
}
