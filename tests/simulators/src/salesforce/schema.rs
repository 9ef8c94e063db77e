//! What objects and fields look like, and how the objects are written down (contract salesforce 2).

use super::cell::Cell;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Id,
    Text(usize),
    /// A text area; a long one (over 255) can be selected but neither filtered nor sorted.
    Area(usize),
    Picklist {
        length: usize,
        restricted: bool,
        values: Vec<String>,
    },
    Multi {
        restricted: bool,
        values: Vec<String>,
    },
    Bool,
    Currency(u32),
    Percent,
    Double(u32),
    Int,
    Date,
    Moment,
    Email,
    Phone,
    Url,
    Reference(Vec<String>),
    /// Assembled from the fields with this prefix: `Billing`, or nothing on Lead.
    Address(&'static str),
}

impl Kind {
    /// Most characters a value may have.
    pub(crate) fn length(&self) -> Option<usize> {
        match self {
            Self::Text(length) | Self::Area(length) | Self::Picklist { length, .. } => {
                Some(*length)
            }
            Self::Email => Some(80),
            Self::Phone => Some(40),
            Self::Url => Some(255),
            Self::Id | Self::Reference(_) => Some(18),
            Self::Multi { .. } => Some(4099),
            _ => None,
        }
    }
}

/// When the API may write a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Write {
    Always,
    OnCreate,
    Never,
}

#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the flags are the service's own, as describe tells them"
)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) kind: Kind,
    pub(crate) write: Write,
    pub(crate) nillable: bool,
    /// The value of a new record that does not name one; also what `defaultedOnCreate` tells.
    pub(crate) default: Option<Cell>,
    pub(crate) unique: bool,
    pub(crate) external_id: bool,
    pub(crate) id_lookup: bool,
    /// Hidden from everybody until a permission set grants it (contract salesforce 5.3).
    pub(crate) by_grant: bool,
    /// The `Metadata` it was made with by the Tooling API.
    pub(crate) definition: Option<serde_json::Map<String, serde_json::Value>>,
}

impl Field {
    pub(crate) fn new(name: &str, kind: Kind, write: Write) -> Self {
        Self {
            name: name.into(),
            label: spaced(name),
            kind,
            write,
            nillable: true,
            default: None,
            unique: false,
            external_id: false,
            id_lookup: false,
            by_grant: false,
            definition: None,
        }
    }

    pub(crate) fn is_custom(&self) -> bool {
        self.name.ends_with("__c")
    }

    pub(crate) fn filterable(&self) -> bool {
        !matches!(self.kind, Kind::Area(length) if length > 255)
            && !matches!(self.kind, Kind::Address(_))
    }

    pub(crate) fn sortable(&self) -> bool {
        self.filterable() && !matches!(self.kind, Kind::Multi { .. })
    }

    /// What a reference is called in a path: `AccountId` is `Account`, `Partner__c` is
    /// `Partner__r`.
    pub(crate) fn relationship(&self) -> Option<String> {
        let Kind::Reference(_) = self.kind else {
            return None;
        };
        match self.name.strip_suffix("__c") {
            Some(name) => Some(format!("{name}__r")),
            None => self.name.strip_suffix("Id").map(str::to_owned),
        }
    }
}

/// `NextStep` is labelled `Next Step`, `Msp_Audit__c` `Msp Audit`.
fn spaced(name: &str) -> String {
    let name = name.strip_suffix("__c").unwrap_or(name).replace('_', " ");
    let name = name
        .strip_suffix("Id")
        .filter(|rest| !rest.is_empty() && !rest.ends_with(' '))
        .map_or(name.clone(), |rest| format!("{rest} ID"));
    let mut label = String::new();
    let mut last = ' ';
    for character in name.chars() {
        if character.is_ascii_uppercase() && last.is_ascii_lowercase() {
            label.push(' ');
        }
        label.push(character);
        last = character;
    }
    label
}

#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) name: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) prefix: &'static str,
    /// False for what only administrators change: stages, users, the organisation.
    pub(crate) writable: bool,
    pub(crate) fields: Vec<Field>,
}

impl Object {
    /// An object with the fields every object has.
    pub(crate) fn new(name: &'static str, plural: &'static str, prefix: &'static str) -> Self {
        let object = Self { name, plural, prefix, writable: true, fields: Vec::new() };
        object
            .add("Id", Kind::Id, Write::Never)
            .required_on_read()
            .add("IsDeleted", Kind::Bool, Write::Never)
            .default(Cell::Bool(false))
            .reads(&["CreatedDate", "LastModifiedDate", "SystemModstamp"], &Kind::Moment)
            .reference("CreatedById", &["User"], Write::Never)
            .reference("LastModifiedById", &["User"], Write::Never)
    }

    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))
    }

    pub(crate) fn add(mut self, name: &str, kind: Kind, write: Write) -> Self {
        self.fields.push(Field::new(name, kind, write));
        self
    }

    pub(crate) fn texts(self, fields: &[(&str, usize)]) -> Self {
        fields.iter().fold(self, |object, (name, length)| {
            object.add(name, Kind::Text(*length), Write::Always)
        })
    }

    pub(crate) fn writes(self, names: &[&str], kind: &Kind) -> Self {
        names.iter().fold(self, |object, name| object.add(name, kind.clone(), Write::Always))
    }

    /// Read-only fields.
    pub(crate) fn reads(self, names: &[&str], kind: &Kind) -> Self {
        names.iter().fold(self, |object, name| object.add(name, kind.clone(), Write::Never))
    }

    pub(crate) fn reference(self, name: &str, to: &[&str], write: Write) -> Self {
        let to = to.iter().map(|name| (*name).to_owned()).collect();
        self.add(name, Kind::Reference(to), write)
    }

    pub(crate) fn picklist(self, name: &str, values: &[&str]) -> Self {
        self.add(name, choices(values, false), Write::Always)
    }

    pub(crate) fn restricted(self, name: &str, values: &[&str]) -> Self {
        self.add(name, choices(values, true), Write::Always)
    }

    /// The field just added must have a value.
    pub(crate) fn required(self) -> Self {
        self.last(|field| field.nillable = false)
    }

    fn required_on_read(self) -> Self {
        self.last(|field| {
            field.nillable = false;
            field.id_lookup = true;
            field.default = Some(Cell::Null);
        })
    }

    /// The field just added has this value in a new record, and never none.
    pub(crate) fn default(self, cell: Cell) -> Self {
        self.last(|field| {
            field.nillable = false;
            field.default = Some(cell);
        })
    }

    pub(crate) fn last(mut self, change: impl FnOnce(&mut Field)) -> Self {
        if let Some(field) = self.fields.last_mut() {
            change(field);
        }
        self
    }

    /// `OwnerId`, which is the writing user's own unless it is given.
    pub(crate) fn owned(self) -> Self {
        self.reference("OwnerId", &["User"], Write::Always).default(Cell::Null)
    }

    pub(crate) fn currency_code(self) -> Self {
        self.restricted("CurrencyIsoCode", &["USD", "EUR", "GBP", "SEK"]).default(Cell::Null)
    }
}

pub(crate) fn choices(values: &[&str], restricted: bool) -> Kind {
    Kind::Picklist {
        length: 255,
        restricted,
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::spaced;

    #[test]
    fn labels_are_spaced_names() {
        for (name, label) in [
            ("NextStep", "Next Step"),
            ("AccountId", "Account ID"),
            ("Msp_Referral_Id__c", "Msp Referral Id"),
            ("Id", "Id"),
        ] {
            assert_eq!(spaced(name), label);
        }
    }
}
