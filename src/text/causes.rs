//! Errors for the log.

use std::{error::Error, iter};

use super::clean;

/// Lists the sources of an error, nearest first, in one harmless line; none where nothing is known. The
/// error's own words are not repeated.
#[must_use]
pub fn causes(error: &(dyn Error + 'static)) -> Option<String> {
    let mut said = error.to_string();
    let mut causes = Vec::new();
    for cause in iter::successors(error.source(), |&cause| cause.source()) {
        // A transparent error says what its source says.
        let words = cause.to_string();
        if words != said {
            causes.push(clean(&words));
        }
        said = words;
    }
    (!causes.is_empty()).then(|| causes.join(" < "))
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot save")]
    struct Saving(#[source] Writing);

    #[derive(Debug, thiserror::Error)]
    #[error(transparent)]
    struct Writing(#[from] Disk);

    #[derive(Debug, thiserror::Error)]
    #[error("the disk\nis full")]
    struct Disk(#[source] io::Error);

    #[test]
    fn all_that_brought_an_error_about_is_one_line() {
        let error = Saving(Disk(io::Error::other("no\u{1b} blocks")).into());
        assert_eq!(causes(&error).as_deref(), Some("the disk is full < no blocks"));
        assert_eq!(causes(&io::Error::other("alone")), None);
    }
}
