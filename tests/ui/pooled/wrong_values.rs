use perfkit::pooled;

#[pooled(max_size = 0, acquire_timeout = 5, order = "random", validate = "SELECT 1")]
fn values() -> Result<u32, std::io::Error> {
    Ok(1)
}

#[pooled(min_size = 20)]
fn sizes() -> Result<u32, std::io::Error> {
    Ok(1)
}

#[pooled(max = 20, timeout = "5s", vaildate = is_alive)]
fn names() -> Result<u32, std::io::Error> {
    Ok(1)
}

#[pooled(max_keys = 3, on_release = |one, other| one)]
fn keys() -> Result<u32, std::io::Error> {
    Ok(1)
}

#[pooled(overflow, min_size = 1, acquire_timeout = "1s", fail_fast)]
fn buffer() -> Vec<u8> {
    Vec::new()
}

#[pooled(validate_every = "10s", validate_timeout = "1s", check_after = "5s")]
fn never_checked() -> Result<u32, std::io::Error> {
    Ok(1)
}

#[pooled(min_size = 20, max_size = 0)]
fn told_once() -> Result<u32, std::io::Error> {
    Ok(1)
}

fn main() {
    let _ = (values(), sizes(), names(), keys(), buffer());
    let _ = (never_checked(), told_once());
}
