use perfkit::{Rejected, rate_limited};

#[rate_limited]
fn no_rate() -> Result<(), Rejected> {
    Ok(())
}

#[rate_limited("0/s")]
fn none() -> Result<(), Rejected> {
    Ok(())
}

#[rate_limited("100")]
fn without_time() -> Result<(), Rejected> {
    Ok(())
}

#[rate_limited(100)]
fn bare_number() -> Result<(), Rejected> {
    Ok(())
}

#[rate_limited("100/0s")]
fn no_time_at_all() -> Result<(), Rejected> {
    Ok(())
}

#[rate_limited("100/s", burst = 0)]
fn no_burst() -> Result<(), Rejected> {
    Ok(())
}

#[rate_limited("100/s", wait, max_wait = "1s")]
fn both() -> Result<(), Rejected> {
    Ok(())
}

#[rate_limited("100/s", wait = "1s")]
fn wait_with_a_time() -> Result<(), Rejected> {
    Ok(())
}

#[rate_limited("100/s", wait, reject = |_| ())]
fn nothing_to_reject() -> Result<(), ()> {
    Ok(())
}

#[rate_limited("100/s", max_waiting = 10)]
fn nobody_waits() -> Result<(), Rejected> {
    Ok(())
}

#[rate_limited("100/s", wait, max_waiting = 10)]
fn no_room_and_no_answer() {}

#[rate_limited("100/s", wait, queue = 10)]
fn queue() -> Result<(), Rejected> {
    Ok(())
}

#[rate_limited("100/s", max_keys = 10)]
fn no_keys() -> Result<(), Rejected> {
    Ok(())
}

#[rate_limited("100/s", per = "1s")]
fn per() -> Result<(), Rejected> {
    Ok(())
}

#[rate_limited("100/s", bursts = 10)]
fn misspelt() -> Result<(), Rejected> {
    Ok(())
}

#[rate_limited("100/s", rate = "1/s")]
fn by_name() -> Result<(), Rejected> {
    Ok(())
}

fn main() {}
