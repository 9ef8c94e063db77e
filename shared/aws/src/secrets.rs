//! JSON secrets, and the refresh token that every use renews.

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value as Json};

use crate::store_error::StoreError;

const SECRETS_MANAGER: &str = "Secrets Manager";

/// Secrets Manager keeps about 100 versions of a secret and removes none younger than 24 hours, so
/// more than about 100 writes a day end in refusals. At most one each quarter of an hour makes 96 a
/// day.
///
/// A skipped write loses nothing: Entra leaves the previous refresh token valid when it issues a
/// new one, so the stored one still works, and a later renewal will replace it.
pub const MINIMUM_AGE: SignedDuration = SignedDuration::from_mins(15);

/// The secrets, by ARN or name.
#[derive(Clone, Debug)]
pub struct SecretStore {
    client: Client,
    minimum_age: SignedDuration,
}

/// A secret's content: a JSON object. Has no `Debug`, so it cannot get into a log.
#[derive(Clone)]
pub struct Secret {
    arn: String,
    members: Map<String, Json>,
    created: Option<Timestamp>,
}

/// What became of a renewed value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rolled {
    /// It is stored.
    Written,
    /// The stored version was too young, or somebody else's; a later renewal will be stored.
    Skipped,
}

impl SecretStore {
    /// Secrets of the configured region and account.
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config), minimum_age: MINIMUM_AGE }
    }

    /// Stores a renewed value only when the stored version is at least this old, instead of
    /// [`MINIMUM_AGE`]. Zero stores every one.
    #[must_use]
    pub fn with_minimum_age(self, minimum_age: SignedDuration) -> Self {
        Self { minimum_age, ..self }
    }

    /// The current version.
    pub async fn get(&self, arn: &str) -> Result<Secret, StoreError> {
        let answer = self.client.get_secret_value().secret_id(arn).send().await;
        let answer = answer.map_err(|error| {
            StoreError::of(SECRETS_MANAGER, format!("read secret {arn}"), error)
        })?;
        let created = answer.created_date.and_then(|date| Timestamp::from_second(date.secs()).ok());
        Secret::parse(arn, answer.secret_string.as_deref().unwrap_or_default(), created)
    }

    /// Puts a new current version.
    pub async fn put(&self, secret: &Secret) -> Result<(), StoreError> {
        let text = Json::Object(secret.members.clone()).to_string();
        let put =
            self.client.put_secret_value().secret_id(&secret.arn).secret_string(text).send().await;
        put.map_err(|error| {
            StoreError::of(SECRETS_MANAGER, format!("write secret {}", secret.arn), error)
        })?;
        Ok(())
    }

    /// Puts a renewed value of one member in the place of `redeemed`, unless the stored version is
    /// younger than the minimum age or holds another value than `redeemed`.
    ///
    /// The secret is read first and its other members are kept: an operator or another instance may
    /// have written since, and what an operator stored must never be replaced by a descendant of
    /// what was there before.
    pub async fn put_rolling(
        &self,
        arn: &str,
        member: &str,
        redeemed: &SecretString,
        value: &SecretString,
        now: Timestamp,
    ) -> Result<Rolled, StoreError> {
        let mut secret = self.get(arn).await?;
        let stored = secret.optional_text(member);
        if stored.is_none_or(|stored| stored.expose_secret() != redeemed.expose_secret())
            || is_too_young(secret.created, now, self.minimum_age)
        {
            return Ok(Rolled::Skipped);
        }
        secret.set(member, value);
        self.put(&secret).await?;
        Ok(Rolled::Written)
    }
}

impl Secret {
    fn parse(arn: &str, text: &str, created: Option<Timestamp>) -> Result<Self, StoreError> {
        // The parser's reason is left out: it could quote the content.
        match serde_json::from_str(text) {
            Ok(Json::Object(members)) => Ok(Self { arn: arn.to_owned(), members, created }),
            _ => Err(StoreError::Secret {
                arn: arn.to_owned(),
                problem: "is not a JSON object; put one with `aws secretsmanager put-secret-value`"
                    .to_owned(),
            }),
        }
    }

    /// A member that must be there: text, not empty.
    pub fn text(&self, member: &str) -> Result<SecretString, StoreError> {
        self.optional_text(member).ok_or_else(|| StoreError::Secret {
            arn: self.arn.clone(),
            problem: format!(
                "has no text `{member}`; put a JSON object with it by `aws secretsmanager \
                 put-secret-value`"
            ),
        })
    }

    /// A member that may be missing or empty.
    pub fn optional_text(&self, member: &str) -> Option<SecretString> {
        self.members
            .get(member)
            .and_then(Json::as_str)
            .filter(|text| !text.is_empty())
            .map(SecretString::from)
    }

    /// Sets a member.
    pub fn set(&mut self, member: &str, value: &SecretString) {
        self.members.insert(member.to_owned(), Json::String(value.expose_secret().to_owned()));
    }
}

fn is_too_young(created: Option<Timestamp>, now: Timestamp, minimum_age: SignedDuration) -> bool {
    created.is_some_and(|created| now.duration_since(created) < minimum_age)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:secretsmanager:us-east-1:1:secret:pc";

    #[test]
    fn members_are_read_as_secrets() {
        let mut secret = Secret::parse(
            ARN,
            r#"{"client_id":"c","refresh_token":"old","empty":"","number":1}"#,
            None,
        )
        .unwrap();
        assert_eq!(secret.text("refresh_token").unwrap().expose_secret(), "old");
        assert!(secret.optional_text("empty").is_none());
        secret.set("refresh_token", &SecretString::from("new"));
        assert_eq!(secret.text("refresh_token").unwrap().expose_secret(), "new");
        assert_eq!(secret.text("client_id").unwrap().expose_secret(), "c");
    }

    #[test]
    fn what_is_missing_is_named_and_no_content_is_shown() {
        let missing = Secret::parse(ARN, r#"{"client_secret":"hush"}"#, None)
            .unwrap()
            .text("refresh_token")
            .unwrap_err();
        assert!(
            missing.to_string().contains("`refresh_token`") && missing.to_string().contains(ARN),
            "{missing}"
        );
        for content in ["hush", "[\"hush\"]", "", "{\"a\":hush}"] {
            let Err(unreadable) = Secret::parse(ARN, content, None) else {
                panic!("{content} was read")
            };
            assert!(!format!("{unreadable:?} {unreadable}").contains("hush"), "{unreadable:?}");
            assert_eq!(unreadable.kind(), cosell_sync::FailureKind::Credentials);
        }
    }

    #[test]
    fn a_renewed_token_is_stored_at_most_96_times_a_day() {
        let created: Timestamp = "2026-09-01T08:00:00Z".parse().unwrap();
        let after = |minutes| created + SignedDuration::from_mins(minutes);
        assert!(is_too_young(Some(created), after(14), MINIMUM_AGE));
        assert!(!is_too_young(Some(created), after(15), MINIMUM_AGE));
        assert!(!is_too_young(None, after(0), MINIMUM_AGE));
        assert!(!is_too_young(Some(created), after(0), SignedDuration::ZERO));
    }
}
