use perfkit::{Rejected, bulkhead};

#[bulkhead]
fn no_max() -> Result<(), Rejected> {
    Ok(())
}

#[bulkhead(0)]
fn none() -> Result<(), Rejected> {
    Ok(())
}

#[bulkhead("20")]
fn quoted() -> Result<(), Rejected> {
    Ok(())
}

#[bulkhead(20, wait = "1s")]
fn no_queue() -> Result<(), Rejected> {
    Ok(())
}

#[bulkhead(20, queue = 0)]
fn empty_queue() -> Result<(), Rejected> {
    Ok(())
}

#[bulkhead(20, queue = 5, wait = 30)]
fn no_unit() -> Result<(), Rejected> {
    Ok(())
}

#[bulkhead(20, queue = 5, max_wait = "1s")]
fn max_wait() -> Result<(), Rejected> {
    Ok(())
}

#[bulkhead(20, by = tenant, handle)]
fn handle(tenant: u32) -> Result<(), Rejected> {
    Ok(())
}

#[bulkhead(max = 20)]
fn by_name() -> Result<(), Rejected> {
    Ok(())
}

fn main() {}
