use perfkit::cached;

#[cached]
fn unit(id: u64) {
    println!("{id}");
}

#[cached]
fn never(id: u64) -> ! {
    panic!("{id}");
}

#[cached]
async fn later(id: u64) {
    println!("{id}");
}

fn main() {
    unit(1);
    drop(later(1));
    never(1);
}
