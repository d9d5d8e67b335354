//! Parameters as PostgreSQL writes them.

/// The statement with `$1` in place of each `?1`. What stands in literals, quoted names and comments stays.
pub(super) fn for_postgres(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(letter) = rest.chars().next() {
        let end = match letter {
            '\'' | '"' => end_of_quoted(rest, letter),
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |at| at + 2),
            '?' if rest[1..].starts_with(|next: char| next.is_ascii_digit()) => {
                out.push('$');
                rest = &rest[1..];
                continue;
            }
            letter => letter.len_utf8(),
        };
        out.push_str(&rest[..end]);
        rest = &rest[end..];
    }
    out
}

/// The end of a literal or a quoted name at the beginning of a text. A doubled quote is one within it, and two quoted
/// texts side by side read the same.
fn end_of_quoted(text: &str, quote: char) -> usize {
    text[1..].find(quote).map_or(text.len(), |at| at + 2)
}

#[cfg(test)]
mod tests {
    use super::for_postgres;

    #[test]
    fn parameters_are_numbered_and_all_else_stays() {
        for (sql, expected) in [
            ("SELECT ?1", "SELECT $1"),
            ("a = ?2 AND b = ?1 LIMIT ?10", "a = $2 AND b = $1 LIMIT $10"),
            ("VALUES (?1,?2),(?1,?2)", "VALUES ($1,$2),($1,$2)"),
            ("a = 'why?1' AND b = ?1", "a = 'why?1' AND b = $1"),
            ("a = 'it''s ?1' AND b = ?1", "a = 'it''s ?1' AND b = $1"),
            ("a = '' AND b = ?1", "a = '' AND b = $1"),
            ("\"odd ?1\" = ?1", "\"odd ?1\" = $1"),
            ("\"a\"\"?1\" = ?1", "\"a\"\"?1\" = $1"),
            ("-- ?1 isn't\nSELECT ?1", "-- ?1 isn't\nSELECT $1"),
            ("/* ?1 isn't */ SELECT ?1", "/* ?1 isn't */ SELECT $1"),
            ("SELECT ?1 -- last ?2", "SELECT $1 -- last ?2"),
            ("SELECT a ? b", "SELECT a ? b"),
            ("SELECT 'ä?1', ?1", "SELECT 'ä?1', $1"),
            ("SELECT 'open ?1", "SELECT 'open ?1"),
            ("/* open ?1", "/* open ?1"),
            ("SELECT 4 / ?1 - ?2", "SELECT 4 / $1 - $2"),
            ("?", "?"),
            ("", ""),
        ] {
            assert_eq!(for_postgres(sql), expected, "{sql}");
        }
    }
}
