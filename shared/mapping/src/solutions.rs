//! Solutions: what names one (contract partner-center 2.7, 2.11), and how it stands in a referral.

use serde_json::{Value as Json, json};

use crate::conversion_error::ConversionError;
use cosell_model::referral::lookup;

/// More are refused (contract partner-center 2.7).
const MOST: usize = 50;

/// The fixed names of solutions that are no catalogue's (contract partner-center 2.11).
const CATEGORIES: [&str; 48] = [
    "AdvancedAnalytics",
    "ApplicationIntegration",
    "ArtificialIntelligence",
    "AzureSecurityOperationManagement",
    "AzureStack",
    "BackupDisasterRecovery",
    "BigData",
    "Blockchain",
    "Chatbot",
    "CloudDatabaseMigration",
    "CloudMigration",
    "CloudVoice",
    "CognitiveServices",
    "CompetitiveDatabaseMigration",
    "Containers",
    "DataWarehouse",
    "DatabaseonLinux",
    "DevelopmentandTest",
    "DevOps",
    "DigitalMedia",
    "Dynamics365forCustomerService",
    "Dynamics365forFieldService",
    "Dynamics365forFinanceOperations",
    "Dynamics365forRetail",
    "Dynamics365forSales",
    "Dynamics365forTalent",
    "DynamicsonAzure",
    "EnterpriseBusinessIntelligence",
    "Gaming",
    "HighPerformanceComputing",
    "HybridStorage",
    "IdentityandAccessManagement",
    "InformationManagement",
    "InternetofThings",
    "MachineLearning",
    "Microserviceapplications",
    "MobileApplications",
    "MySQLPostgresMigrationtoAzure",
    "Networking",
    "NoSQLMigration",
    "RedhatonAzure",
    "RegulatoryComplianceGDPR",
    "SAPonAzure",
    "ServerlessComputing",
    "SharepointonAzure",
    "SQLServerUpgrade",
    "ThreatProtection",
    "WebDevelopment",
];

/// How much of an id that is none a sentence shows, in characters.
const SHOWN: usize = 40;

/// Whether these can be sent. What `present`, the referral's own array, has already is taken as it
/// is.
pub fn check(ids: &[String], present: Option<&Json>) -> Result<(), ConversionError> {
    if ids.len() > MOST {
        return Err(ConversionError::TooMany { count: ids.len(), most: MOST });
    }
    let unknown = ids
        .iter()
        .find(|id| !is_catalogued(id) && category(id).is_none() && known(id, present).is_none());
    unknown.map_or(Ok(()), |id| {
        Err(ConversionError::Solution { id: id.chars().take(SHOWN).collect() })
    })
}

/// Whether this is the id of a solution in Microsoft's catalogue, such as SOL-71402-QKD.
pub fn is_catalogued(id: &str) -> bool {
    let mut parts = id.split('-');
    let prefixed = parts.next().is_some_and(|prefix| prefix.eq_ignore_ascii_case("SOL"));
    let mut rest = parts.peekable();
    prefixed
        && rest.peek().is_some()
        && rest
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

fn category(id: &str) -> Option<&'static str> {
    CATEGORIES.into_iter().find(|category| category.eq_ignore_ascii_case(id))
}

/// One item of the array: as it stands there, or new.
pub(crate) fn item(id: &str, present: Option<&Json>) -> Json {
    if let Some(known) = known(id, present) {
        return known.clone();
    }
    match category(id) {
        Some(category) => json!({ "type": "Category", "id": category }),
        None => json!({ "type": "Name", "id": id }),
    }
}

fn known<'a>(id: &str, present: Option<&'a Json>) -> Option<&'a Json> {
    let solutions = present?.as_array()?;
    let is_it = |solution: &&Json| lookup(solution, "id").and_then(Json::as_str) == Some(id);
    solutions.iter().find(is_it)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_the_form_of_the_catalogue_or_is_a_category() {
        for id in ["SOL-71402-QKD", "sol-1-a", "BigData", "bigdata"] {
            assert!(check(&[id.to_owned()], None).is_ok(), "{id}");
        }
        for id in ["SOL", "SOL-", "SOL-71402-", "71402-QKD", "Halcyon Cold Chain", "SOL 71402 QKD"]
        {
            assert!(check(&[id.to_owned()], None).is_err(), "{id}");
        }
    }

    #[test]
    fn what_partner_center_has_already_is_kept_as_it_is() {
        let present = json!([{ "id": "legacy/7", "name": "Halcyon", "price": 5 }]);
        assert!(check(&["legacy/7".to_owned()], Some(&present)).is_ok());
        assert_eq!(item("legacy/7", Some(&present)), present[0]);
        assert_eq!(item("bigdata", Some(&present)), json!({ "type": "Category", "id": "BigData" }));
    }

    #[test]
    fn more_than_fifty_are_too_many() {
        let ids: Vec<String> = (0..51).map(|number| format!("SOL-{number}-A")).collect();
        assert!(check(&ids[..50], None).is_ok());
        assert_eq!(check(&ids, None), Err(ConversionError::TooMany { count: 51, most: 50 }));
    }

    #[test]
    fn the_categories_are_those_of_the_contract() {
        let contract = include_str!("../../../docs/contracts/partner-center.md");
        let (_, list) =
            contract.split_once("**Solution categories** (`type: \"Category\"`): ").unwrap();
        let list = list.lines().next().unwrap();
        let named: Vec<&str> = list.split('`').skip(1).step_by(2).collect();
        assert_eq!(named, CATEGORIES);
    }
}
