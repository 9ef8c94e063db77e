//! What Microsoft decides on its half of the engagement, for the seller (contract partner-center 3.1, 3.6).

use serde_json::Value as Json;

use cosell_mapping::Mapping;
use cosell_model::crm::CrmRecord;
use cosell_model::life_cycle::Stage;
use cosell_model::link::Link;
use cosell_model::referral::Referral;

/// What the seller and the trail are told of Microsoft's half.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MicrosoftNews {
    /// For the seller: may quote Microsoft.
    pub line: String,
    /// For the trail and the log.
    pub brief: &'static str,
}

/// What is new of Microsoft's half since the seller was last told. A closed record is read-only: its seller is told once it is reopened.
pub fn news_of_microsoft(
    mapping: &Mapping,
    link: &Link,
    half: &Referral,
    record: &CrmRecord,
) -> Option<MicrosoftNews> {
    if link.microsoft.stage == Some(half.stage) || record.is_read_only() {
        return None;
    }
    let brief = brief(half.stage)?;
    let reason = half.get("statusReason").and_then(Json::as_str).map(str::trim).unwrap_or_default();
    let gives_reason = matches!(half.stage, Stage::Declined | Stage::Lost | Stage::ClosedOtherwise)
        && !reason.is_empty();
    let told = if gives_reason {
        format!("{}: {}.", brief.trim_end_matches('.'), reason.trim_end_matches('.'))
    } else {
        brief.to_owned()
    };
    // Only the answer to telling it may have been lost.
    let audit = record.get(mapping.columns.audit.as_str()).as_str().unwrap_or_default();
    (!audit.contains(&told)).then_some(MicrosoftNews { line: told, brief })
}

fn brief(stage: Stage) -> Option<&'static str> {
    Some(match stage {
        Stage::New => return None,
        Stage::Active => "Microsoft accepted to help.",
        Stage::Declined => "Microsoft declined to help.",
        Stage::Expired => {
            "Microsoft did not answer in time: the deal goes on as yours alone; speak to your contact at Microsoft."
        }
        Stage::Won => "Microsoft closed its side of the deal as won.",
        Stage::Lost => "Microsoft closed its side of the deal as lost.",
        Stage::ClosedOtherwise => "Microsoft closed its side of the deal.",
    })
}
