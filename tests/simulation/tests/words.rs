//! Nothing is decided by what sellers read: a storm goes the same way in other words.

#![expect(clippy::unwrap_used, reason = "test code")]

use cosell_mapping::Mapping;
use cosell_model::notice::Notice;
use cosell_model::state::DealState;
use cosell_simulation::{Feature, Mappings, STEPS, Storms};
use cosell_sync::render::{Words, sentence, status};
use serde_json::Value as Json;

/// Other words for the same: two texts differ where they differed, and are as long.
fn reworded(text: &str) -> String {
    let other = |letter: char, first: u8| {
        char::from((u8::try_from(letter).unwrap() - first + 13) % 26 + first)
    };
    let reword = |letter: char| match letter {
        'a'..='z' => other(letter, b'a'),
        'A'..='Z' => other(letter, b'A'),
        letter => letter,
    };
    text.chars().map(reword).collect()
}

fn other_sentence(mapping: &Mapping, notice: &Notice) -> String {
    reworded(&sentence(mapping, notice))
}

fn other_status(mapping: &Mapping, state: &DealState) -> String {
    reworded(&status(mapping, state))
}

/// What happened until everything was at rest, without what the seller reads.
fn history(storms: &Storms, seed: u64) -> Vec<String> {
    let history = storms.run(seed, STEPS).history;
    let happened = history.iter().take_while(|line| !line.starts_with("In the end "));
    happened.map(|line| silent(line)).collect()
}

/// A write of a record without the values of *Audit* and *Sync status*.
fn silent(line: &str) -> String {
    let columns = line.split_once(" gets {").zip(line.rfind('}'));
    let Some(((start, _), end)) = columns else { return line.to_owned() };
    let json = &line[start.len() + " gets ".len()..=end];
    let mut fields: serde_json::Map<String, Json> = serde_json::from_str(json).unwrap();
    for (column, value) in &mut fields {
        let column = column.to_lowercase().replace('_', "");
        if column.contains("audit") || column.contains("syncstatus") {
            *value = Json::Null;
        }
    }
    format!("{start} gets {}{}", Json::Object(fields), &line[end + 1..])
}

#[test]
fn a_storm_goes_the_same_way_in_other_words() {
    let mut usual = Storms::new(Mappings::read().unwrap());
    // A seller may enter what one of the two says.
    usual.features.remove(&Feature::Rewriting);
    let mut reworded = usual.clone();
    reworded.words = Words { sentence: other_sentence, status: other_status };
    for seed in 0..200 {
        let (ours, other) = (history(&usual, seed), history(&reworded, seed));
        let first = ours.iter().zip(&other).find(|(ours, other)| ours != other);
        assert_eq!(first, None, "seed {seed}");
        assert_eq!(ours.len(), other.len(), "seed {seed}");
    }
}

#[test]
fn other_words_are_not_the_same() {
    assert_eq!(reworded("\u{2714} Synced"), "\u{2714} Flaprq");
}
