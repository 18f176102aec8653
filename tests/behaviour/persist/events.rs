//! What the log hears.

use super::*;
use crate::log::Log;

fn told(act: impl FnOnce()) -> Vec<String> {
    Log::of("perfkit::cache", act)
}

#[test]
fn a_file_that_is_set_aside_and_a_save_that_fails_are_warnings() {
    #[cached(name = "events", persist = kept("events"))]
    fn load(id: u64) -> String {
        format!("made {id}")
    }

    let path = fresh("events");
    std::fs::write(&path, "a letter to a friend").unwrap();
    let lines = told(|| _ = load(1));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("WARN;"), "{lines:?}");
    assert!(lines[0].contains("op=\"events\";"), "{lines:?}");
    assert!(lines[0].contains("verdict=Foreign;"), "{lines:?}");
    assert!(lines[0].contains("kept.bad;"), "{lines:?}");

    std::fs::create_dir(&path).unwrap();
    let lines = told(|| _ = load_cache().save().unwrap_err());
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("WARN;"), "{lines:?}");
    assert!(lines[0].contains("cache was not saved"), "{lines:?}");
    assert!(
        lines[0].contains("is a folder, a link or a device"),
        "{lines:?}"
    );
    assert!(lines[0].contains("suppressed=0;"), "{lines:?}");

    std::fs::remove_dir(&path).unwrap();
    assert!(told(|| _ = load_cache().save().unwrap()).is_empty());
}
