//! What has changed is saved when the program ends: this program starts itself again for each way to end, and looks at
//! the file that is left.

use std::process::{Command, exit};
use std::time::{Duration, SystemTime};

use perfkit::__private::persist::{Saver, Schema, System, Verdict, load, save};

const WAY: &str = "PERFKIT_TEST_WAY";
const FILE: &str = "PERFKIT_TEST_FILE";
const NEVER: Duration = Duration::MAX;

fn schema() -> Schema {
    Schema::of::<u32, String>("exit")
}

/// A saver that has seen a change, and saves one entry when it is asked to.
fn changed() -> Saver {
    let path = std::env::var_os(FILE).expect("the parent says where");
    let to = path.clone();
    let saver = Saver::new(path, NEVER, move || {
        let entries = [(1, "one".to_owned(), None)];
        save::<u32, String, _>(
            &System,
            to.as_ref(),
            &schema(),
            SystemTime::UNIX_EPOCH,
            entries,
        )
    });
    saver.changed();
    saver
}

/// What the child does; the saver stays, as one in a static does.
fn end(way: &str) {
    let keep = |saver| std::mem::forget::<Saver>(saver);
    match way {
        "guard" => {
            let _report = perfkit::report_on_exit();
            keep(changed());
        }
        "guard, in a panic" => {
            let _report = perfkit::report_on_exit();
            keep(changed());
            panic!("on purpose");
        }
        "guard, changed on another thread" => {
            let _report = perfkit::report_on_exit();
            std::thread::spawn(move || keep(changed())).join().unwrap();
        }
        "return" => {
            keep(changed());
            perfkit::measure("used", || ());
        }
        "exit" => {
            keep(changed());
            perfkit::measure("used", || ());
            leave();
        }
        "saved before" => {
            let _report = perfkit::report_on_exit();
            let saver = changed();
            saver.save_now().unwrap();
            std::fs::remove_file(saver.path()).unwrap();
            keep(saver);
        }
        other => panic!("no such way: {other}"),
    }
}

#[expect(clippy::disallowed_methods, reason = "what is tested")]
fn leave() {
    exit(0)
}

fn main() {
    if let Ok(way) = std::env::var(WAY) {
        return end(&way);
    }
    let folder = tempfile::tempdir().unwrap();
    let is_saved = |way: &str| {
        let path = folder.path().join(way);
        Command::new(std::env::current_exe().unwrap())
            .env(WAY, way)
            .env(FILE, &path)
            .env("PERFKIT_REPORT", "off")
            .output()
            .unwrap();
        let loaded = load::<u32, String, _>(&System, &path, &schema(), SystemTime::UNIX_EPOCH);
        matches!(loaded.verdict, Verdict::Whole)
    };
    for way in [
        "guard",
        "guard, in a panic",
        "guard, changed on another thread",
    ] {
        assert!(is_saved(way), "{way}");
    }
    assert!(!is_saved("saved before"), "nothing had changed since");
    // Where the main thread runs the destructors of its locals.
    if cfg!(all(
        target_os = "linux",
        target_env = "gnu",
        feature = "measure"
    )) {
        for way in ["return", "exit"] {
            assert!(is_saved(way), "{way}");
        }
    }
    println!("what had changed was saved on every way out");
}
