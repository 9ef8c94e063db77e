//! The request: `multipart/form-data` with the options and a zip archive (contract salesforce 5.5).

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};

use axum::http::{StatusCode, header};
use serde_json::Value;

use super::DeployOptions;
use crate::salesforce::answer::Call;
use crate::salesforce::refusal::{Outcome, Refusal};

/// Unpacked bytes of one file; the service takes about 39 MB for all.
const FILE_LIMIT: u64 = 16 << 20;

/// Files of an archive by path.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

pub(super) fn read(call: &Call) -> Outcome<(DeployOptions, Files)> {
    let kind = call.header(header::CONTENT_TYPE.as_str()).unwrap_or_default();
    if kind.starts_with("application/json") {
        return Err(Refusal::not_simulated("Deploying what was validated before"));
    }
    let boundary = boundary(kind).ok_or_else(|| {
        let text =
            format!("Content-Type header specified in HTTP request is not supported: {kind}");
        Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", text)
    })?;
    let parts = parts(&call.body, &boundary);
    let part = |name: &str, kind: &str| {
        let found = parts.iter().find(|part| part.name == name && part.kind.starts_with(kind));
        found.ok_or_else(|| invalid(&format!("the part {name} of type {kind} is missing")))
    };
    let entity: Value = serde_json::from_slice(part("entity_content", "application/json")?.body)
        .map_err(|error| Refusal::json(error.to_string()))?;
    let options =
        entity.get("deployOptions").ok_or_else(|| Refusal::json("deployOptions is missing"))?;
    let options = serde_json::from_value(options.clone())
        .map_err(|error| Refusal::json(error.to_string()))?;
    Ok((options, unpacked(part("file", "application/zip")?.body)?))
}

fn invalid(what: &str) -> Refusal {
    Refusal::bad("INVALID_MULTIPART_REQUEST", format!("The multipart request is not valid: {what}"))
}

fn boundary(kind: &str) -> Option<String> {
    let parameters = kind.strip_prefix("multipart/form-data")?;
    let boundary =
        parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("boundary="))?;
    Some(boundary.trim_matches('"').to_owned())
}

struct Part<'a> {
    name: String,
    kind: String,
    body: &'a [u8],
}

fn parts<'a>(body: &'a [u8], boundary: &str) -> Vec<Part<'a>> {
    let delimiter = format!("--{boundary}");
    let mut starts: Vec<usize> = Vec::new();
    let mut at = 0;
    while let Some(found) = find(body.get(at..).unwrap_or_default(), delimiter.as_bytes()) {
        starts.push(at + found);
        at += found + delimiter.len();
    }
    let between = starts.windows(2).filter_map(|pair| body.get(pair[0] + delimiter.len()..pair[1]));
    between.filter_map(part).collect()
}

/// What stands between two delimiters: a line break, headers, an empty line, the body, a line
/// break.
fn part(bytes: &[u8]) -> Option<Part<'_>> {
    let bytes = bytes.strip_prefix(b"\r\n")?.strip_suffix(b"\r\n")?;
    let end = find(bytes, b"\r\n\r\n")?;
    let headers = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let header = |name: &str| {
        headers.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let disposition = header("content-disposition")?;
    let name =
        disposition.split(';').find_map(|parameter| parameter.trim().strip_prefix("name="))?;
    Some(Part {
        name: name.trim_matches('"').to_owned(),
        kind: header("content-type").unwrap_or_default(),
        body: bytes.get(end + 4..)?,
    })
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn unpacked(bytes: &[u8]) -> Outcome<Files> {
    let broken =
        |error: &dyn std::fmt::Display| invalid(&format!("the file is not a zip archive: {error}"));
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken(&error))?;
    let mut files = Files::new();
    for index in 0..archive.len() {
        let file = archive.by_index(index).map_err(|error| broken(&error))?;
        if file.is_dir() {
            continue;
        }
        let name = file.name().map_err(|error| broken(&error))?.into_owned();
        let mut content = Vec::new();
        file.take(FILE_LIMIT).read_to_end(&mut content).map_err(|error| broken(&error))?;
        files.insert(name, content);
    }
    Ok(files)
}
