//! Fields the service computes: names, the money of a deal, its fiscal period, the sum of its
//! lines.

use jiff::civil::Date;

use super::cell::Cell;
use super::organisation::Organisation;
use super::records::Cells;
use super::schema::Object;

fn number(cells: &Cells, field: &str) -> Option<f64> {
    cells.get(field).and_then(Cell::as_number)
}

fn text<'a>(cells: &'a Cells, field: &str) -> &'a str {
    cells.get(field).and_then(Cell::as_text).unwrap_or_default()
}

impl Organisation {
    /// Computes what follows from the fields `given`; `before` are the values of an existing
    /// record.
    pub(crate) fn settle(
        &self,
        object: &Object,
        cells: &mut Cells,
        given: &Cells,
        before: Option<&Cells>,
    ) {
        match object.name {
            "Opportunity" => self.settle_deal(cells, given, before),
            "OpportunityLineItem" => {
                let total = number(cells, "Quantity").zip(number(cells, "UnitPrice"));
                cells.insert(
                    "TotalPrice".into(),
                    total.map_or(Cell::Null, |(quantity, price)| Cell::Number(quantity * price)),
                );
            }
            "Lead" | "Contact" => {
                let name =
                    [text(cells, "FirstName"), text(cells, "LastName")].join(" ").trim().to_owned();
                cells.insert("Name".into(), Cell::Text(name));
            }
            _ => {}
        }
    }

    fn settle_deal(&self, cells: &mut Cells, given: &Cells, before: Option<&Cells>) {
        let has_lines = before
            .is_some_and(|before| before.get("HasOpportunityLineItem") == Some(&Cell::Bool(true)));
        if has_lines {
            // A write to the amount is silently ignored (contract salesforce 2.1).
            let amount =
                before.and_then(|before| before.get("Amount")).cloned().unwrap_or(Cell::Null);
            cells.insert("Amount".into(), amount);
        }
        for flag in ["HasOpportunityLineItem", "HasOpenActivity", "HasOverdueTask"] {
            cells.entry(flag.into()).or_insert(Cell::Bool(false));
        }
        self.apply_stage(cells, given);
        settle_revenue(cells);
        if text(cells, "StageName") != before.map_or("", |before| text(before, "StageName")) {
            cells.insert("LastStageChangeDate".into(), Cell::moment(self.now()));
        }
        if let Some(Cell::Date(date)) = cells.get("CloseDate").cloned() {
            settle_period(cells, date);
        }
    }

    /// The lines' sum becomes the amount of their opportunity, whose stamps move.
    pub(crate) fn sum_lines(&mut self, opportunity: &str, user: &str) {
        let lines = self.records.living("OpportunityLineItem");
        let totals: Vec<f64> = lines
            .filter(|line| line.text("OpportunityId") == Some(opportunity))
            .filter_map(|line| line.get("TotalPrice").as_number())
            .collect();
        let now = Cell::moment(self.now());
        let Some(record) = self.records.get_mut("Opportunity", opportunity) else {
            return;
        };
        record.before = Some(record.cells.clone());
        let cells = &mut record.cells;
        cells.insert("HasOpportunityLineItem".into(), Cell::Bool(!totals.is_empty()));
        if !totals.is_empty() {
            cells.insert("Amount".into(), Cell::Number(totals.iter().sum()));
        }
        settle_revenue(cells);
        cells.insert("LastModifiedDate".into(), now.clone());
        cells.insert("SystemModstamp".into(), now);
        cells.insert("LastModifiedById".into(), Cell::Text(user.to_owned()));
    }
}

fn settle_revenue(cells: &mut Cells) {
    let revenue = number(cells, "Amount").zip(number(cells, "Probability"));
    let revenue = revenue.map_or(Cell::Null, |(amount, probability)| {
        Cell::Number((amount * probability).round() / 100.0)
    });
    cells.insert("ExpectedRevenue".into(), revenue);
}

/// The fiscal year is the calendar year.
fn settle_period(cells: &mut Cells, date: Date) {
    let quarter = i64::from((date.month() + 2) / 3);
    cells.insert("FiscalQuarter".into(), Cell::Int(quarter));
    cells.insert("FiscalYear".into(), Cell::Int(date.year().into()));
    cells.insert("Fiscal".into(), Cell::Text(format!("{} {quarter}", date.year())));
}
