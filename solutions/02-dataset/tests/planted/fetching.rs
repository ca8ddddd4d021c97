//! Wrong answers to exercise 11: the download with one rule broken.

use super::Of;
use crate::properties::ex11_patient_download::{
    self, Answer, End, Functions, MOST_REQUESTS, Request, Server,
};
use judge::program::Wrong;
use solutions_02::ex11_patient_download::{ATTEMPTS, LONGEST_WAIT, wait_before};

const TAG_NOT_SENT: u8 = 1;
const TAG_NOT_COMPARED: u8 = 2;
const ALWAYS_FROM_THE_BEGINNING: u8 = 3;
const FAILURES_NOT_FORGOTTEN: u8 = 4;
const NEVER_GIVES_UP: u8 = 5;
const ONE_ATTEMPT_MORE: u8 = 6;
const DEAF_TO_RETRY_AFTER: u8 = 7;
const PLACE_NOT_COMPARED: u8 = 8;
const TOO_MANY_ARE_CUT: u8 = 9;
const BROKEN_IS_DONE: u8 = 10;
const MISSING_IS_A_FAILURE: u8 = 11;
const ANSWERS_ARE_PROGRESS: u8 = 12;
const THE_SAME_WAIT: u8 = 13;
const A_BREAK_IS_NO_FAILURE: u8 = 14;
const TOO_MANY_ARE_PROGRESS: u8 = 15;

/// A download that breaks the rule `WRONG`.
fn fetch<const WRONG: u8>(server: Server) -> End {
    let breaks = |rule| WRONG == rule;
    let (mut kept, mut version, mut failures) = (Vec::new(), None, 0);
    let mut request = Request::FIRST;
    for _ in 0..MOST_REQUESTS {
        let mut wished = None;
        let mut is_failure = true;
        match server(request) {
            Answer::Missing if !breaks(MISSING_IS_A_FAILURE) => return End::GaveUp,
            Answer::Missing | Answer::Silence => {}
            Answer::Busy { retry_after } => wished = retry_after,
            Answer::Bytes {
                from,
                tag,
                size,
                bytes,
            } => {
                let is_mine = version == Some(tag) || breaks(TAG_NOT_COMPARED);
                let is_next = from == kept.len() || breaks(PLACE_NOT_COMPARED);
                if !(is_mine && is_next) {
                    (kept, version) = (Vec::new(), None);
                }
                if from == 0 || is_mine && is_next {
                    let is_broken = kept.len() + bytes.len() < size;
                    let brought_some = !bytes.is_empty() || breaks(ANSWERS_ARE_PROGRESS);
                    let counts = is_broken || breaks(TOO_MANY_ARE_PROGRESS);
                    if brought_some && counts && !breaks(FAILURES_NOT_FORGOTTEN) {
                        failures = 0;
                    }
                    kept.extend(bytes);
                    version = Some(tag);
                    if breaks(TOO_MANY_ARE_CUT) {
                        kept.truncate(size);
                    }
                    if kept.len() == size || is_broken && breaks(BROKEN_IS_DONE) {
                        return End::Done(kept);
                    }
                    if kept.len() > size {
                        (kept, version) = (Vec::new(), None);
                    }
                    is_failure = !(is_broken && breaks(A_BREAK_IS_NO_FAILURE));
                }
            }
        }
        failures += u32::from(is_failure);
        let attempts = ATTEMPTS + u32::from(breaks(ONE_ATTEMPT_MORE));
        if failures >= attempts && !breaks(NEVER_GIVES_UP) {
            return End::GaveUp;
        }
        if breaks(DEAF_TO_RETRY_AFTER) {
            wished = None;
        }
        if breaks(ALWAYS_FROM_THE_BEGINNING) {
            (kept, version) = (Vec::new(), None);
        }
        let counted = if breaks(THE_SAME_WAIT) { 1 } else { failures };
        let Some(wait) = wait_before(counted, wished, 0.5) else {
            return End::GaveUp;
        };
        request = Request {
            wait: if is_failure { wait } else { 0 },
            from: kept.len(),
            tag: version.filter(|_| !kept.is_empty() && !breaks(TAG_NOT_SENT)),
        };
    }
    End::StillAsking
}

pub fn wrong() -> Vec<Wrong> {
    let of = Of {
        number: 11,
        name: "patient_download",
        properties: ex11_patient_download::properties,
    };
    let fetching = |fetch| Functions { wait_before, fetch };
    let waiting = |wait_before| Functions {
        wait_before,
        fetch: fetch::<0>,
    };
    let mut wrong = vec![
        of.planted(
            "never-shorter",
            waiting(|failures, wished, _| wait_before(failures, wished, 1.0)),
        ),
        of.planted(
            "anything-from-zero-on",
            waiting(|failures, wished, share| {
                let whole = wait_before(failures, None, 1.0)? as f64 * share;
                wait_before(failures, wished, 0.0)?;
                Some((whole as u64).max(wished.unwrap_or(0)))
            }),
        ),
        of.planted(
            "longer-and-longer",
            waiting(|failures, wished, share| {
                wait_before(1, wished, share)?;
                let half = 500u64 << (failures - 1).min(40);
                Some((half + (half as f64 * share) as u64).max(wished.unwrap_or(0)))
            }),
        ),
        of.planted(
            "the-power-overflows",
            waiting(|failures, wished, share| {
                wait_before(1, wished, share)?;
                let longest = 1000u64.wrapping_shl(failures - 1).min(LONGEST_WAIT);
                let drawn = longest / 2 + (longest as f64 / 2.0 * share) as u64;
                Some(drawn.max(wished.unwrap_or(0)))
            }),
        ),
        of.planted(
            "one-second-more-each-time",
            waiting(|failures, wished, share| {
                wait_before(1, wished, share)?;
                let longest = (1000 * u64::from(failures)).min(LONGEST_WAIT);
                let drawn = longest / 2 + (longest as f64 / 2.0 * share) as u64;
                Some(drawn.max(wished.unwrap_or(0)))
            }),
        ),
        of.planted(
            "the-wish-comes-on-top",
            waiting(|failures, wished, share| {
                wait_before(failures, wished, share)?;
                Some(wait_before(failures, None, share)? + wished.unwrap_or(0))
            }),
        ),
        of.planted(
            "an-hour-is-waited-for",
            waiting(|failures, wished, share| {
                let drawn = wait_before(failures, None, share)?;
                Some(drawn.max(wished.unwrap_or(0)))
            }),
        ),
        of.planted("the-tag-is-not-sent", fetching(fetch::<TAG_NOT_SENT>)),
        of.planted(
            "the-tag-is-not-compared",
            fetching(fetch::<TAG_NOT_COMPARED>),
        ),
        of.planted(
            "always-from-the-beginning",
            fetching(fetch::<ALWAYS_FROM_THE_BEGINNING>),
        ),
        of.planted(
            "failures-are-not-forgotten",
            fetching(fetch::<FAILURES_NOT_FORGOTTEN>),
        ),
        of.planted("it-never-gives-up", fetching(fetch::<NEVER_GIVES_UP>)),
        of.planted("one-attempt-more", fetching(fetch::<ONE_ATTEMPT_MORE>)),
    ];
    wrong.extend([
        of.planted(
            "deaf-to-retry-after",
            fetching(fetch::<DEAF_TO_RETRY_AFTER>),
        ),
        of.planted(
            "the-place-is-not-compared",
            fetching(fetch::<PLACE_NOT_COMPARED>),
        ),
        of.planted("too-many-are-cut-off", fetching(fetch::<TOO_MANY_ARE_CUT>)),
        of.planted("what-broke-off-is-done", fetching(fetch::<BROKEN_IS_DONE>)),
        of.planted(
            "missing-is-a-failure",
            fetching(fetch::<MISSING_IS_A_FAILURE>),
        ),
        of.planted(
            "any-answer-is-progress",
            fetching(fetch::<ANSWERS_ARE_PROGRESS>),
        ),
        of.planted(
            "too-many-are-progress",
            fetching(fetch::<TOO_MANY_ARE_PROGRESS>),
        ),
        of.planted("the-same-wait-always", fetching(fetch::<THE_SAME_WAIT>)),
        of.planted(
            "a-break-is-no-failure",
            fetching(fetch::<A_BREAK_IS_NO_FAILURE>),
        ),
        of.constant(
            "gives-up",
            Functions {
                wait_before: |_, _, _| None,
                fetch: |_| End::GaveUp,
            },
        ),
        of.constant(
            "zeros",
            Functions {
                wait_before: |_, _, _| Some(0),
                fetch: |_| End::Done(Vec::new()),
            },
        ),
    ]);
    wrong
}
