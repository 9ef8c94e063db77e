//! A value in the tree of a mapping file, and where it stands.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::source::{Place, Source, Sources};

/// What the TOML parser makes of a file.
pub(crate) type Tree<'i> = Spanned<DeValue<'i>>;

/// A value, its place, and what stands in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node<'a> {
    value: &'a Tree<'a>,
    sources: &'a Sources<'a>,
}

/// A table's entry: the place of its key, and its value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) key: Place,
    pub(crate) value: Node<'a>,
}

impl<'a> Node<'a> {
    pub(crate) fn new(value: &'a Tree<'a>, sources: &'a Sources<'a>) -> Self {
        Self { value, sources }
    }

    pub(crate) fn value(self) -> &'a DeValue<'a> {
        self.value.get_ref()
    }

    pub(crate) fn place(self) -> Place {
        self.sources.place(self.value.span().start)
    }

    /// The line in its file, from 1.
    pub(crate) fn line(self) -> usize {
        let (_, line, _) = self.sources.locate(self.place());
        line
    }

    fn table(self) -> Option<&'a DeTable<'a>> {
        self.value().as_table()
    }

    fn below(self, value: &'a Tree<'a>) -> Node<'a> {
        Self { value, ..self }
    }

    /// Another value of the same files.
    pub(crate) fn instead(self, value: &'a Tree<'a>) -> Node<'a> {
        self.below(value)
    }

    /// The table's entries; none of anything else.
    pub(crate) fn entries(self) -> impl Iterator<Item = (&'a str, Entry<'a>)> {
        self.table().into_iter().flatten().map(move |(key, value)| {
            let place = self.sources.place(key.span().start);
            (key.get_ref().as_ref(), Entry { key: place, value: self.below(value) })
        })
    }

    /// The list's items; none of anything else.
    pub(crate) fn items(self) -> impl Iterator<Item = Node<'a>> {
        self.value()
            .as_array()
            .into_iter()
            .flat_map(|items| items.iter())
            .map(move |item| self.below(item))
    }

    pub(crate) fn item(self, at: usize) -> Option<Node<'a>> {
        Some(self.below(self.value().as_array()?.get(at)?))
    }

    pub(crate) fn get(self, key: &str) -> Option<Node<'a>> {
        Some(self.below(self.table()?.get(key)?))
    }

    pub(crate) fn text(self) -> Option<&'a str> {
        self.value().as_str()
    }

    /// The place of the key of this name, or else of the whole.
    pub(crate) fn key_place(self, key: &str) -> Place {
        let known = self.table().and_then(|table| table.get_key_value(key));
        known.map_or(self.place(), |(key, _)| self.sources.place(key.span().start))
    }

    /// The place of the value of `key`, or else of the whole.
    pub(crate) fn place_of(self, key: &str) -> Place {
        self.get(key).unwrap_or(self).place()
    }

    /// The place where the override took `key` out.
    pub(crate) fn removal(self, key: &str) -> Option<Place> {
        self.sources.removal(&self.value.span(), key)
    }

    /// Where somebody looks who wants to know why it is as it is: the override's line that changed
    /// something in it, or else its own place.
    pub(crate) fn cause(self) -> Place {
        let inside = self.entries().map(|(_, entry)| entry.value).chain(self.items());
        let changed = inside.map(Self::cause).find(|place| place.source == Source::Override);
        to_blame([self.place()].into_iter().chain(changed)).unwrap_or(self.place())
    }

    /// The place of the one of these keys that a contradiction between them is blamed on: the first
    /// of those that the override sets or takes out, or else the first that is set.
    pub(crate) fn blamed(self, keys: &[&str]) -> Place {
        self.blamed_if_set(keys).unwrap_or(self.place())
    }

    /// As [`Self::blamed`]; `None` where no key is set.
    pub(crate) fn blamed_if_set(self, keys: &[&str]) -> Option<Place> {
        let cause = |key: &&str| self.removal(key).or_else(|| self.get(key).map(Self::cause));
        to_blame(keys.iter().filter_map(cause))
    }
}

/// The one of these places that a contradiction between them is blamed on: the first in the
/// override, since the shipped file has none, or else the first.
pub(crate) fn to_blame(places: impl IntoIterator<Item = Place>) -> Option<Place> {
    let places: Vec<Place> = places.into_iter().collect();
    let own = places.iter().find(|place| place.source == Source::Override);
    own.or(places.first()).copied()
}
