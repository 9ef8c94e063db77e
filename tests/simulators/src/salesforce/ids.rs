//! Record ids: a 15-character case-sensitive core and a 3-character checksum (contract salesforce
//! 2).

use std::collections::HashMap;

const CHECKSUM: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The part of an id that names the instance; any two letters.
const POD: &str = "Kd";

/// The 18-character form of a 15-character core.
pub(crate) fn with_checksum(core: &str) -> String {
    let mut id = core.to_owned();
    for group in core.as_bytes().chunks(5) {
        let bit =
            |(place, character): (usize, &u8)| usize::from(character.is_ascii_uppercase()) << place;
        let number: usize = group.iter().enumerate().map(bit).sum();
        id.push(char::from(CHECKSUM[number % 32]));
    }
    id
}

/// The 18-character form of an id given with 15 or 18 characters; `None` when it is not an id.
pub(crate) fn normal(text: &str) -> Option<String> {
    let is_id = matches!(text.len(), 15 | 18)
        && text.bytes().all(|character| character.is_ascii_alphanumeric());
    let id = with_checksum(text.get(..15).filter(|_| is_id)?);
    (text.len() == 15 || text == id).then_some(id)
}

/// Gives out ids that rise within each prefix.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    last: HashMap<String, usize>,
}

impl Ids {
    pub(crate) fn next(&mut self, prefix: &str) -> String {
        let last = self.last.entry(prefix.to_owned()).or_insert(4_000_000);
        *last += 1;
        with_checksum(&core(prefix, *last))
    }
}

fn core(prefix: &str, mut number: usize) -> String {
    let mut tail = [b'0'; 10];
    for place in tail.iter_mut().rev() {
        *place = DIGITS[number % DIGITS.len()];
        number /= DIGITS.len();
    }
    let tail: String = tail.iter().copied().map(char::from).collect();
    format!("{prefix}{POD}{tail}")
}

#[cfg(test)]
mod tests {
    use super::{Ids, normal, with_checksum};

    #[test]
    fn the_checksum_is_the_contracts() {
        assert_eq!(with_checksum("006Kd00000AbC1x"), "006Kd00000AbC1xIAF");
    }

    #[test]
    fn ids_are_taken_in_both_lengths_and_nothing_else_is() {
        assert_eq!(normal("006Kd00000AbC1x").as_deref(), Some("006Kd00000AbC1xIAF"));
        assert_eq!(normal("006Kd00000AbC1xIAF").as_deref(), Some("006Kd00000AbC1xIAF"));
        for wrong in ["006Kd00000AbC1xIAE", "006Kd00000AbC1", "006Kd00000AbC-x", ""] {
            assert_eq!(normal(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn ids_rise_in_the_order_they_are_given_out() {
        let mut ids = Ids::default();
        let given: Vec<String> = (0..200).map(|_| ids.next("006")).collect();
        assert!(given.is_sorted());
        assert!(given.iter().all(|id| normal(id).as_ref() == Some(id) && id.starts_with("006")));
    }
}
