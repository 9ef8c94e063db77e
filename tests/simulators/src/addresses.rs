//! Where everything is, for programs (JSON) and for people (the control port's index).

use serde::Serialize;
use url::Url;

/// The origins of all simulated hosts.
#[derive(Clone, Debug, Serialize)]
pub struct Addresses {
    /// The referrals host; real: `https://api.partner.microsoft.com/`.
    pub partner_center: Url,
    /// The webhook registration host; real: `https://api.partnercenter.microsoft.com/`.
    pub registration: Url,
    /// The token endpoints of both services; real: `https://login.microsoftonline.com/`.
    pub entra: Url,
    /// The notification certificates.
    pub certificates: Url,
    /// The Dataverse environment; real: `https://ORG.crm.dynamics.com/`.
    pub dataverse: Url,
    /// The control port.
    pub control: Url,
    /// The Salesforce organisation, with its token endpoint; real:
    /// `https://MYDOMAIN.my.salesforce.com/`.
    pub salesforce: Url,
}

impl Addresses {
    /// The list a person sees when the program starts.
    pub fn list(&self) -> String {
        let rows = [
            ("referrals", &self.partner_center),
            ("webhook registration", &self.registration),
            ("tokens", &self.entra),
            ("certificates", &self.certificates),
            ("Dataverse", &self.dataverse),
            ("Salesforce", &self.salesforce),
            ("control", &self.control),
        ];
        rows.map(|(name, url)| format!("  {name:<21} {url}")).join("\n")
    }

    /// The control port's index: what can be done, as commands to copy.
    pub fn index(&self) -> String {
        INDEX
            .replace("{control}", self.control.as_str())
            .replace("{salesforce}", self.salesforce.as_str())
            .replace("{list}", &self.list())
    }
}

const INDEX: &str = r#"Simulated Partner Center, Dataverse and Salesforce.

{list}
Partner identity   tenant sim-partner-tenant, client sim-partner-client, secret sim-partner-secret,
                   refresh token sim-partner-refresh-token, consent code sim-consent-code

LOOK
  curl {control}control/state                    everything stored
  curl '{control}control/journal?service=partner-center&method=POST'    requests received (also: path_contains)
  curl {control}control/partner-center/deliveries    webhook deliveries and their tries
  curl {control}control/partner-center/trust-root.pem    the root that webhook receivers have to trust

PLAY MICROSOFT AND THE SELLERS
  curl -X POST {control}control/partner-center/inbound -d '{"kind":"co-sell","name":"Harbour sensors"}'
  curl -X POST {control}control/partner-center/inbound -d '{"kind":"lead"}'
  curl -X POST {control}control/partner-center/referrals/ID/microsoft-accepts      (or microsoft-declines, expire)
  curl -X POST {control}control/partner-center/referrals/ID/edit -d '{"details":{"dealValue":90000}}'

TIME
  curl -X POST {control}control/clock -d '{"advance_seconds":1209600}'    14 days: what waits for an answer expires
  curl -X POST {control}control/clock -d '{"frozen":true}'    it stands still, and moves only when it is moved; false: it runs on

FAULTS (services: partner-center, partner-center-registration, entra, certificates, dataverse, salesforce)
  curl -X POST {control}control/faults -d '{"service":"partner-center","action":{"kind":"status","status":429,"retry_after":5}}'
  curl -X POST {control}control/faults -d '{"service":"partner-center","method":"POST","action":{"kind":"drop_after_effect"}}'
  curl -X POST {control}control/faults -d '{"service":"entra","times":3,"skip":1,"action":{"kind":"slow","ms":2000}}'
  kinds: status (status, retry_after, code, body, content_type), slow (ms), drop_before_effect, drop_after_effect,
         stall_after_effect (ms: the service does its work, the answer is held back)
  curl {control}control/faults        curl -X DELETE {control}control/faults    (ends their waits, too; ?service=… for one)

SWITCHES (what the documents leave open, and mischief; a switch left out of a PUT has its default)
  curl {control}control/partner-center/switches
  curl -X PUT {control}control/partner-center/switches -d '{"duplicates":true,"page_size":2}'

Dataverse has its own hooks below {control}control/dataverse

SALESFORCE (client sim-salesforce-client, secret sim-salesforce-secret)
  curl {salesforce}services/oauth2/token -d grant_type=client_credentials -d client_id=sim-salesforce-client -d client_secret=sim-salesforce-secret
  curl -G {salesforce}services/data/v67.0/query -H 'Authorization: Bearer TOKEN' --data-urlencode 'q=SELECT Id, Name, StageName FROM Opportunity'
  S={control}control/salesforce; J='Content-Type: application/json'
  curl -X POST $S/rows/Opportunity -H "$J" -d '{"Name":"Litware pilot","StageName":"Prospecting","CloseDate":"2026-12-31","Msp_Sync_With_Partner_Center__c":true}'
  curl -X PATCH $S/rows/Opportunity/ID -H "$J" -d '{"StageName":"Closed Won"}'        (the seller; also DELETE, and POST …/ID/undelete)
  curl -X POST $S/rows/Opportunity/many -H "$J" -d '{"count":450,"fields":{"Name":"Load {n}","StageName":"Prospecting","CloseDate":"2026-12-31"}}'    one second's stamp
  curl -X POST $S/rows/Opportunity/ID/automation                        only SystemModstamp moves
  curl -X POST $S/rows/Opportunity/ID/delay -H "$J" -d '{"seconds":5}'     the last write becomes visible later, under its old stamp
  curl -X POST $S/rows/Opportunity/ID/lock -H "$J" -d '{"times":2}'        the next writes answer UNABLE_TO_LOCK_ROW
  curl -X POST $S/fields -H "$J" -d '{"object":"Account","name":"Erp_Key__c","type":"Text","length":40,"external_id":true,"unique":true}'
  curl $S/stages        curl -X PUT $S/stages -H "$J" -d '[{"name":"Won","closed":true,"won":true,"probability":100,"forecast":"Closed"}]'
  curl $S/switches      curl -X PUT $S/switches -H "$J" -d '{"multi_currency":true,"query_batch":2}'
  curl -X POST $S/sessions/revoke      also: cursors/expire, recycle-bin/empty; PUT certificate (the PEM of the JWT flow)

START AGAIN
  curl -X POST {control}control/reset
"#;
