use perfkit::lazy;

#[lazy(ttl = "5m")]
fn grows_old() -> u64 {
    1
}

#[lazy(retry_errors = "no", wait = 10, retry = true)]
fn wrong_values() -> u64 {
    1
}

#[lazy]
#[perfkit::cached]
fn kept_twice() -> u64 {
    1
}

#[lazy(retry_errors = false)]
fn cannot_fail() -> u64 {
    1
}

fn main() {
    cannot_fail();
    grows_old();
    wrong_values();
    kept_twice();
}
