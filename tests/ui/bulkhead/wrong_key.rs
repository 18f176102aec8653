use perfkit::{Rejected, bulkhead};

struct Tenant;

#[bulkhead(20, by = tenant)]
fn no_key(tenant: &Tenant) -> Result<(), Rejected> {
    let _ = tenant;
    Ok(())
}

fn main() {}
