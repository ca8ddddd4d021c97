// ANCHOR: head
//! Is it what it should be? Size, checksum, and whether the file can be read as what it claims to be.
//!
//! The size finds a line that broke, the checksum a byte that fell over. The form finds what neither can: a web page that
//! says "please log in" and was sent with status 200 in the file's place.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::error::{Error, Failure};
use super::request::Promise;
use crate::parquet_documents::read_footer;
use crate::rows::json_lines;
use crate::text_folder::read_text;
// ANCHOR_END: head

// ANCHOR: form
/// What a file has to be readable as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// A footer that puts every column inside the file.
    Parquet,
    /// JSON in every line.
    JsonLines,
    /// A word per line.
    Words,
    /// A zip archive.
    Bundle,
}

impl Form {
    fn check(self, path: &Path) -> Result<(), String> {
        let open = || File::open(path).map_err(|error| error.to_string());
        match self {
            Form::Parquet => read_footer(path, &open()?)
                .map(|_| ())
                .map_err(|error| error.to_string()),
            Form::JsonLines => {
                let mut lines = 0;
                json_lines(path, &mut |_, _| {
                    lines += 1;
                    Ok(())
                })
                .map_err(|error| error.to_string())?;
                if lines == 0 {
                    return Err("no line in it".to_owned());
                }
                Ok(())
            }
            Form::Words => {
                let text = read_text(path).map_err(|error| error.to_string())?;
                let mut lines = text.lines().map(str::trim);
                match lines.find(|line| !line.chars().all(char::is_alphabetic)) {
                    Some(line) => Err(format!("no list of words: it has the line `{line}`")),
                    None => Ok(()),
                }
            }
            Form::Bundle => zip::ZipArchive::new(open()?)
                .map(|_| ())
                .map_err(|error| format!("no zip archive: {error}")),
        }
    }
}
// ANCHOR_END: form

// ANCHOR: verify
/// Hold a complete file against what was promised. A failure is worth a second download: most damage happens on the way.
pub(crate) fn verify(path: &Path, form: Form, promise: &Promise) -> Result<(), Failure> {
    let size = std::fs::metadata(path)
        .map_err(|error| Error::disk(path, error))?
        .len();
    if let Some(wanted) = promise.size.filter(|wanted| *wanted != size) {
        return Err(Failure::passing(format!(
            "{size} bytes came, and it should have {wanted}"
        )));
    }
    if let Some(wanted) = &promise.sha256 {
        let found = sha256(path).map_err(|error| Error::disk(path, error))?;
        if found != *wanted {
            return Err(Failure::passing(format!(
                "its SHA-256 is {found}, and the hub says {wanted}: damaged on the way, or changed by somebody between"
            )));
        }
    }
    form.check(path).map_err(Failure::passing)
}

/// The digest of a file, in hexadecimal.
pub fn sha256(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut block = vec![0; 1 << 20];
    loop {
        match file.read(&mut block)? {
            0 => break,
            read => hash.update(&block[..read]),
        }
    }
    Ok(hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}
// ANCHOR_END: verify
