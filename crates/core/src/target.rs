//! A request's target: path and query as they came.

/// The path without the query.
pub fn path_of(path_and_query: &str) -> &str {
    path_and_query.split_once('?').map_or(path_and_query, |(path, _)| path)
}
