use cosell_simulators::{Config, Fronts, Simulators};

use crate::world::{World, read};

#[tokio::test]
async fn a_token_opens_only_the_host_of_its_audience_and_for_an_hour() {
    let mut world = World::start().await;
    assert_eq!(world.get("").await.status, 200);
    world.simulators.clock.advance(3600);
    let over = world.get("").await;
    assert_eq!((over.status, &over.body["error"]["code"]), (401, &"unauthenticated".into()));
    world.token = world.access_token("https://api.partnercenter.microsoft.com").await;
    assert_eq!(world.get("").await.status, 401);
    assert_eq!(world.registration(reqwest::Method::GET, "/events", None).await.status, 200);
}

#[tokio::test]
async fn the_token_endpoint_answers_strings_on_v1_and_numbers_on_v2_and_plain_oauth_errors() {
    let world = World::start().await;
    let resource = ("resource", "https://api.partner.microsoft.com");
    let scope = ("scope", "https://api.partner.microsoft.com/.default offline_access");
    let (v1, v2) = ("sim-partner-tenant/oauth2/token", "sim-partner-tenant/oauth2/v2.0/token");
    let first = world.token_answer(v1, &[resource]).await.body;
    assert_eq!(first["expires_in"], "3599");
    let fresh = first["refresh_token"].as_str().unwrap();
    assert_ne!(fresh, "sim-partner-refresh-token");
    assert_eq!(
        world.token_answer(v2, &[scope, ("refresh_token", fresh)]).await.body["expires_in"],
        3599
    );
    let consent = [resource, ("grant_type", "authorization_code"), ("code", "sim-consent-code")];
    assert_eq!(world.token_answer(v1, &consent).await.status, 200);
    for (path, change, status, error) in [
        (v1, [resource, ("refresh_token", "other")], 400, "invalid_grant"),
        (v1, [resource, ("client_secret", "other")], 401, "invalid_client"),
        (v1, [("resource", "https://graph.microsoft.com"), ("x", "")], 400, "invalid_resource"),
        (v2, [("scope", "https://api.partner.microsoft.com"), ("x", "")], 400, "invalid_scope"),
    ] {
        let answer = world.token_answer(path, &change).await;
        assert_eq!((answer.status, answer.body["error"].as_str()), (status, Some(error)));
    }
}

#[tokio::test]
async fn the_document_names_the_endpoints_under_the_address_that_clients_use() {
    let front = "https://127.0.0.1:8444/".parse().unwrap();
    let simulators = Simulators::start(Config {
        fronts: Fronts { entra: Some(front), ..Fronts::default() },
        ..Config::default()
    })
    .await
    .unwrap();
    let world = World::start().await;
    let url = simulators.entra.join("sim-tenant/v2.0/.well-known/openid-configuration").unwrap();
    let document = read(world.http.get(url).send().await.unwrap()).await.body;
    assert_eq!(document["token_endpoint"], "https://127.0.0.1:8444/sim-tenant/oauth2/v2.0/token");
    assert_eq!(document["issuer"], "https://127.0.0.1:8444/sim-tenant/v2.0");
}
