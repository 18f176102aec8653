use perfkit::measured;

const SLOW: u64 = 250;

#[measured(slow = SLOW)]
fn number() {}

#[measured(sample = "ten".len())]
fn size() {}

struct Tenant;

#[measured(by = tenant)]
fn label(tenant: &Tenant) {
    let _ = tenant;
}

fn main() {
    number();
    size();
    label(&Tenant);
}
