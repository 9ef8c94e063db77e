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
            ("control", &self.control),
        ];
        rows.map(|(name, url)| format!("  {name:<21} {url}")).join("\n")
    }

    /// The control port's index: what can be done, as commands to copy.
    pub fn index(&self) -> String {
        INDEX.replace("{control}", self.control.as_str()).replace("{list}", &self.list())
    }
}

const INDEX: &str = r#"Simulated Partner Center and Dataverse.

{list}
Partner identity   tenant sim-partner-tenant, client sim-partner-client, secret sim-partner-secret,
                   refresh token sim-partner-refresh-token, consent code sim-consent-code

LOOK
  curl {control}control/state                    everything stored
  curl '{control}control/journal?service=partner-center&method=POST'    requests received (also: path_contains)
  curl {control}control/partner-center/deliveries    webhook deliveries and their attempts
  curl {control}control/partner-center/trust-root.pem    the root that webhook receivers have to trust

PLAY MICROSOFT AND THE SELLERS
  curl -X POST {control}control/partner-center/inbound -d '{"kind":"co-sell","name":"Harbour sensors"}'
  curl -X POST {control}control/partner-center/inbound -d '{"kind":"lead"}'
  curl -X POST {control}control/partner-center/referrals/ID/microsoft-accepts      (or microsoft-declines, expire)
  curl -X POST {control}control/partner-center/referrals/ID/edit -d '{"details":{"dealValue":90000}}'

TIME
  curl -X POST {control}control/clock -d '{"advance_seconds":1209600}'    14 days: what waits for an answer expires

FAULTS (services: partner-center, partner-center-registration, entra, certificates, dataverse)
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

START AGAIN
  curl -X POST {control}control/reset
"#;
