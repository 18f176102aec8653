//! What rust-analyzer offers inside an attribute, asked over its own protocol.
//!
//! Without rust-analyzer there is nothing to ask: the test says so and passes, unless `CI` is `true` and
//! `RUST_ANALYZER_REQUIRED` is set.

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// A program with a mark, `/*1*/`, behind each word that is asked about.
const PROGRAM: &str = r#"use perfkit::{measured, timeout};

#[measured(sl/*1*/)]
fn alone() {}

#[measured(sample = 10, sl/*2*/)]
fn behind_another() {}

#[measured(sl/*3*/, sample = 10)]
fn before_another() {}

#[timeout("1s", rej/*4*/)]
async fn behind_a_value() -> Option<u32> {
    None
}

#[measured(slow/*5*/ = "1s")]
fn explained() {}

#[measured(sample = 10)]
#[timeout("1s", reject/*6*/ = |_| ())]
async fn explained_below() -> Option<u32> {
    None
}

#[measured(slwo = "1s")]
fn wrong(text: String) -> usize {
    let local = text.le/*7*/;
    0
}

fn main() {
    let answer = wrong/*8*/(String::new());
}
"#;

#[test]
fn options_complete_and_explain_themselves() -> Outcome<()> {
    let Some(command) = rust_analyzer() else {
        let required = std::env::var("CI").is_ok_and(|ci| ci == "true")
            && std::env::var_os("RUST_ANALYZER_REQUIRED").is_some();
        assert!(!required, "rust-analyzer is required and not installed");
        eprintln!(
            "NOT TESTED: rust-analyzer is not installed (`rustup component add rust-analyzer`)"
        );
        return Ok(());
    };
    let mut editor = Editor::open(command, &program()?)?;

    for (mark, option) in [(1, "slow"), (2, "slow"), (3, "slow"), (4, "reject")] {
        let offered = editor.completions(mark)?;
        assert!(
            offered.iter().any(|label| label == option),
            "`{option}` is not offered at {mark}: {offered:?}"
        );
    }
    for (mark, words) in [
        (5, "slow calls"),
        (6, "what a call that took too long gives"),
    ] {
        let shown = editor.hover(mark)?;
        assert!(shown.contains(words), "{mark} shows: {shown}");
    }
    let offered = editor.completions(7)?;
    assert!(
        offered.iter().any(|label| label.starts_with("len")),
        "nothing completes in the body beside a wrong option: {offered:?}"
    );
    let shown = editor.hover(8)?;
    assert!(
        shown.contains("fn wrong(text: String) -> usize"),
        "a function with a wrong option is lost to its callers: {shown}"
    );
    Ok(())
}

/// How rust-analyzer is started, if it is there.
fn rust_analyzer() -> Option<Command> {
    let works = Command::new("rust-analyzer")
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success());
    works.then(|| Command::new("rust-analyzer"))
}

/// A package with the program, which depends on perfkit as a user's would.
fn program() -> Outcome<PathBuf> {
    let house = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("editor");
    fs::create_dir_all(root.join("src"))?;
    let manifest = format!(
        "[package]\nname = \"program\"\nedition = \"2024\"\n\n[dependencies]\nperfkit = {{ path = '{}' }}\n\n\
         [workspace]\n",
        house.display()
    );
    fs::write(root.join("Cargo.toml"), manifest)?;
    // The versions that are tested here, which are also those that are already downloaded.
    fs::copy(house.join("Cargo.lock"), root.join("Cargo.lock"))?;
    fs::write(root.join("src/main.rs"), PROGRAM)?;
    Ok(root)
}

/// rust-analyzer with the program open.
struct Editor {
    server: Child,
    input: ChildStdin,
    output: Receiver<Value>,
    file: String,
    requests: u64,
}

impl Editor {
    /// Starts it, and waits until it has read the program and built the attributes.
    fn open(mut command: Command, root: &Path) -> Outcome<Self> {
        let mut server = command
            .current_dir(root)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let input = server.stdin.take().ok_or("no stdin")?;
        let output = BufReader::new(server.stdout.take().ok_or("no stdout")?);
        let (messages, received) = channel();
        thread::spawn(move || {
            let mut output = output;
            while let Ok(message) = read(&mut output) {
                if messages.send(message).is_err() {
                    break;
                }
            }
        });
        let root = format!("file://{}", root.display());
        let mut editor = Self {
            server,
            input,
            output: received,
            file: format!("{root}/src/main.rs"),
            requests: 0,
        };
        editor.request(
            "initialize",
            &json!({
                "processId": std::process::id(),
                "rootUri": root,
                "capabilities": { "experimental": { "serverStatusNotification": true } },
                "initializationOptions": { "checkOnSave": false, "cachePriming": { "enable": false } },
            }),
        )?;
        editor.notify("initialized", &json!({}))?;
        let document =
            json!({ "uri": editor.file, "languageId": "rust", "version": 1, "text": PROGRAM });
        editor.notify("textDocument/didOpen", &json!({ "textDocument": document }))?;
        while editor.next()?["params"]["quiescent"] != true {}
        Ok(editor)
    }

    fn completions(&mut self, mark: u32) -> Outcome<Vec<String>> {
        let place = self.place(mark)?;
        let answer = self.request("textDocument/completion", &place)?;
        let items = answer.get("items").unwrap_or(&answer).as_array();
        let labels = items
            .into_iter()
            .flatten()
            .filter_map(|item| item["label"].as_str());
        Ok(labels.map(ToOwned::to_owned).collect())
    }

    fn hover(&mut self, mark: u32) -> Outcome<String> {
        let place = self.place(mark)?;
        let answer = self.request("textDocument/hover", &place)?;
        Ok(answer["contents"].to_string())
    }

    /// The place of a mark, whose word ends there.
    fn place(&self, mark: u32) -> Outcome<Value> {
        let mark = format!("/*{mark}*/");
        let mut lines = PROGRAM.lines().enumerate();
        let (line, character) = lines
            .find_map(|(line, text)| Some((line, text.find(&mark)?)))
            .ok_or("no such mark")?;
        Ok(json!({
            "textDocument": { "uri": self.file },
            "position": { "line": line, "character": character },
        }))
    }

    fn request(&mut self, method: &str, params: &Value) -> Outcome<Value> {
        self.requests += 1;
        let id = self.requests;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))?;
        loop {
            let mut message = self.next()?;
            if message["id"] == id && message.get("method").is_none() {
                return match message.get("error") {
                    Some(error) => Err(error.to_string().into()),
                    None => Ok(message["result"].take()),
                };
            }
        }
    }

    fn notify(&mut self, method: &str, params: &Value) -> Outcome<()> {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }))
    }

    fn send(&mut self, message: &Value) -> Outcome<()> {
        let body = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{body}", body.len())?;
        Ok(self.input.flush()?)
    }

    /// The next message; what the server asks in turn is answered with nothing.
    fn next(&mut self) -> Outcome<Value> {
        // Only a server that is stuck takes this long, and a test that hangs tells nobody why.
        let message = self.output.recv_timeout(Duration::from_secs(600))?;
        if message.get("method").is_some()
            && let Some(id) = message.get("id")
        {
            self.send(&json!({ "jsonrpc": "2.0", "id": id, "result": null }))?;
        }
        Ok(message)
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        self.server.kill().ok();
        self.server.wait().ok();
    }
}

/// One message: headers, an empty line, and as many bytes of JSON as they say.
fn read(output: &mut impl BufRead) -> Outcome<Value> {
    let mut length = 0;
    loop {
        let mut header = String::new();
        if output.read_line(&mut header)? == 0 {
            return Err("the server has ended".into());
        }
        match header.trim().split_once(": ") {
            Some(("Content-Length", bytes)) => length = bytes.parse()?,
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    output.read_exact(&mut body)?;
    Ok(serde_json::from_slice(&body)?)
}
