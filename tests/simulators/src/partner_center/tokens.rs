//! The partner's token endpoint: refresh and authorization codes, and which access tokens are good
//! (contract partner-center 1.2).

use std::collections::{BTreeMap, HashMap};

use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::options::Options;

/// Access tokens last about an hour.
const ACCESS_SECONDS: i64 = 3599;
/// A refresh token dies when it was not used for 90 days; each use gives a fresh one.
const REFRESH_LIFE: SignedDuration = SignedDuration::from_hours(90 * 24);

/// The two endpoint generations.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Generation {
    /// `/oauth2/token` with `resource`.
    V1,
    /// `/oauth2/v2.0/token` with `scope`.
    V2,
}

#[derive(Debug)]
struct Access {
    audience: String,
    ends: Timestamp,
}

/// All tokens issued.
#[derive(Debug)]
pub(crate) struct Tokens {
    access: BTreeMap<String, Access>,
    refresh: BTreeMap<String, Timestamp>,
}

type OauthError = (StatusCode, &'static str, u32, &'static str);

const BAD_CLIENT: OauthError =
    (StatusCode::UNAUTHORIZED, "invalid_client", 7_000_215, "Invalid client secret provided.");
const NO_CLIENT: OauthError = (
    StatusCode::BAD_REQUEST,
    "unauthorized_client",
    700_016,
    "The application was not found in the directory.",
);
const NO_TENANT: OauthError =
    (StatusCode::BAD_REQUEST, "invalid_request", 90_002, "The tenant was not found.");
const NO_GRANT: OauthError =
    (StatusCode::BAD_REQUEST, "unsupported_grant_type", 70_003, "The grant type is not supported.");
const DEAD_REFRESH: OauthError = (
    StatusCode::BAD_REQUEST,
    "invalid_grant",
    70_008,
    "The refresh token has expired or was revoked.",
);
const BAD_CODE: OauthError =
    (StatusCode::BAD_REQUEST, "invalid_grant", 9_002_313, "The code is malformed or invalid.");
const BAD_RESOURCE: OauthError =
    (StatusCode::BAD_REQUEST, "invalid_resource", 500_011, "The resource principal was not found.");
const BAD_SCOPE: OauthError = (
    StatusCode::BAD_REQUEST,
    "invalid_scope",
    70_011,
    "The scope is not valid; ask for one audience's /.default.",
);

impl Tokens {
    /// The state right after the first consent.
    pub(crate) fn new(options: &Options, now: Timestamp) -> Self {
        Self {
            access: BTreeMap::new(),
            refresh: BTreeMap::from([(options.refresh_token.clone(), now)]),
        }
    }

    /// Whether `token` opens a host of `audience` now.
    pub(crate) fn opens(&self, token: &str, audience: &str, now: Timestamp) -> bool {
        self.access
            .get(token)
            .is_some_and(|access| access.audience == audience && now < access.ends)
    }

    /// Answers one token request.
    pub(crate) fn grant(
        &mut self,
        generation: Generation,
        tenant: &str,
        form: &HashMap<String, String>,
        options: &Options,
        revoke_used: bool,
        now: Timestamp,
    ) -> (StatusCode, Value) {
        match self.check(generation, tenant, form, options, revoke_used, now) {
            Ok(audience) => (StatusCode::OK, self.issue(generation, audience, now)),
            Err(error) => refuse(error, now),
        }
    }

    fn check(
        &mut self,
        generation: Generation,
        tenant: &str,
        form: &HashMap<String, String>,
        options: &Options,
        revoke_used: bool,
        now: Timestamp,
    ) -> Result<String, OauthError> {
        let field = |name: &str| form.get(name).map_or("", String::as_str);
        if tenant != options.tenant && tenant != "common" && tenant != "organizations" {
            return Err(NO_TENANT);
        }
        if field("client_id") != options.client_id {
            return Err(NO_CLIENT);
        }
        if field("client_secret") != options.client_secret {
            return Err(BAD_CLIENT);
        }
        let audience = audience(generation, form, options)?;
        match field("grant_type") {
            "refresh_token" => self.spend(field("refresh_token"), revoke_used, now)?,
            "authorization_code" if field("code") == options.consent_code => {}
            "authorization_code" => return Err(BAD_CODE),
            _ => return Err(NO_GRANT),
        }
        Ok(audience)
    }

    fn spend(&mut self, token: &str, revoke_used: bool, now: Timestamp) -> Result<(), OauthError> {
        let issued = *self.refresh.get(token).ok_or(DEAD_REFRESH)?;
        if now.duration_since(issued) >= REFRESH_LIFE {
            return Err(DEAD_REFRESH);
        }
        if revoke_used {
            self.refresh.remove(token);
        }
        Ok(())
    }

    fn issue(&mut self, generation: Generation, audience: String, now: Timestamp) -> Value {
        let access = format!("sim-access-{}", Uuid::new_v4().simple());
        let refresh = format!("sim-refresh-{}", Uuid::new_v4().simple());
        let ends =
            now.saturating_add(SignedDuration::from_secs(ACCESS_SECONDS)).unwrap_or(Timestamp::MAX);
        self.refresh.insert(refresh.clone(), now);
        let answer = match generation {
            Generation::V1 => json!({
                "token_type": "Bearer", "scope": "user_impersonation", "resource": audience,
                "expires_in": ACCESS_SECONDS.to_string(),
                "ext_expires_in": ACCESS_SECONDS.to_string(),
                "expires_on": ends.as_second().to_string(),
                "not_before": now.as_second().to_string(),
                "access_token": access, "refresh_token": refresh,
            }),
            Generation::V2 => json!({
                "token_type": "Bearer", "scope": format!("{audience}/user_impersonation"),
                "expires_in": ACCESS_SECONDS, "ext_expires_in": ACCESS_SECONDS,
                "access_token": access, "refresh_token": refresh,
            }),
        };
        self.access.insert(access, Access { audience, ends });
        answer
    }
}

fn audience(
    generation: Generation,
    form: &HashMap<String, String>,
    options: &Options,
) -> Result<String, OauthError> {
    let known = [&options.referrals_audience, &options.registration_audience];
    let (asked, error) = match generation {
        Generation::V1 => (form.get("resource").map(String::as_str), BAD_RESOURCE),
        Generation::V2 => {
            let scopes = form.get("scope").map_or("", String::as_str).split(' ');
            let mut audiences = scopes.filter_map(|scope| scope.strip_suffix("/.default"));
            (audiences.next().filter(|_| audiences.next().is_none()), BAD_SCOPE)
        }
    };
    let asked = asked.ok_or(error)?;
    known.into_iter().find(|audience| audience.as_str() == asked).cloned().ok_or(error)
}

fn refuse((status, error, code, text): OauthError, now: Timestamp) -> (StatusCode, Value) {
    let body = json!({
        "error": error, "error_description": format!("AADSTS{code}: {text}"), "error_codes": [code],
        "timestamp": now.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
        "trace_id": Uuid::new_v4().to_string(), "correlation_id": Uuid::new_v4().to_string(),
    });
    (status, body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(entries: &[(&str, &str)]) -> HashMap<String, String> {
        entries.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn refresh(token: &str) -> HashMap<String, String> {
        form(&[
            ("client_id", "sim-partner-client"),
            ("client_secret", "sim-partner-secret"),
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("resource", "https://api.partner.microsoft.com"),
        ])
    }

    #[test]
    fn refresh_tokens_roll_and_die_after_ninety_days() {
        let options = Options::default();
        let start: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        let mut tokens = Tokens::new(&options, start);
        let later = start + SignedDuration::from_hours(89 * 24);
        let ask = refresh("sim-partner-refresh-token");
        let (status, answer) =
            tokens.grant(Generation::V1, &options.tenant, &ask, &options, false, later);
        assert_eq!((status, &answer["expires_in"]), (StatusCode::OK, &json!("3599")));
        let much_later = later + SignedDuration::from_hours(89 * 24);
        let (status, answer) =
            tokens.grant(Generation::V1, &options.tenant, &ask, &options, false, much_later);
        assert_eq!((status, &answer["error"]), (StatusCode::BAD_REQUEST, &json!("invalid_grant")));
    }

    #[test]
    fn a_used_refresh_token_can_be_made_to_end() {
        let options = Options::default();
        let now: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        let mut tokens = Tokens::new(&options, now);
        let ask = refresh("sim-partner-refresh-token");
        assert_eq!(
            tokens.grant(Generation::V1, &options.tenant, &ask, &options, true, now).0,
            StatusCode::OK
        );
        assert_eq!(
            tokens.grant(Generation::V1, &options.tenant, &ask, &options, true, now).0,
            StatusCode::BAD_REQUEST
        );
    }
}
