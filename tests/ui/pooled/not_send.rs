use std::rc::Rc;

use perfkit::pooled;

#[pooled]
fn connect() -> Result<Rc<u32>, std::io::Error> {
    Ok(Rc::new(1))
}

fn main() {
    let _ = connect();
}
