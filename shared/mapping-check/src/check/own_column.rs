//! The columns that the sync fills itself: each is another one, and nothing reads what it writes.

use super::draft::{Draft, Ruled, Table};
use crate::diagnostic::Diagnostics;
use crate::node::to_blame;
use crate::source::Place;
use cosell_mapping::{Expression, When};
use cosell_model::path::ColumnPath;

/// A column that the sync fills itself, and the table and key that name it.
pub(super) struct OwnColumn<'a> {
    table: &'static str,
    key: &'static str,
    pub(super) column: &'a ColumnPath,
}

impl OwnColumn<'_> {
    pub(super) fn title(&self) -> String {
        format!("[{}] {}", self.table, self.key)
    }

    pub(super) fn place(&self, draft: &Draft<'_>) -> Place {
        let table = draft.root.get(self.table).unwrap_or(draft.root);
        table.blamed(&[self.key])
    }

    /// Columns are compared without case, as both CRMs do.
    pub(super) fn is(&self, column: &ColumnPath) -> bool {
        self.column.as_str().eq_ignore_ascii_case(column.as_str())
    }

    /// Whether it is this record's, or that of a related one, such as the lead that it was.
    fn is_read_as(&self, column: &ColumnPath) -> bool {
        let own = self.column.as_str();
        self.is(column) || column.as_str().split('/').any(|name| name.eq_ignore_ascii_case(own))
    }
}

/// All of them.
pub(super) fn all<'a>(draft: &'a Draft<'_>) -> impl Iterator<Item = OwnColumn<'a>> {
    let columns = draft.columns.iter().flat_map(|columns| {
        [
            ("sync", &columns.sync),
            ("referral_id", &columns.referral_id),
            ("referral_link", &columns.referral_link),
            ("audit", &columns.audit),
            ("sync_status", &columns.sync_status),
            ("microsoft_crm_id", &columns.microsoft_crm_id),
        ]
    });
    let columns = columns.map(|(key, column)| OwnColumn { table: "columns", key, column });
    let asked = [
        ("help", draft.help.as_ref().map(|help| &help.column)),
        ("visibility", draft.visibility.as_ref().map(|visibility| &visibility.column)),
    ];
    let asked = asked
        .into_iter()
        .filter_map(|(table, column)| Some(OwnColumn { table, key: "column", column: column? }));
    columns.chain(asked)
}

pub(super) fn check(draft: &Draft<'_>, diagnostics: &mut Diagnostics) {
    differ(draft, diagnostics);
    for ruled in &draft.rules {
        are_not_read(draft, ruled, diagnostics);
    }
    let stages = draft.stages.as_ref().zip(draft.at.get("stages"));
    let reason = stages.and_then(|(stages, node)| Some((stages.reason.as_ref()?, node)));
    if let Some((reason, node)) = reason {
        let place = node.get("reason").unwrap_or(node).blamed(&["column"]);
        let title = format!("[{}.reason]", draft.table.stages());
        is_not_read(draft, &title, &reason.column, place, diagnostics);
    }
}

/// What the sync writes beside one another would overwrite itself.
fn differ(draft: &Draft<'_>, diagnostics: &mut Diagnostics) {
    if draft.table != Table::Opportunities {
        return;
    }
    let own: Vec<OwnColumn<'_>> = all(draft).collect();
    for (at, one) in own.iter().enumerate() {
        let Some(other) = own[..at].iter().find(|other| other.is(one.column)) else {
            continue;
        };
        let (title, column, place) = (one.title(), one.column, one.place(draft));
        diagnostics.error(
            to_blame([place, other.place(draft)]).unwrap_or(place),
            format!("{} and {title} are both the CRM column `{column}`", other.title()),
            "give each a column of its own",
        );
    }
}

/// Notes where a rule reads what the sync writes.
pub(super) fn are_not_read(draft: &Draft<'_>, ruled: &Ruled<'_>, diagnostics: &mut Diagnostics) {
    let Ruled { rule, node, .. } = ruled;
    let mut read = |columns: &mut dyn Iterator<Item = &ColumnPath>, keys: &[&str]| {
        for column in columns {
            is_not_read(draft, &ruled.title(), column, node.blamed(keys), diagnostics);
        }
    };
    // One that is written has two writers, which is said of it.
    let read_only = Some(&rule.crm).filter(|_| rule.to_crm == When::Never);
    read(&mut read_only.into_iter(), &["crm", "to_crm"]);
    read(&mut rule.from_crm.iter().flat_map(Expression::columns), &["from_crm"]);
    read(&mut rule.fallback.iter(), &["fallback"]);
}

/// Each line that the sync writes would be sent, and make the next; and nothing is concluded from
/// texts that are for people.
fn is_not_read(
    draft: &Draft<'_>,
    title: &str,
    column: &ColumnPath,
    place: Place,
    diagnostics: &mut Diagnostics,
) {
    // Sellers choose the help and the visibility.
    let own = all(draft).find(|own| own.table == "columns" && own.is_read_as(column));
    if let Some(own) = own {
        diagnostics.error(
            to_blame([place, own.place(draft)]).unwrap_or(place),
            format!("{title} reads the CRM column `{column}`, which is {}", own.title()),
            "give it another column: what the sync writes itself is not sent",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{finds, rule};

    #[test]
    fn nothing_reads_what_the_sync_writes_itself() {
        let expression = |expression: &str| {
            rule(&format!(
                "from_crm = \"{expression}\"\npartner_center = \"campaignId\"\nkind = \"text\"\n\
                 to_partner_center = \"always\""
            ))
            .replace("crm = \"new_own\"\n", "")
        };
        for (column, own) in [
            ("{prefix}_syncstatus", "nwcs_syncstatus`, which is [columns] sync_status"),
            ("NWCS_Audit|upper", "NWCS_Audit`, which is [columns] audit"),
            (
                "originatingleadid.nwcs_audit",
                "originatingleadid/nwcs_audit`, which is [columns] audit",
            ),
        ] {
            let found = super::super::tests::found(&expression(&format!("{{{{ {column} }}}}")));
            let expected = format!("own.toml:5:12: error: rule `own` reads the CRM column `{own}");
            assert!(found.iter().any(|found| found.starts_with(&expected)), "{found:#?}");
        }
        finds(&expression("{{ {prefix}_howcanmicrosofthelp }}"), &[]);
        finds(
            "[[rule]]\nname = \"customer_city\"\nfallback = [\"{prefix}_audit\"]\n\
             [stages.reason]\ncolumn = \"{prefix}_syncstatus\"\n\
             [[registration.rule]]\nname = \"contract_sign\"\ncrm = \"{prefix}_audit\"",
            &[
                "own.toml:4:12: error: rule `customer_city` reads the CRM column `nwcs_audit`",
                "own.toml:6:10: error: [stages.reason] reads the CRM column `nwcs_syncstatus`",
                "own.toml:9:7: error: registration rule `contract_sign` reads the CRM column",
            ],
        );
    }

    #[test]
    fn the_columns_that_the_sync_fills_differ_and_are_not_sent() {
        finds(
            "[columns]\naudit = \"{prefix}_syncstatus\"",
            &[
                "own.toml:3:9: error: [columns] audit and [columns] sync_status are both the CRM column \
           `nwcs_syncstatus`",
            ],
        );
        finds(
            "[visibility]\ncolumn = \"{prefix}_howcanmicrosofthelp\"",
            &[
                "own.toml:3:10: error: [help] column and [visibility] column are both the CRM column",
            ],
        );
        finds(
            "[[rule]]\nname = \"notes\"\nto_crm = \"never\"\ncrm = \"{prefix}_audit\"\n\
         [[lead.rule]]\nname = \"notes\"\noff = true",
            &[
                "own.toml:5:7: error: rule `notes` reads the CRM column `nwcs_audit`, which is [columns] audit",
            ],
        );
    }
}
