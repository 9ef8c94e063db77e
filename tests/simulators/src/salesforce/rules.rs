//! What an organisation refuses: unique values, validation rules, duplicate rules, locks (contract
//! salesforce 4.3, 4.4).

use serde_json::{Value, json};

use super::cell::Cell;
use super::organisation::Organisation;
use super::records::{Cells, Record};
use super::refusal::{Outcome, Problem};
use super::schema::{Field, Object};
use super::switches::DuplicateRule;
use super::writes::{Writer, status};

impl Organisation {
    /// `DUPLICATE_VALUE`: the unique index sees what others cannot see yet, but not the recycle
    /// bin.
    pub(crate) fn refuse_taken(
        &self,
        object: &Object,
        id: Option<&str>,
        cells: &Cells,
    ) -> Outcome<()> {
        for field in object.fields.iter().filter(|field| field.unique) {
            let Some(value) = cells.get(&field.name).filter(|cell| !cell.is_null()) else {
                continue;
            };
            let Some(holder) =
                self.others(object, id).find(|record| equal(record.get(&field.name), value))
            else {
                continue;
            };
            return Err(self.taken(field, holder).into());
        }
        Ok(())
    }

    fn others<'a>(&'a self, object: &Object, id: Option<&str>) -> impl Iterator<Item = &'a Record> {
        self.records.living(object.name).filter(move |record| Some(record.id.as_str()) != id)
    }

    fn taken(&self, field: &Field, holder: &Record) -> Problem {
        let short = holder.id.get(..15).unwrap_or_default();
        let id = if self.switches.long_duplicate_id { holder.id.as_str() } else { short };
        let text = format!(
            "duplicate value found: {} duplicates value on record with id: {id}",
            field.name
        );
        Problem::new("DUPLICATE_VALUE", text).about(&[])
    }

    pub(crate) fn refuse_invalid(&self, object: &Object, cells: &Cells) -> Outcome<()> {
        for rule in self.switches.validation_rules.iter().filter(|rule| rule.object == object.name)
        {
            let value = cells.get(&rule.field).map_or(Value::Null, Cell::to_json);
            if value == rule.value {
                return Err(Problem::new("FIELD_CUSTOM_VALIDATION_EXCEPTION", &rule.message)
                    .about(&[&rule.field])
                    .into());
            }
        }
        Ok(())
    }

    pub(crate) fn refuse_duplicate(
        &self,
        object: &Object,
        writer: &Writer,
        id: Option<&str>,
        cells: &Cells,
    ) -> Outcome<()> {
        for rule in self.switches.duplicate_rules.iter().filter(|rule| rule.object == object.name) {
            let Some(value) = cells.get(&rule.field).filter(|cell| !cell.is_null()) else {
                continue;
            };
            let matches: Vec<&Record> = self
                .others(object, id)
                .filter(|record| equal(record.get(&rule.field), value))
                .collect();
            if matches.is_empty() || (rule.allow_save && writer.allow_save) {
                continue;
            }
            return Err(self.duplicates(object, rule, &matches).into());
        }
        Ok(())
    }

    fn duplicates(&self, object: &Object, rule: &DuplicateRule, matches: &[&Record]) -> Problem {
        let record = |record: &&Record| {
            let url = format!("/services/data/v67.0/sobjects/{}/{}", object.name, record.id);
            let record = json!({"attributes": {"type": object.name, "url": url}, "Id": record.id});
            json!({
                "additionalInformation": [], "fieldDiffs": [], "matchConfidence": 100.0,
                "record": record
            })
        };
        let found = json!({
            "entityType": object.name,
            "errors": [],
            "matchEngine": "FuzzyMatchEngine",
            "rule": format!("Standard_{}_Match_Rule_v1_1", object.name),
            "size": matches.len(),
            "success": true,
            "matchRecords": matches.iter().map(record).collect::<Value>(),
        });
        let result = json!({
            "allowSave": rule.allow_save,
            "duplicateRule": format!("Standard_{}_Duplicate_Rule", object.name),
            "duplicateRuleEntityType": object.name,
            "errorMessage": rule.message,
            "matchResults": [found],
        });
        let key =
            if self.switches.misspelt_duplicates { "duplicateResut" } else { "duplicateResult" };
        let mut problem = Problem::new("DUPLICATES_DETECTED", &rule.message);
        problem.details.insert(key.into(), result);
        problem
    }

    /// A record held by another transaction, or whose account is.
    pub(crate) fn refuse_locked(&mut self, cells: &Cells, id: Option<&str>) -> Outcome<()> {
        let parents =
            ["AccountId", "OpportunityId"].map(|field| cells.get(field).and_then(Cell::as_text));
        for held in [id, parents[0], parents[1]].into_iter().flatten() {
            let Some(times) = self.locks.get_mut(held) else {
                continue;
            };
            *times = times.saturating_sub(1);
            if *times == 0 {
                self.locks.remove(held);
            }
            let text =
                format!("unable to obtain exclusive access to this record or 1 records: {held}");
            let problem = Problem::new("UNABLE_TO_LOCK_ROW", text).about(&[]);
            return Err(problem.with(status(self.switches.lock_status)));
        }
        Ok(())
    }
}

/// Text without regard to case.
pub(crate) fn equal(a: &Cell, b: &Cell) -> bool {
    a.compare(b) == Some(std::cmp::Ordering::Equal)
}
