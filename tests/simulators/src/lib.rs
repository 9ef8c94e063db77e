#![doc = include_str!("../README.md")]

pub mod addresses;
pub mod clock;
mod control;
pub mod dataverse;
mod entra;
pub mod faults;
pub mod journal;
pub mod partner_center;
pub mod salesforce;
pub mod serve;

use axum::Router;
use url::Url;

use crate::addresses::Addresses;
use crate::clock::Clock;
use crate::control::Control;
use crate::dataverse::Dataverse;
use crate::faults::{ErrorBody, Faults};
use crate::journal::Journal;
use crate::partner_center::{Origins, PartnerCenter};
use crate::salesforce::Salesforce;
use crate::serve::{Bound, Server, bind};

/// The ports to bind on `127.0.0.1`; 0 lets the system choose.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ports {
    /// The referrals host.
    pub partner_center: u16,
    /// The webhook registration host.
    pub registration: u16,
    /// The token endpoints.
    pub entra: u16,
    /// The certificate host.
    pub certificates: u16,
    /// Dataverse.
    pub dataverse: u16,
    /// The control port.
    pub control: u16,
    /// Salesforce.
    pub salesforce: u16,
}

impl Ports {
    /// Seven ports in a row, in the order of the fields; 0 lets the system choose each.
    pub fn in_a_row(base: u16) -> Self {
        let port = |offset: u16| {
            if base == 0 { 0 } else { base.saturating_add(offset) }
        };
        Self {
            partner_center: port(0),
            registration: port(1),
            entra: port(2),
            certificates: port(3),
            dataverse: port(4),
            control: port(5),
            salesforce: port(6),
        }
    }
}

/// The addresses under which clients reach services that something else stands in front of, such as
/// a TLS server. What is left out is reached directly.
#[derive(Clone, Debug, Default)]
pub struct Fronts {
    /// The token endpoints.
    pub entra: Option<Url>,
    /// Dataverse.
    pub dataverse: Option<Url>,
    /// Salesforce.
    pub salesforce: Option<Url>,
}

/// What to simulate and where.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Where.
    pub ports: Ports,
    /// What clients call those ports.
    pub fronts: Fronts,
    /// The partner's identity.
    pub partner_center: partner_center::Options,
    /// The Dataverse environment.
    pub dataverse: dataverse::Options,
    /// The Salesforce organisation.
    pub salesforce: salesforce::Options,
}

/// The running simulators.
#[derive(Debug)]
pub struct Simulators {
    /// The referrals host.
    pub partner_center: Url,
    /// The webhook registration host.
    pub registration: Url,
    /// The token endpoints of both services.
    pub entra: Url,
    /// The certificate host.
    pub certificates: Url,
    /// The Dataverse environment.
    pub dataverse: Url,
    /// The control port.
    pub control: Url,
    /// The Salesforce organisation, with its token endpoint.
    pub salesforce: Url,
    /// The clock that all services share.
    pub clock: Clock,
    /// What shall go wrong next.
    pub faults: Faults,
    /// The requests received by all services but the control port.
    pub journal: Journal,
    /// The simulated Partner Center itself, for switches and the trust root.
    pub partner_center_service: PartnerCenter,
    /// The simulated Dataverse itself.
    pub dataverse_service: Dataverse,
    /// The simulated Salesforce itself.
    pub salesforce_service: Salesforce,
    servers: Vec<Server>,
}

impl Simulators {
    /// Binds all ports and serves. Fails when a port is taken.
    pub async fn start(config: Config) -> anyhow::Result<Self> {
        let clock = Clock::default();
        let (faults, journal) = (Faults::default(), Journal::default());
        let hosts = Hosts::bind(config.ports).await?;
        let addresses = hosts.addresses()?;
        let origins = Origins {
            referrals: addresses.partner_center.clone(),
            certificates: addresses.certificates.clone(),
        };
        let (partner_clock, options) = (clock.clone(), config.partner_center);
        let partner_center = tokio::task::spawn_blocking(move || {
            PartnerCenter::new(partner_clock, options, origins)
        })
        .await??;
        let dataverse = Dataverse::new(clock.clone(), config.dataverse);
        dataverse
            .set_origin(config.fronts.dataverse.unwrap_or_else(|| addresses.dataverse.clone()));
        let salesforce = Salesforce::new(clock.clone(), config.salesforce);
        salesforce
            .set_origin(config.fronts.salesforce.unwrap_or_else(|| addresses.salesforce.clone()));
        let tokens = entra::router(
            partner_center.clone(),
            dataverse.clone(),
            config.fronts.entra.as_ref().unwrap_or(&addresses.entra),
        );
        let control = Control {
            clock: clock.clone(),
            faults: faults.clone(),
            journal: journal.clone(),
            partner_center: partner_center.clone(),
            dataverse: dataverse.clone(),
            salesforce: salesforce.clone(),
            index: addresses.index(),
        };
        let wrap = |router: Router, service: &'static str, error_body: ErrorBody| {
            let router = faults::layer(router, faults.clone(), service, error_body);
            journal::layer(router, journal.clone(), clock.clone(), service)
        };
        let (dataverse_service, salesforce_service) = (dataverse, salesforce);
        let services = (&partner_center, &dataverse_service, &salesforce_service);
        let servers = hosts.serve(services, tokens, wrap, control::router(control));
        let Addresses {
            partner_center: referrals,
            registration,
            entra,
            certificates,
            dataverse,
            control,
            salesforce,
        } = addresses;
        Ok(Self {
            partner_center: referrals,
            registration,
            entra,
            certificates,
            dataverse,
            control,
            salesforce,
            clock,
            faults,
            journal,
            partner_center_service: partner_center,
            dataverse_service,
            salesforce_service,
            servers,
        })
    }

    /// All addresses together.
    pub fn addresses(&self) -> Addresses {
        Addresses {
            partner_center: self.partner_center.clone(),
            registration: self.registration.clone(),
            entra: self.entra.clone(),
            certificates: self.certificates.clone(),
            dataverse: self.dataverse.clone(),
            control: self.control.clone(),
            salesforce: self.salesforce.clone(),
        }
    }

    /// Stops deliveries and closes all ports.
    pub async fn stop(self) {
        self.partner_center_service.reset();
        for server in self.servers {
            server.stop().await;
        }
    }
}

/// All ports, bound before anything answers: services name each other's addresses.
struct Hosts {
    partner_center: Bound,
    registration: Bound,
    entra: Bound,
    certificates: Bound,
    dataverse: Bound,
    control: Bound,
    salesforce: Bound,
}

impl Hosts {
    async fn bind(ports: Ports) -> std::io::Result<Self> {
        Ok(Self {
            partner_center: bind(ports.partner_center).await?,
            registration: bind(ports.registration).await?,
            entra: bind(ports.entra).await?,
            certificates: bind(ports.certificates).await?,
            dataverse: bind(ports.dataverse).await?,
            control: bind(ports.control).await?,
            salesforce: bind(ports.salesforce).await?,
        })
    }

    fn addresses(&self) -> anyhow::Result<Addresses> {
        Ok(Addresses {
            partner_center: self.partner_center.origin()?,
            registration: self.registration.origin()?,
            entra: self.entra.origin()?,
            certificates: self.certificates.origin()?,
            dataverse: self.dataverse.origin()?,
            control: self.control.origin()?,
            salesforce: self.salesforce.origin()?,
        })
    }

    fn serve(
        self,
        (partner, dataverse, salesforce): (&PartnerCenter, &Dataverse, &Salesforce),
        tokens: Router,
        wrap: impl Fn(Router, &'static str, ErrorBody) -> Router,
        control: Router,
    ) -> Vec<Server> {
        use partner_center::{
            certificates_error_body, referrals_error_body, registration_error_body,
            token_error_body,
        };
        vec![
            self.partner_center.serve(wrap(
                partner.referrals_router(),
                "partner-center",
                referrals_error_body,
            )),
            self.registration.serve(wrap(
                partner.registration_router(),
                "partner-center-registration",
                registration_error_body,
            )),
            self.entra.serve(wrap(tokens, "entra", token_error_body)),
            self.certificates.serve(wrap(
                partner.certificates_router(),
                "certificates",
                certificates_error_body,
            )),
            self.dataverse.serve(wrap(dataverse.router(), "dataverse", dataverse::error_body)),
            self.salesforce.serve(wrap(salesforce.router(), "salesforce", salesforce::error_body)),
            self.control.serve(control),
        ]
    }
}
