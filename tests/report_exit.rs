//! The report at the end of a program. Each promise is a program that ends, so this test runs itself as a child; it has
//! its own `main` because the end of the main thread is what is tested, and the usual harness keeps that for itself.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use perfkit::__private::{Instrument, Meta, Observed, SITES, Site, linkme};
use perfkit::Report;
use perfkit::snapshot::{Metric, Section, Unit, Value};

/// Tells a child which program it is.
const PROGRAM: &str = "PERFKIT_TEST_PROGRAM";

/// Values of the variable that send the report to standard output.
const OUT: &[&str] = &["json:-", "json:/proc/self/fd/1"];

struct Once;

impl Instrument for Once {
    type Options = ();
    const SECTION: &'static Section = &Section {
        key: "jobs",
        title: "Jobs",
        rate_of: None,
        share_of: None,
        columns: &[],
        balance: &[],
    };

    fn new(_: &'static Meta, (): ()) -> Self {
        Self
    }

    fn metrics(this: Option<&Self>) -> Vec<Metric> {
        let done = u64::from(this.is_some());
        vec![Metric::new("done", Unit::Count, Value::Counter(done))]
    }

    fn reset(&self) {}
}

static JOB: Site<Once> = Site::new(
    Meta {
        attribute: "once",
        name: Some("job"),
        part: None,
        place: || "",
        file: file!(),
        line: line!(),
    },
    || (),
);

#[linkme::distributed_slice(SITES)]
#[linkme(crate = linkme)]
static LISTED: &dyn Observed = &JOB;

#[allow(
    clippy::disallowed_methods,
    reason = "programs that end this way are tested"
)]
fn child(program: &str) {
    let _guard = program.contains("guard").then(perfkit::report_on_exit);
    if program.contains("elsewhere") {
        std::thread::spawn(|| JOB.get()).join().expect("no panic");
    } else {
        JOB.get();
    }
    assert!(!program.contains("panic"), "this program panics");
    if program.contains("exit") {
        std::process::exit(0);
    }
}

/// How a program ended and what it left.
struct Ended {
    output: Output,
    file: PathBuf,
}

impl Ended {
    fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    /// How many tables it printed: one heading each.
    fn tables(&self) -> usize {
        self.stderr().lines().filter(|line| *line == "Jobs").count()
    }

    fn warnings(&self) -> Vec<String> {
        let lines = self.stderr();
        let warnings = lines.lines().filter(|line| line.starts_with("perfkit: "));
        warnings.map(str::to_owned).collect()
    }

    /// The jobs done by the report it wrote.
    fn done(&self) -> Option<u64> {
        done(&std::fs::read_to_string(&self.file).ok()?)
    }

    /// The jobs done by the report on standard output.
    fn done_out(&self) -> Option<u64> {
        done(&String::from_utf8_lossy(&self.output.stdout))
    }
}

fn done(json: &str) -> Option<u64> {
    let report = Report::from_json(json).expect("it wrote one report");
    report.find("jobs", "job")?.count("done")
}

/// Runs a program with `PERFKIT_REPORT` as said; `{file}` in it is a path of its own.
fn run(folder: &Path, program: &str, variable: Option<&str>) -> Ended {
    let file = folder.join("report.json");
    let _ = std::fs::remove_file(&file);
    let mut command = Command::new(std::env::current_exe().expect("this test"));
    command.env(PROGRAM, program).env_remove("PERFKIT_REPORT");
    if let Some(variable) = variable {
        command.env(
            "PERFKIT_REPORT",
            variable.replace("{file}", &file.to_string_lossy()),
        );
    }
    let output = command.output().expect("it runs");
    let asked = variable.is_some_and(|variable| OUT.contains(&variable));
    assert!(
        asked || output.stdout.is_empty(),
        "a report must not reach standard output"
    );
    let code = if program.contains("panic") { 101 } else { 0 };
    assert_eq!(output.status.code(), Some(code), "{program}");
    Ended { output, file }
}

fn the_guard_prints_the_table_once(folder: &Path) {
    for program in ["guard", "guard panic", "guard elsewhere"] {
        for variable in [None, Some(""), Some("table")] {
            let ended = run(folder, program, variable);
            assert_eq!(
                (ended.tables(), ended.warnings().len()),
                (1, 0),
                "{program} {variable:?}"
            );
            assert!(
                !ended.stderr().contains('\u{1b}'),
                "colour without a terminal"
            );
        }
    }
}

fn the_variable_chooses_for_the_guard(folder: &Path) {
    let off = run(folder, "guard", Some("off"));
    assert_eq!(off.stderr(), "");
    for program in ["guard", "guard panic"] {
        let json = run(folder, program, Some("json:{file}"));
        assert_eq!((json.done(), json.tables()), (Some(1), 0), "{program}");
    }
}

fn standard_output_gets_the_report_when_asked(folder: &Path) {
    for variable in OUT {
        if cfg!(target_os = "linux") || *variable == "json:-" {
            let ended = run(folder, "guard", Some(variable));
            assert_eq!((ended.done_out(), ended.tables()), (Some(1), 0));
            assert_eq!(ended.stderr(), "", "{variable}");
        }
    }
}

fn a_wrong_value_is_told_once_and_the_table_shown(folder: &Path) {
    for wrong in ["tabel", "json", "json:"] {
        let ended = run(folder, "guard", Some(wrong));
        assert_eq!(ended.tables(), 1, "{wrong}");
        let warnings = ended.warnings();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings.iter().all(|warning| warning.contains(wrong)));
    }
}

fn a_file_that_cannot_be_written_is_told_and_the_table_shown(folder: &Path) {
    let ended = run(folder, "guard", Some("json:{file}/in/a/file"));
    assert_eq!((ended.tables(), ended.done()), (1, None));
    assert_eq!(ended.warnings().len(), 1);
}

fn without_guard_and_variable_nothing_is_shown(folder: &Path) {
    let ended = run(folder, "plain", None);
    assert_eq!(ended.stderr(), "");
    for program in ["plain", "guard exit"] {
        let ended = run(folder, program, Some("off"));
        assert_eq!(ended.stderr(), "");
    }
    let ended = run(folder, "guard exit", None);
    assert_eq!(ended.stderr(), "");
}

/// The destructors of the main thread run at its end here; elsewhere the guard is the way.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn the_variable_alone_is_enough_when_main_calls(folder: &Path) {
    for program in [
        "plain",
        "panic",
        "exit",
        "guard",
        "guard panic",
        "guard exit",
    ] {
        let ended = run(folder, program, Some("json:{file}"));
        assert_eq!(ended.done(), Some(1), "{program}");
        let ended = run(folder, program, Some("json:-"));
        assert_eq!(ended.done_out(), Some(1), "{program}"); // two would be no JSON
        let ended = run(folder, program, Some("table"));
        assert_eq!(ended.tables(), 1, "{program}");
    }
}

fn a_thread_that_ends_is_not_the_end_of_the_program(folder: &Path) {
    let ended = run(folder, "elsewhere", Some("json:{file}"));
    assert_eq!((ended.done(), ended.tables()), (None, 0));
}

/// A promise and what shows it.
type Test = (&'static str, fn(&Path));

fn main() {
    if let Ok(program) = std::env::var(PROGRAM) {
        return child(&program);
    }
    let folder = std::env::temp_dir().join(format!("perfkit-exit-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let tests: &[Test] = &[
        (
            "the_guard_prints_the_table_once",
            the_guard_prints_the_table_once,
        ),
        (
            "the_variable_chooses_for_the_guard",
            the_variable_chooses_for_the_guard,
        ),
        (
            "standard_output_gets_the_report_when_asked",
            standard_output_gets_the_report_when_asked,
        ),
        (
            "a_wrong_value_is_told_once_and_the_table_shown",
            a_wrong_value_is_told_once_and_the_table_shown,
        ),
        (
            "a_file_that_cannot_be_written_is_told_and_the_table_shown",
            a_file_that_cannot_be_written_is_told_and_the_table_shown,
        ),
        (
            "without_guard_and_variable_nothing_is_shown",
            without_guard_and_variable_nothing_is_shown,
        ),
        #[cfg(all(target_os = "linux", target_env = "gnu"))]
        (
            "the_variable_alone_is_enough_when_main_calls",
            the_variable_alone_is_enough_when_main_calls,
        ),
        (
            "a_thread_that_ends_is_not_the_end_of_the_program",
            a_thread_that_ends_is_not_the_end_of_the_program,
        ),
    ];
    for (name, test) in tests {
        test(&folder);
        println!("test {name} ... ok");
    }
    std::fs::remove_dir_all(&folder).expect("clean up");
}
