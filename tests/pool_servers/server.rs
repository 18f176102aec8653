//! A server of the test's own: found on this machine, started on a free port, and stopped with the test.

use std::ffi::OsStr;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// Who may run what does not run as root.
#[derive(Clone, Copy)]
struct User {
    uid: u32,
    gid: u32,
}

pub(crate) struct Server {
    program: PathBuf,
    arguments: Vec<String>,
    port: u16,
    user: Option<User>,
    child: Option<Child>,
    folder: TempDir,
}

impl Server {
    pub(crate) fn redis() -> Option<Self> {
        let program = found("redis-server", &[])?;
        let folder = tempfile::tempdir().expect("a folder");
        let port = free_port();
        let (number, place) = (port.to_string(), text(folder.path()));
        let arguments = [
            "--port",
            &number,
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            &place,
        ];
        let mut server = Self {
            program,
            arguments: arguments.map(str::to_owned).to_vec(),
            port,
            user: None,
            child: None,
            folder,
        };
        server.start();
        Some(server)
    }

    pub(crate) fn postgres() -> Option<Self> {
        let folders = versions(Path::new("/usr/lib/postgresql"));
        let program = found("postgres", &folders)?;
        let initdb = found("initdb", &folders)?;
        let folder = tempfile::tempdir().expect("a folder");
        let user = other_user(folder.path());
        let data = text(&folder.path().join("data"));
        let made = command(&initdb, user)
            .args(["-D", &data, "-A", "trust", "-U", "postgres", "-N"])
            .stdout(Stdio::null())
            .status();
        assert!(made.is_ok_and(|made| made.success()), "initdb failed");
        let port = free_port();
        let (number, place) = (port.to_string(), text(folder.path()));
        let arguments = [
            "-D",
            &data,
            "-p",
            &number,
            "-h",
            "127.0.0.1",
            "-k",
            &place,
            "-c",
            "fsync=off",
        ];
        let mut server = Self {
            program,
            arguments: arguments.map(str::to_owned).to_vec(),
            port,
            user,
            child: None,
            folder,
        };
        server.start();
        Some(server)
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// Starts it, and waits until it listens.
    pub(crate) fn start(&mut self) {
        for _ in 0..600 {
            if self.has_ended() {
                let started = command(&self.program, self.user)
                    .args(&self.arguments)
                    .current_dir(self.folder.path())
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .spawn();
                self.child = Some(started.expect("it was found"));
            }
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            #[expect(
                clippy::disallowed_methods,
                reason = "a program that starts tells nobody when it listens"
            )]
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("{} does not listen", self.program.display());
    }

    fn has_ended(&mut self) -> bool {
        let child = self.child.as_mut();
        child.is_none_or(|child| child.try_wait().is_ok_and(|status| status.is_some()))
    }

    /// As a machine that goes down does.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("it is ours");
            child.wait().expect("it is gone");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn text(path: &Path) -> String {
    path.to_str().expect("a plain path").to_owned()
}

fn command(program: &Path, user: Option<User>) -> Command {
    let mut command = Command::new(program);
    if let Some(user) = user {
        command.uid(user.uid).gid(user.gid);
    }
    command
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// Where a program is; where it is nowhere, that is said.
fn found(name: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let known = folders.iter().cloned().chain(std::env::split_paths(&path));
    let program = known
        .map(|folder| folder.join(name))
        .find(|program| program.is_file());
    if program.is_none() {
        eprintln!("!!! SKIPPED tests/pool_servers: there is no {name} here");
        let unread = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!unread, "install {name}");
    }
    program
}

/// The folders of programs below that of a distribution, one for each version.
fn versions(folder: &Path) -> Vec<PathBuf> {
    let folders = std::fs::read_dir(folder).into_iter().flatten().flatten();
    folders.map(|folder| folder.path().join("bin")).collect()
}

/// `PostgreSQL` does not run as root: somebody else, who gets the folder.
fn other_user(folder: &Path) -> Option<User> {
    let id = Command::new("id").arg("-u").output().expect("who we are");
    if id.stdout.trim_ascii() != b"0" {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").expect("a list of users");
    let find = |name: &str| {
        users.lines().find_map(|line| {
            let fields: Vec<_> = line.split(':').collect();
            match fields[..] {
                [user, _, uid, gid, ..] if user == name => Some(User {
                    uid: uid.parse().ok()?,
                    gid: gid.parse().ok()?,
                }),
                _ => None,
            }
        })
    };
    let user = find("postgres").or_else(|| find("nobody"))?;
    chown::<&OsStr>(folder.as_os_str(), Some(user.uid), Some(user.gid)).expect("it is ours");
    Some(user)
}
