//! Which CRM it is, where it is, and with what to enter it.

use std::sync::Arc;

use cosell_runtime::config::{Environment, Noted};
use secrecy::SecretString;

use crate::access::Access;
use crate::descriptor::{Connection, Descriptor, Registry};

const SECRET_EXAMPLE: &str =
    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:partner-center-AbCdEf";

/// The CRM that the environment names.
#[derive(Clone, Debug)]
pub struct CrmSettings<A = String> {
    /// `CRM` decides which one it is, and so which other variables are read.
    pub crm: &'static Descriptor,
    /// The place, with what its administrator set up.
    pub connection: Arc<dyn Connection>,
    /// As whom to enter; `CRM_SECRET_ARN`, the secret with the credentials, where nothing else is
    /// said.
    pub access: A,
}

impl CrmSettings {
    /// Reads `CRM`, `CRM_SECRET_ARN` and the variables of that CRM.
    pub fn read(crms: Registry, environment: &Environment) -> Result<Self, Noted> {
        let access = secret_arn(environment);
        let crm = crms.read(environment)?;
        let connection = (crm.connection)(environment);
        Ok(Self { crm, connection: connection?, access: access? })
    }
}

impl CrmSettings<Access<String>> {
    /// Reads `CRM` and the variables of that CRM; `CRM_SECRET_ARN` only without `CRM_ACCESS_TOKEN`.
    pub fn read_for_installer(crms: Registry, environment: &Environment) -> Result<Self, Noted> {
        let access = match environment.optional("CRM_ACCESS_TOKEN") {
            Some(token) => Ok(Access::Token(SecretString::from(token))),
            None => secret_arn(environment).map(Access::Deployment),
        };
        let crm = crms.read(environment)?;
        let connection = (crm.connection)(environment);
        Ok(Self { crm, connection: connection?, access: access? })
    }
}

fn secret_arn(environment: &Environment) -> Result<String, Noted> {
    environment.required("CRM_SECRET_ARN", SECRET_EXAMPLE)
}
