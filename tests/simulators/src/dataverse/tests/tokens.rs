use reqwest::Method;
use serde_json::json;

use super::{Site, token_form};
use crate::dataverse::error_body;

#[tokio::test]
async fn a_missing_or_expired_token_is_challenged() {
    let mut site = Site::start().await;
    site.get("WhoAmI").await.is(200);
    site.clock.advance(3600);
    let reply = site.get("WhoAmI").await;
    let challenge = reply.is(401).header("www-authenticate");
    assert!(challenge.starts_with("Bearer authorization_uri=https://"), "{challenge}");
    assert!(challenge.ends_with(&format!("resource_id={}/", site.origin)), "{challenge}");
    site.sign_in();
    site.get("WhoAmI").await.is(200);
    site.control(Method::POST, "/tokens/revoke", json!({})).await.is(204);
    site.get("WhoAmI").await.is(401);
}

#[tokio::test]
async fn token_requests_are_refused_as_entra_does() {
    let site = Site::start().await;
    let cases = [
        ("client_secret", "wrong", 401, "invalid_client"),
        ("client_id", "stranger", 400, "unauthorized_client"),
        ("grant_type", "password", 400, "unsupported_grant_type"),
        ("scope", "https://elsewhere.example/.default", 400, "invalid_scope"),
    ];
    for (field, value, status, error) in cases {
        let mut form = token_form(&site.origin);
        form.insert(field.into(), value.into());
        let (found, body) = site.dataverse.token("sim-tenant", &form);
        assert_eq!((found.as_u16(), body["error"].as_str()), (status, Some(error)), "{field}");
    }
    assert_eq!(site.dataverse.token("other", &token_form(&site.origin)).0.as_u16(), 400);
    let (_, body) = site.dataverse.token("sim-tenant", &token_form(&site.origin));
    assert_eq!((&body["expires_in"], &body["token_type"]), (&json!(3599), &json!("Bearer")));
}

#[tokio::test]
async fn who_am_i_succeeds_without_a_role_and_not_without_a_user() {
    let site = Site::start().await;
    site.control(Method::PUT, "/switches", json!({"missing_privilege": true})).await.is(200);
    site.get("WhoAmI").await.is(200);
    site.get("opportunities").await.refused(403, "0x80040220");
    site.control(Method::PUT, "/switches", json!({"not_a_member": true})).await.is(200);
    site.get("WhoAmI").await.refused(403, "0x80072560");
}

#[tokio::test]
async fn reset_forgets_rows_and_keeps_the_address() {
    let mut site = Site::start().await;
    site.create("opportunities", json!({"name": "A"})).await;
    site.dataverse.reset();
    site.sign_in();
    assert!(site.get("opportunities").await.rows().is_empty());
    assert_eq!(site.dataverse.dump()["tables"]["transactioncurrency"].as_array().unwrap().len(), 4);
}

#[test]
fn injected_faults_speak_the_services_language() {
    assert_eq!(error_body(429, None)["error"]["code"], "0x80072322");
    assert_eq!(error_body(429, Some("0x80072326"))["error"]["code"], "0x80072326");
    assert!(error_body(503, None).get("error").is_none());
}
