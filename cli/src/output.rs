//! Standard output and standard error, whose reader may go away at any time: `cosell … | head`.

use std::io::{self, ErrorKind, Write};

use anyhow::{Context, Result};

/// Prints to standard output. Whoever closed it wants no more, so that nothing is printed then is
/// no error.
pub(crate) fn print(text: &str) -> Result<()> {
    write(&mut io::stdout().lock(), text).context("cannot write to standard output")
}

/// Prints to standard error.
pub(crate) fn print_aside(text: &str) -> Result<()> {
    write(&mut io::stderr().lock(), text).context("cannot write to standard error")
}

fn write(to: &mut impl Write, text: &str) -> io::Result<()> {
    match to.write_all(text.as_bytes()).and_then(|()| to.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails in this way.
    struct Broken(ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_went_away_is_no_error_and_a_full_disk_is() {
        assert!(write(&mut Broken(ErrorKind::BrokenPipe), "a line\n").is_ok());
        assert!(write(&mut Broken(ErrorKind::StorageFull), "a line\n").is_err());
    }
}
