use perfkit::pooled;

fn is_alive(connection: &mut String) -> bool {
    !connection.is_empty()
}

#[pooled(validate = is_alive)]
fn of_another_type() -> Result<u32, std::io::Error> {
    Ok(1)
}

#[pooled(validate = |connection| connection.len())]
fn of_another_verdict() -> Result<String, std::io::Error> {
    Ok(String::new())
}

fn main() {
    let _ = (of_another_type(), of_another_verdict());
}
