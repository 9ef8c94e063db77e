//! What stands in a table or a list, for the types that read it.

use std::vec::IntoIter;

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess};

use super::stand_in::StandIn;
use super::{Problem, Repair, SchemaError, Step, ValueDeserializer};

/// A value, or what stands in for it.
enum Slot<'a> {
    Value(ValueDeserializer<'a>),
    StandIn,
}

impl<'a> Slot<'a> {
    /// `None` for what is ignored.
    fn of(value: ValueDeserializer<'a>) -> Option<Self> {
        match value.repairs.get(&value.path) {
            None => Some(Self::Value(value)),
            Some(Repair::StandIn) => Some(Self::StandIn),
            Some(Repair::Ignored) => None,
        }
    }

    fn read<S: DeserializeSeed<'a>>(self, seed: S) -> Result<S::Value, SchemaError> {
        match self {
            Self::StandIn => seed.deserialize(StandIn),
            Self::Value(value) => {
                let path = value.path.clone();
                seed.deserialize(value).map_err(|error| error.at(&path))
            }
        }
    }
}

pub(super) struct ListAccess<'a>(IntoIter<Slot<'a>>);

impl<'a> ListAccess<'a> {
    pub(super) fn new(list: &ValueDeserializer<'a>) -> Self {
        let items = list.node.items().enumerate();
        let slots: Vec<Slot<'a>> =
            items.filter_map(|(at, item)| Slot::of(list.below(Step::Item(at), item))).collect();
        Self(slots.into_iter())
    }
}

impl<'de> SeqAccess<'de> for ListAccess<'de> {
    type Error = SchemaError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, SchemaError> {
        self.0.next().map(|slot| slot.read(seed)).transpose()
    }
}

pub(super) struct TableAccess<'a> {
    entries: IntoIter<(String, Slot<'a>)>,
    value: Option<Slot<'a>>,
}

impl<'a> TableAccess<'a> {
    /// The entries, and the stand-ins for what is missing.
    pub(super) fn new(table: &ValueDeserializer<'a>) -> Self {
        let mut entries: Vec<(String, Slot<'a>)> = Vec::new();
        for (key, entry) in table.node.entries() {
            let slot = Slot::of(table.below(Step::Key(key.to_owned()), entry.value));
            entries.extend(slot.map(|slot| (key.to_owned(), slot)));
        }
        for path in table.repairs.keys() {
            if let Some((Step::Key(key), above)) = path.split_last()
                && above == table.path
                && table.node.get(key).is_none()
            {
                entries.push((key.clone(), Slot::StandIn));
            }
        }
        Self { entries: entries.into_iter(), value: None }
    }
}

impl<'de> MapAccess<'de> for TableAccess<'de> {
    type Error = SchemaError;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, SchemaError> {
        let Some((key, value)) = self.entries.next() else {
            return Ok(None);
        };
        self.value = Some(value);
        let name: StrDeserializer<'_, SchemaError> = key.as_str().into_deserializer();
        seed.deserialize(name).map(Some).map_err(|mut error| {
            if let Problem::UnknownName { name: key, known } = error.problem {
                error.problem = Problem::UnknownEntry { key, known };
            }
            error
        })
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<S::Value, SchemaError> {
        self.value.take().unwrap_or(Slot::StandIn).read(seed)
    }
}
