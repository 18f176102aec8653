use perfkit::pooled;

struct Connection;

#[pooled]
fn connect() -> Connection {
    Connection
}

fn main() {
    let _ = connect();
}
