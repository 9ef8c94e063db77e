//! Where things are in the checkout.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// The checkout's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// The Python environment that `make` fills from `infra/local/requirements.txt`.
pub fn python() -> Result<PathBuf> {
    tool("python")
}

/// A program of that environment.
pub fn tool(name: &str) -> Result<PathBuf> {
    let path = root().join(".local/venv/bin").join(name);
    ensure!(path.exists(), "{} is missing: run `make venv` first", path.display());
    Ok(path)
}

/// The folder with the workspace's binaries: the one this program was built into.
pub fn binaries() -> Result<PathBuf> {
    let program = std::env::current_exe().context("cannot tell where this program is")?;
    let folder = program.parent().context("this program has no folder")?;
    // Test programs stand one level deeper, in `deps`.
    let folder = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    Ok(folder.to_path_buf())
}

/// One of the workspace's binaries.
pub fn binary(name: &str) -> Result<PathBuf> {
    let path = binaries()?.join(name);
    ensure!(path.exists(), "{} is missing: run `make binaries` first", path.display());
    Ok(path)
}
