//! Asking before an order is carried out.

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::{Result, bail, ensure};
use clap::Args;

#[derive(Args)]
pub(crate) struct Consent {
    /// Does not ask first.
    #[arg(long)]
    yes: bool,
}

impl Consent {
    /// Fails unless somebody says yes.
    pub(super) fn obtain(&self, question: &str) -> Result<()> {
        if self.yes {
            return Ok(());
        }
        let stdin = io::stdin();
        ensure!(
            stdin.is_terminal(),
            "nothing was changed: there is no terminal to ask at; add --yes to do it without being \
             asked"
        );
        answer(question, &mut stdin.lock(), &mut io::stderr())
    }
}

fn answer(question: &str, input: &mut dyn BufRead, output: &mut dyn Write) -> Result<()> {
    write!(output, "{question} [y/N] ")?;
    output.flush()?;
    let mut line = String::new();
    input.read_line(&mut line)?;
    match line.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => bail!("nothing was changed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_a_yes() {
        let asked = |line: &str| {
            let mut shown = Vec::new();
            let result = answer("Unlink them?", &mut line.as_bytes(), &mut shown);
            assert_eq!(shown, b"Unlink them? [y/N] ");
            result
        };
        for line in ["y\n", "Y\n", " yes \r\n", "Yes"] {
            assert!(asked(line).is_ok(), "{line:?}");
        }
        for line in ["", "\n", "n\n", "yeah\n", "no\n"] {
            assert_eq!(asked(line).unwrap_err().to_string(), "nothing was changed", "{line:?}");
        }
    }
}
