//! Publishers and solutions: under which prefix a customisation may be made, and where it is kept
//! (contract dynamics365 5.1).

use serde_json::{Map, Value};
use uuid::Uuid;

use super::cell::Cell;
use super::http::Call;
use super::organisation::Organisation;
use super::refusal::{Outcome, Refusal};
use super::rows::{Cells, Row, cell};
use super::schema::Table;

/// The publisher every environment has: id, unique name, prefix and choice value prefix.
const DEFAULT_PUBLISHER: (Uuid, &str, &str, i64) = (
    Uuid::from_u128(0x0b1c_2d3e_0000_4a00_9000_0000_0000_0010),
    "DefaultPublishernorthwind",
    "new",
    10_000,
);
const COSELL_PUBLISHER: Uuid = Uuid::from_u128(0x0b1c_2d3e_0000_4a00_9000_0000_0000_0011);

/// Whose customisation a metadata call makes, and the solution it names, if it does.
pub(crate) struct Home {
    prefix: String,
    first_option: i64,
    solution: Option<String>,
}

impl Home {
    /// Refuses a schema name that does not begin with the publisher's prefix.
    pub(crate) fn admits(&self, schema_name: &str) -> Outcome<()> {
        let begin = format!("{}_", self.prefix);
        if schema_name.starts_with(&begin) && schema_name.len() > begin.len() {
            return Ok(());
        }
        Err(invalid(&format!("SchemaName must begin with '{begin}'")))
    }

    /// Refuses a choice value outside of the publisher's range.
    pub(crate) fn admits_option(&self, value: i64) -> Outcome<()> {
        if (self.first_option..self.first_option + 10_000).contains(&value) {
            return Ok(());
        }
        let text = format!(
            "The option value {value} is outside of the range of the publisher's option value \
             prefix."
        );
        Err(Refusal::bad("0x80048402", text))
    }
}

impl Organisation {
    pub(crate) fn seed_publishers(&mut self) {
        let (id, name, prefix, options) = DEFAULT_PUBLISHER;
        self.seed_publisher(id, name, prefix, options);
        if self.options.install_columns {
            let prefix = self.options.publisher_prefix.clone();
            self.seed_publisher(COSELL_PUBLISHER, "nwcosell", &prefix, 41_200);
        }
    }

    fn seed_publisher(&mut self, id: Uuid, name: &str, prefix: &str, options: i64) {
        let cells = Cells::from([
            ("publisherid".into(), Cell::Guid(id)),
            ("uniquename".into(), Cell::Text(name.into())),
            ("friendlyname".into(), Cell::Text(name.into())),
            ("customizationprefix".into(), Cell::Text(prefix.into())),
            ("customizationoptionvalueprefix".into(), Cell::Int(options)),
        ]);
        self.rows.put("publisher", id, cells);
    }

    /// Who may not customise can neither make publishers and solutions nor change definitions.
    pub(crate) fn refuse_customising(&self, what: &str) -> Outcome<()> {
        if !self.switches.cannot_customise {
            return Ok(());
        }
        let text = format!(
            "Principal user (Id=0b1c2d3e-0000-4a00-9000-000000000002, type=8, roleCount=1) is \
             missing prvCreate{what} privilege (Id=0b1c2d3e-0000-4a00-9000-0000000000fe) on \
             OTC=9800 for entity '{what}'."
        );
        Err(Refusal::new(axum::http::StatusCode::FORBIDDEN, "0x80040220", text))
    }

    /// Refuses a new publisher or solution that lacks what it must have.
    pub(crate) fn refuse_incomplete(&self, table: &Table, cells: &Cells) -> Outcome<()> {
        let needed: &[&str] = match table.name.as_str() {
            "publisher" => &[
                "uniquename",
                "friendlyname",
                "customizationprefix",
                "customizationoptionvalueprefix",
            ],
            "solution" => &["uniquename", "friendlyname", "version", "publisherid"],
            _ => return Ok(()),
        };
        self.refuse_customising(if table.name == "publisher" { "Publisher" } else { "Solution" })?;
        if let Some(missing) = needed.iter().find(|column| cell(cells, column).is_null()) {
            return Err(invalid(&format!("{missing} is required")));
        }
        match cell(cells, "customizationprefix").as_text() {
            Some(prefix) if !is_prefix(prefix) => {
                Err(invalid("customizationprefix must be 2 to 8 letters or digits, a letter first"))
            }
            Some(prefix) if self.publisher_of(prefix).is_some() => {
                Err(invalid("another publisher has this prefix"))
            }
            _ => Ok(()),
        }
    }

    /// The publisher that a metadata call's body `name`s its components after. A solution, when the
    /// call names one, must be there, not managed, and of that publisher.
    pub(crate) fn home(&self, call: &Call<'_>, name: &str) -> Outcome<Home> {
        self.refuse_customising("Attribute")?;
        let header = call.headers.get("mscrm.solutionuniquename");
        let solution = header.and_then(|value| value.to_str().ok()).map(str::to_owned);
        let prefix = name.split_once('_').map_or("", |(prefix, _)| prefix);
        let publisher = match &solution {
            None => self.publisher_of(prefix),
            Some(name) => {
                let row = self.solution_named(name)?;
                self.follow(row.get("publisherid"))
            }
        };
        let publisher = publisher.ok_or_else(|| {
            invalid(&format!("no publisher has the prefix of the SchemaName '{name}'"))
        })?;
        Ok(Home {
            prefix: publisher.get("customizationprefix").as_text().unwrap_or_default().to_owned(),
            first_option: publisher
                .get("customizationoptionvalueprefix")
                .as_int()
                .unwrap_or_default()
                * 10_000,
            solution,
        })
    }

    /// Columns are visible at once here, so publishing has nothing to do but to look at what is
    /// asked (contract dynamics365 5.5).
    pub(crate) fn publish(&self, parameters: &Map<String, Value>) -> Outcome<()> {
        self.refuse_customising("Attribute")?;
        let document = parameters.get("ParameterXml").and_then(Value::as_str).unwrap_or_default();
        let inner = document
            .trim()
            .strip_prefix("<importexportxml>")
            .and_then(|rest| rest.strip_suffix("</importexportxml>"));
        let inner =
            inner.ok_or_else(|| invalid("ParameterXml must be an importexportxml document"))?;
        for name in inner.split("<entity>").skip(1) {
            let name = name.split_once("</entity>").map_or("", |(name, _)| name);
            if self.schema.by_name(name).is_none() {
                return Err(invalid(&format!("ParameterXml names the unknown entity '{name}'")));
            }
        }
        Ok(())
    }

    /// Notes a component in the solution that it was made for; it is in the Default Solution in any
    /// case.
    pub(crate) fn keep_in(&mut self, home: Home, component: String) {
        if let Some(solution) = home.solution {
            self.components.entry(solution).or_default().push(component);
        }
    }

    fn publisher_of(&self, prefix: &str) -> Option<&Row> {
        self.rows
            .all("publisher")
            .find(|row| row.get("customizationprefix").as_text() == Some(prefix))
    }

    fn solution_named(&self, name: &str) -> Outcome<&Row> {
        let found =
            self.rows.all("solution").find(|row| row.get("uniquename").as_text() == Some(name));
        let solution = found.ok_or_else(|| {
            invalid(&format!("there is no solution with the unique name '{name}'"))
        })?;
        if *solution.get("ismanaged") == Cell::Bool(true) {
            return Err(invalid(&format!("the solution '{name}' is managed")));
        }
        Ok(solution)
    }
}

fn is_prefix(text: &str) -> bool {
    (2..=8).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && !text.starts_with("mscrm")
}

pub(crate) fn invalid(what: &str) -> Refusal {
    Refusal::bad("0x80040203", format!("Invalid argument: {what}."))
}
