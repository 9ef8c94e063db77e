//! MiniStack, the local AWS: a Python program that deploys the template and runs the native
//! functions as plain processes.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

use crate::workspace;

/// Long for a machine under load; it usually takes a third of a second.
const START_LIMIT: Duration = Duration::from_secs(30);
/// Somebody else may take the free port before MiniStack does.
const FREE_PORT_TRIES: u32 = 3;
/// It usually stops within two seconds.
const STOP_LIMIT: Duration = Duration::from_secs(8);

/// Ends a process, and what is left of its group, when its own standard input ends: that is when we
/// do, however we do. It calls the program `kill`: not every shell's own knows groups.
const WATCH: &str = r#"
read -r _
env kill -TERM -- "$1"
for _ in $(seq 80); do env kill -0 -- "$1" || break; sleep 0.1; done
env kill -KILL -- "-$1"
"#;

/// A running MiniStack. Dropping it stops it and the functions it runs; so does the end of this
/// process, whatever ends it.
#[derive(Debug)]
pub struct MiniStack {
    process: Child,
    watch: Option<Child>,
    port: u16,
}

impl MiniStack {
    /// Starts it on `port` of this machine's loopback address; 0 takes a free one.
    pub async fn start(port: u16) -> Result<Self> {
        let mut tries = if port == 0 { FREE_PORT_TRIES } else { 1 };
        loop {
            tries -= 1;
            match Self::start_on(available(port).await?).await {
                Err(_) if tries > 0 => {}
                result => return result,
            }
        }
    }

    async fn start_on(port: u16) -> Result<Self> {
        let folder = workspace::root().join(".local/ministack").join(port.to_string());
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        let log =
            std::fs::File::create(folder.join("log")).context("cannot open MiniStack's log")?;
        let mut command = Command::new(workspace::tool("ministack")?);
        command
            .envs(environment(port))
            // Never 0.0.0.0. The name stays `localhost`: with an address in it functions are shown
            // a host header they cannot parse.
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            .env("MINISTACK_HOST", "localhost")
            .env("TMPDIR", &folder)
            .env("LOG_LEVEL", "WARNING")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // A group of its own, so that stopping reaches the functions too and Ctrl-C does not
            // reach it behind our back.
            .process_group(0);
        let process = command.spawn().context("cannot start MiniStack")?;
        let mut stack = Self { process, watch: None, port };
        stack.watch = stack.process.id().map(watch).transpose()?;
        stack.wait_until_ready().await?;
        Ok(stack)
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What a program needs to talk to it, and to nothing else: dummy keys, so that no real account
    /// can ever be reached.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        environment(self.port)
    }

    /// The folder with its log.
    pub fn log(&self) -> std::path::PathBuf {
        workspace::root().join(".local/ministack").join(self.port.to_string()).join("log")
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        let http = cosell_http::client()?;
        let started = Instant::now();
        while started.elapsed() < START_LIMIT {
            if let Some(status) = self.process.try_wait()? {
                bail!("MiniStack ended with {status}; see {}", self.log().display());
            }
            let answer = http.get(format!("{}/_ministack/ready", self.url())).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!(
            "MiniStack was not ready after {} s; see {}",
            START_LIMIT.as_secs(),
            self.log().display()
        )
    }
}

impl Drop for MiniStack {
    fn drop(&mut self) {
        if let Some(watch) = &mut self.watch {
            let _ = watch.start_kill();
        }
        let Some(id) = self.process.id() else { return };
        // It alone at first: it ends its functions and waits for them. What outlives it is in its
        // group.
        signal("-TERM", &id.to_string());
        let started = Instant::now();
        while matches!(self.process.try_wait(), Ok(None)) && started.elapsed() < STOP_LIMIT {
            std::thread::sleep(Duration::from_millis(20));
        }
        signal("-KILL", &format!("-{id}"));
    }
}

fn watch(id: u32) -> Result<Child> {
    let mut command = Command::new("sh");
    command.args(["-c", WATCH, "watch", &id.to_string()]).stdin(Stdio::piped());
    // Ctrl-C must not end it before its work, and nobody may wait for an end of its output.
    command.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    command.spawn().context("cannot start what ends MiniStack with us")
}

fn signal(signal: &str, target: &str) {
    let _ = std::process::Command::new("kill")
        .args([signal, "--", target])
        .stderr(Stdio::null())
        .status();
}

fn environment(port: u16) -> Vec<(&'static str, String)> {
    let region = "us-east-1".to_owned();
    vec![
        ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}")),
        ("AWS_REGION", region.clone()),
        ("AWS_DEFAULT_REGION", region),
        ("AWS_ACCESS_KEY_ID", "test".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ("AWS_SESSION_TOKEN", String::new()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
    ]
}

async fn available(port: u16) -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await;
    ensure!(
        listener.is_ok(),
        "port {port} is taken: is another `make run` up? Stop it, or choose another with \
         COSELL_AWS_PORT"
    );
    Ok(listener?.local_addr()?.port())
}
