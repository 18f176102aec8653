//! Functions whose body cannot run again, or never says that it failed.

use perfkit::retry;

struct Job;

impl Job {
    #[retry]
    fn used_up(self) -> Option<u8> {
        None
    }

    #[retry]
    async fn half_changed(&mut self, log: &mut Vec<u8>) -> Option<u8> {
        log.push(1);
        None
    }
}

#[retry]
fn no_answer() {}

#[retry]
fn no_end() -> ! {
    loop {}
}

#[retry]
fn opaque() -> impl Sized {}

fn main() {}
