//! References among the parts of a composite request: `@{acct.id}`, `@{list.records[0].Id}`
//! (contract salesforce 3.8).

use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::refusal::{Outcome, Problem, Refusal};

/// The answers given so far, in their order.
#[derive(Debug, Default)]
pub(super) struct Answers {
    given: Vec<(String, Answer)>,
}

impl Answers {
    pub(super) fn push(&mut self, reference: String, answer: Answer) {
        self.given.push((reference, answer));
    }

    /// Everything was undone: only the part that failed keeps its answer.
    pub(super) fn roll_back(&mut self, references: &[String]) {
        let Some(failed) = self.given.pop() else {
            return;
        };
        let halted = |reference: &String| {
            let text = "The transaction was rolled back since another operation in the same \
                        transaction failed.";
            (reference.clone(), Answer::from(Refusal::bad("PROCESSING_HALTED", text)))
        };
        self.given = references
            .iter()
            .map(
                |reference| {
                    if *reference == failed.0 { failed.clone() } else { halted(reference) }
                },
            )
            .collect();
    }

    pub(super) fn body(&self) -> Vec<Value> {
        let one = |(reference, answer): &(String, Answer)| {
            let headers =
                answer.headers.iter().filter(|(name, _)| matches!(*name, "location" | "etag"));
            let shown = |(name, value): &(&str, String)| {
                let name = if *name == "etag" { "ETag" } else { "Location" };
                (name.to_owned(), Value::from(value.as_str()))
            };
            let headers: Map<String, Value> = headers.map(shown).collect();
            json!({
                "body": answer.body,
                "httpHeaders": headers,
                "httpStatusCode": answer.status.as_u16(),
                "referenceId": reference,
            })
        };
        self.given.iter().map(one).collect()
    }

    /// What `acct.id` or `list.records[0].Id` stands for; `None` when that request failed or has no
    /// such member.
    fn member(&self, path: &str) -> Option<&Value> {
        let mut steps = path.split(['.', '[']).map(|step| step.trim_end_matches(']'));
        let name = steps.next()?;
        let (_, answer) = self.given.iter().find(|(reference, _)| reference == name)?;
        let body = answer.body.as_ref().filter(|_| answer.status.is_success())?;
        steps.try_fold(body, |value, step| match value {
            Value::Array(items) => items.get(step.parse::<usize>().ok()?),
            _ => value.get(step),
        })
    }
}

/// A text with its references filled in; 400 when one stands for nothing.
pub(super) fn text(text: &str, answers: &Answers) -> Outcome<String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("@{") {
        let Some((path, behind)) = behind.split_once('}') else {
            break;
        };
        filled.push_str(before);
        match answers.member(path) {
            Some(Value::String(text)) => filled.push_str(text),
            Some(value) if !value.is_null() => filled.push_str(&value.to_string()),
            _ => {
                let text = format!("Invalid reference specified. No value for {path} found.");
                return Err(Problem::new("PROCESSING_HALTED", text).into());
            }
        }
        rest = behind;
    }
    Ok(filled + rest)
}

/// A body with its references filled in.
pub(super) fn value(body: &Value, answers: &Answers) -> Outcome<Value> {
    Ok(match body {
        Value::String(string) => Value::String(text(string, answers)?),
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| value(item, answers)).collect::<Outcome<_>>()?)
        }
        Value::Object(members) => {
            let filled =
                members.iter().map(|(name, member)| Ok((name.clone(), value(member, answers)?)));
            Value::Object(filled.collect::<Outcome<_>>()?)
        }
        other => other.clone(),
    })
}
