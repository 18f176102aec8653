use perfkit::measured;

#[measured(slow = "250ms" sample = 10)]
fn missing() {}

#[measured(, slow = "250ms",, sample = 10)]
fn too_many() {}

#[measured(slow = "250ms"; sample = 10)]
fn semicolon() {}

fn main() {
    missing();
    too_many();
    semicolon();
}
