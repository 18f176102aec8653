use perfkit::lazy;

struct Connection;

#[lazy]
fn connect() -> Connection {
    Connection
}

#[lazy(retry_errors = false)]
fn try_connect() -> Result<u8, std::io::Error> {
    Ok(1)
}

fn main() {
    connect();
    let _ = try_connect();
}
