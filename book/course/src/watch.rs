//! Repeats a check whenever a file changes.

use std::path::Path;
use std::thread;
use std::time::{Duration, SystemTime};

// ANCHOR: watch
/// How often the file is looked at: often enough that saving feels answered.
const LOOK: Duration = Duration::from_millis(200);

/// Calls `check` at once and after every change of the file that it returns, until it returns none.
pub fn watch<E>(mut check: impl FnMut() -> Result<Option<std::path::PathBuf>, E>) -> Result<(), E> {
    while let Some(file) = check()? {
        let seen = changed(&file);
        while changed(&file) == seen {
            thread::sleep(LOOK);
        }
        // Editors write in several steps: wait until the file has been left alone for a moment.
        loop {
            let now = changed(&file);
            thread::sleep(LOOK);
            if now.is_some() && changed(&file) == now {
                break;
            }
        }
    }
    Ok(())
}

/// When a file was changed; `None` while it is not there.
fn changed(file: &Path) -> Option<SystemTime> {
    file.metadata().and_then(|data| data.modified()).ok()
}
// ANCHOR_END: watch

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_check_follows_every_change() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ex.rs");
        fs::write(&file, "0").unwrap();
        let mut seen = Vec::new();
        watch(|| {
            let text = fs::read_to_string(&file).unwrap();
            let writer = file.clone();
            let next = format!("{text}{}", seen.len() + 1);
            seen.push(text);
            if seen.len() == 3 {
                return Ok::<_, std::io::Error>(None);
            }
            // Later than the first look, and by then with another time stamp.
            thread::spawn(move || {
                thread::sleep(Duration::from_millis(60));
                fs::write(writer, next)
            });
            Ok(Some(file.clone()))
        })
        .unwrap();
        assert_eq!(seen, ["0", "01", "012"]);
    }
}
