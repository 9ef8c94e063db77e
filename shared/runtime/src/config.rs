//! Typed reading of environment variables. All problems are collected and reported at once, so that
//! a deployment is corrected in one go.
//!
//! ```
//! use cosell_runtime::config::{Environment, Noted};
//!
//! struct Settings {
//!     table: String,
//!     leads: bool,
//! }
//!
//! fn settings(environment: &Environment) -> Result<Settings, Noted> {
//!     // Read everything first, then give up on what was missing: `?` on the first would hide the
//!     // second.
//!     let table = environment.required("LINKS_TABLE", "cosell-links");
//!     let private = environment.flag("SYNC_PRIVATE", false);
//!     Ok(Settings { table: table?, leads: private? })
//! }
//!
//! let environment = Environment::of([("SYNC_PRIVATE", "maybe")]);
//! let problems = environment.read(settings).err().unwrap().to_string();
//! assert!(problems.contains("LINKS_TABLE") && problems.contains("SYNC_PRIVATE"));
//! ```

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use url::Url;

/// The environment variables of a process, or those of a test.
#[derive(Debug)]
pub struct Environment {
    source: Source,
    problems: RefCell<Vec<Problem>>,
}

#[derive(Debug)]
enum Source {
    Process,
    Fixed(HashMap<String, String>),
}

/// One variable that is not as it should be. Its value is not shown: somebody may have put a secret
/// there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The variable's name.
    pub variable: String,
    /// What is wrong, such as "is not set".
    pub wrong: String,
    /// A value that would do.
    pub example: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}; for example {}={}",
            self.variable, self.wrong, self.variable, self.example
        )
    }
}

/// A variable could not be read; why is noted in the [`Environment`] and reported by
/// [`Environment::read`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noted;

/// Everything that is wrong with the environment.
#[derive(Debug, thiserror::Error)]
#[error("the environment variables are not complete:{}", list(problems))]
pub struct ConfigError {
    /// In the order of reading.
    pub problems: Vec<Problem>,
}

impl Environment {
    /// The variables of this process.
    pub fn of_process() -> Self {
        Self { source: Source::Process, problems: RefCell::default() }
    }

    /// These variables and no others.
    pub fn of<K: Into<String>, V: Into<String>>(
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let variables =
            variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { source: Source::Fixed(variables), problems: RefCell::default() }
    }

    /// Reads settings, and fails with all problems met on the way.
    pub fn read<T>(
        self,
        settings: impl FnOnce(&Self) -> Result<T, Noted>,
    ) -> Result<T, ConfigError> {
        let settings = settings(&self);
        let problems = self.problems.into_inner();
        match settings {
            Ok(settings) if problems.is_empty() => Ok(settings),
            _ => Err(ConfigError { problems }),
        }
    }

    /// Text, if it is set. Blank counts as not set: that is how a template passes an empty
    /// parameter.
    pub fn optional(&self, variable: &str) -> Option<String> {
        let value = match &self.source {
            Source::Process => std::env::var(variable).ok(),
            Source::Fixed(variables) => variables.get(variable).cloned(),
        };
        value.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// Text that must be set.
    pub fn required(&self, variable: &str, example: &str) -> Result<String, Noted> {
        self.optional(variable).ok_or_else(|| self.note(variable, "is not set", example))
    }

    /// A value that must be set and have a form.
    pub fn parsed<T: FromStr<Err: fmt::Display>>(
        &self,
        variable: &str,
        example: &str,
    ) -> Result<T, Noted> {
        let text = self.required(variable, example)?;
        self.parse(variable, &text, example)
    }

    /// A value that must have a form if it is set.
    pub fn parsed_or<T: FromStr<Err: fmt::Display> + fmt::Display>(
        &self,
        variable: &str,
        default: T,
    ) -> Result<T, Noted> {
        match self.optional(variable) {
            Some(text) => self.parse(variable, &text, &default.to_string()),
            None => Ok(default),
        }
    }

    /// Yes or no: `true` or `false`.
    pub fn flag(&self, variable: &str, default: bool) -> Result<bool, Noted> {
        match self.optional(variable).as_deref() {
            None => Ok(default),
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            Some(_) => Err(self.note(
                variable,
                "must be true or false",
                if default { "true" } else { "false" },
            )),
        }
    }

    /// Texts separated by commas; blanks around them and empty ones are dropped.
    pub fn list(&self, variable: &str) -> Vec<String> {
        let text = self.optional(variable).unwrap_or_default();
        text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
    }

    /// The base address of a service that tokens are sent to: see [`cosell_http::permitted`].
    pub fn base_url(
        &self,
        variable: &str,
        default: Option<&str>,
        example: &str,
    ) -> Result<Url, Noted> {
        let text = match (self.optional(variable), default) {
            (Some(text), _) => text,
            (None, Some(default)) => default.to_owned(),
            (None, None) => return Err(self.note(variable, "is not set", example)),
        };
        let url: Url = self.parse(variable, &text, example)?;
        cosell_http::permitted(&url)
            .map_err(|forbidden| self.note(variable, &forbidden.to_string(), example))?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(self.note(variable, "must end with its path: no ? and no #", example));
        }
        Ok(url)
    }

    fn parse<T: FromStr<Err: fmt::Display>>(
        &self,
        variable: &str,
        text: &str,
        example: &str,
    ) -> Result<T, Noted> {
        text.parse().map_err(|wrong: T::Err| {
            self.note(variable, &format!("cannot be read: {wrong}"), example)
        })
    }

    /// Notes what is wrong with a variable.
    pub fn note(&self, variable: &str, wrong: &str, example: &str) -> Noted {
        let problem = Problem {
            variable: variable.to_owned(),
            wrong: wrong.to_owned(),
            example: example.to_owned(),
        };
        // Two parts of a program may read the same variable.
        let mut problems = self.problems.borrow_mut();
        if !problems.contains(&problem) {
            problems.push(problem);
        }
        Noted
    }
}

fn list(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(|problem| format!("\n  - {problem}")).collect();
    lines.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_problems_are_reported_at_once() {
        let environment = Environment::of([
            ("B", "many"),
            ("C", "perhaps"),
            ("D", "http://api.example.com"),
            ("E", "not an address"),
        ]);
        let error = environment.read(|environment| {
            let a = environment.required("A", "x");
            let b = environment.parsed::<u32>("B", "300");
            let c = environment.flag("C", true);
            let urls = ["D", "E"]
                .map(|variable| environment.base_url(variable, None, "https://api.example.com"));
            Ok((a?, b?, c?, urls.into_iter().collect::<Result<Vec<_>, _>>()?))
        });
        let text = error.unwrap_err().to_string();
        for expected in [
            "A is not set; for example A=x",
            "B cannot be read: invalid digit found in string; for example B=300",
            "C must be true or false; for example C=true",
            "D `http://api.example.com` may not be called: use an https address",
            "E cannot be read: relative URL without a base; for example E=https://api.example.com",
        ] {
            assert!(text.contains(expected), "{expected}\nis not in\n{text}");
        }
    }

    #[test]
    fn a_problem_with_an_optional_value_is_reported_even_when_nobody_gave_up() {
        let error = Environment::of([("DAYS", "soon")]).read(|environment| {
            let _ = environment.parsed_or("DAYS", 400_u32);
            Ok(())
        });
        assert_eq!(error.unwrap_err().problems[0].variable, "DAYS");
    }

    #[test]
    fn a_blank_variable_is_not_set() {
        let read =
            Environment::of([("A", "  "), ("DAYS", ""), ("HOSTS", " a.example, ,b.example,")])
                .read(|environment| {
                    assert_eq!(environment.optional("A"), None);
                    assert_eq!(environment.list("HOSTS"), ["a.example", "b.example"]);
                    assert!(environment.list("NONE").is_empty());
                    environment.parsed_or("DAYS", 400_u32)
                });
        assert_eq!(read.unwrap(), 400);
    }

    #[test]
    fn values_are_not_shown() {
        let error = Environment::of([("URL", "https://user:hush@api.example.com")])
            .read(|environment| environment.base_url("URL", None, "https://a"));
        assert!(!error.unwrap_err().to_string().contains("hush"));
    }

    #[test]
    fn the_process_has_variables() {
        assert!(Environment::of_process().optional("PATH").is_some());
    }
}
