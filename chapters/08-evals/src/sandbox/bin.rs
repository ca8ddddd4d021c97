// ANCHOR: bin
//! A worker and nothing else, for tests: a test's own `main` belongs to the test harness.

fn main() {
    evals::sandbox::serve_if_worker();
    eprintln!("this program is started by the sandbox's tests and does nothing by itself");
}
// ANCHOR_END: bin
