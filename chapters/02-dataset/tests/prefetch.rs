//! What goes wrong on the background thread arrives in front.

use dataset::{Batch, BatchSource, Error, Position, Prefetch};

/// Delivers `good` batches, then does what it is told.
struct Failing {
    good: usize,
    then: fn() -> Error,
}

impl BatchSource for Failing {
    fn next_batch(&mut self) -> Result<Batch, Error> {
        if self.good == 0 {
            return Err((self.then)());
        }
        self.good -= 1;
        Ok(Batch {
            rows: 0,
            time: 0,
            inputs: vec![],
            targets: vec![],
            position: Position::default(),
            supervised: 0,
        })
    }
}

#[test]
fn an_error_arrives_after_the_batches_before_it_and_then_stays() {
    let then = || Error::Empty {
        what: "the sea".to_owned(),
    };
    let mut ahead = Prefetch::new(Failing { good: 3, then }, 2);
    for _ in 0..3 {
        ahead.next_batch().unwrap();
    }
    assert!(
        ahead
            .next_batch()
            .unwrap_err()
            .to_string()
            .contains("the sea")
    );
    assert!(matches!(ahead.next_batch(), Err(Error::Stopped)));
    assert!(matches!(ahead.next_batch(), Err(Error::Stopped)));
}

#[test]
fn a_panic_arrives_as_an_error_with_its_words() {
    let mut ahead = Prefetch::new(
        Failing {
            good: 1,
            then: || panic!("low tide at {}", 7),
        },
        3,
    );
    ahead.next_batch().unwrap();
    assert!(
        matches!(ahead.next_batch(), Err(Error::Panicked { message }) if message == "low tide at 7")
    );
    assert!(matches!(ahead.next_batch(), Err(Error::Stopped)));
}

#[test]
fn dropping_it_ends_a_thread_that_waits_for_room() {
    let ahead = Prefetch::new(
        Failing {
            good: usize::MAX,
            then: || Error::Stopped,
        },
        1,
    );
    std::thread::sleep(std::time::Duration::from_millis(20));
    drop(ahead); // returns, or the test hangs
}
