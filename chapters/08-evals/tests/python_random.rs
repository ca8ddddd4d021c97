//! Every number here was printed by CPython 3.11's `random` module.

use evals::core::{few_shot_indices, order};
use evals::python_random::PythonRandom;

#[test]
fn words_are_those_of_random_with_the_same_seed() {
    // [random.Random(seed).getrandbits(32) for _ in range(5)]
    let known: [(u64, [u64; 5]); 8] = [
        (
            0,
            [3626764237, 1654615998, 3255389356, 3823568514, 1806341205],
        ),
        (
            1,
            [577090037, 2444712010, 3639700191, 3445702192, 3280387012],
        ),
        (
            42,
            [2746317213, 478163327, 107420369, 3184935163, 1181241943],
        ),
        (
            1337,
            [2653228291, 3975144315, 2290358181, 3048911309, 1571306751],
        ),
        (
            1234,
            [4150886329, 3342196574, 1892932127, 501869158, 32175636],
        ),
        // the largest seed of one word, the smallest of two, and others of two
        (
            4294967295,
            [2728839433, 2661025012, 872737089, 924893097, 2608619700],
        ),
        (
            4294967296,
            [485306839, 1508871100, 1794561286, 4014597330, 71624475],
        ),
        (
            12345678901234567890,
            [2199100970, 3695432519, 4002396509, 2348474455, 2758709522],
        ),
    ];
    for (seed, words) in known {
        let mut random = PythonRandom::new(seed);
        assert_eq!(words.map(|_| random.bits(32)), words, "seed {seed}");
    }
}

#[test]
fn the_state_is_stirred_again_when_it_is_used_up() {
    let mut random = PythonRandom::new(5489);
    for _ in 0..2000 {
        random.bits(32);
    }
    assert_eq!(random.bits(32), 1840423771);
}

#[test]
fn bits_of_all_widths() {
    let mut random = PythonRandom::new(42);
    let drawn = [1, 5, 8, 31, 32, 33, 53, 64].map(|bits| random.bits(bits));
    let known = [
        1,
        3,
        6,
        1592467581,
        1181241943,
        1051802512,
        6633543228244457,
        12482902213779070887,
    ];
    assert_eq!(drawn, known);
}

#[test]
fn numbers_below_n() {
    let mut random = PythonRandom::new(7);
    let bounds = [
        1,
        2,
        3,
        10,
        21,
        1000,
        1 << 31,
        1 << 32,
        (1 << 32) + 1,
        1 << 40,
    ];
    let known = [
        0,
        0,
        1,
        0,
        2,
        840,
        404285457,
        2179419893,
        161042648,
        920985495386,
    ];
    assert_eq!(bounds.map(|n| random.below(n)), known);
}

#[test]
fn shuffles() {
    let known = [
        32, 14, 31, 8, 4, 18, 28, 29, 27, 7, 1, 15, 5, 0, 35, 9, 17, 26, 25, 16, 2, 30, 20, 13, 3,
        11, 38, 33, 6, 22, 12, 19, 37, 24, 21, 10, 36, 23, 34, 39,
    ];
    assert_eq!(order(40, None), known);
    let long = order(20321, None);
    let head = [
        1894, 11899, 11796, 19943, 17249, 12619, 18785, 9978, 17598, 14243, 2266, 13551,
    ];
    assert_eq!(long[..12], head);
    assert_eq!(long[20318..], [11988, 17474, 20242]);
    assert_eq!(
        order(20321, Some(12)),
        head,
        "a cap comes after the shuffle"
    );
}

/// (seed, n, k), `random.Random(seed).sample(range(n), k)`, and the next `getrandbits(32)`, which says whether just as much was
/// drawn on the way.
type KnownSample = ((u64, usize, usize), Vec<usize>, u64);

fn known_samples() -> Vec<KnownSample> {
    vec![
        // from a pool: 39 and 85 are not more than 21 + 64
        (
            (1234, 39, 10),
            vec![28, 7, 0, 5, 2, 35, 6, 22, 37, 36],
            132345184,
        ),
        (
            (1235, 39, 10),
            vec![27, 34, 30, 25, 9, 22, 38, 13, 19, 3],
            1766711747,
        ),
        (
            (1234, 85, 10),
            vec![56, 14, 0, 11, 74, 4, 10, 12, 45, 30],
            74852898,
        ),
        // into a set: 86 is
        (
            (1234, 86, 10),
            vec![56, 14, 0, 11, 74, 4, 85, 10, 12, 45],
            1017090249,
        ),
        (
            (1234, 20320, 10),
            vec![14441, 3828, 245, 2970, 19078, 1144, 2750, 3225, 11620, 7759],
            74852898,
        ),
        (
            (5, 2375, 10),
            vec![1046, 1468, 2171, 118, 1907, 1020, 212, 642, 463, 1522],
            2014636194,
        ),
        // up to five the border is at 21
        ((1234, 21, 5), vec![14, 3, 0, 2, 1], 2884343186),
        ((1234, 22, 5), vec![14, 3, 0, 2, 18], 150006740),
        ((99, 9, 3), vec![6, 8, 1], 2574571355),
        ((1, 6, 6), vec![1, 4, 0, 5, 3, 2], 3268308804),
        ((3, 100, 0), vec![], 1022050301),
        // 3 · 22 = 66 is more than 64, so the border is at 21 + 256
        (
            (8, 101, 22),
            vec![
                29, 47, 48, 16, 24, 90, 5, 10, 17, 31, 64, 26, 51, 82, 3, 58, 62, 85, 49, 63, 73,
                96,
            ],
            3854042680,
        ),
        (
            (8, 277, 22),
            vec![
                116, 189, 192, 64, 98, 22, 43, 70, 126, 259, 107, 205, 15, 235, 249, 232, 199, 253,
                272, 206, 45, 248,
            ],
            1005808148,
        ),
        (
            (8, 278, 22),
            vec![
                116, 189, 192, 64, 98, 22, 43, 70, 126, 259, 107, 205, 15, 235, 249, 232, 199, 253,
                206, 45, 248, 119,
            ],
            3259984552,
        ),
    ]
}

#[test]
fn samples_of_both_kinds() {
    for ((seed, n, k), sample, next) in known_samples() {
        let mut random = PythonRandom::new(seed);
        assert_eq!(random.sample(n, k), sample, "{seed} {n} {k}");
        assert_eq!(random.bits(32), next, "{seed} {n} {k}");
    }
}

#[test]
fn asking_for_more_than_there_is_gives_all() {
    let mut all = PythonRandom::new(1).sample(4, 10);
    all.sort();
    assert_eq!(all, [0, 1, 2, 3]);
    assert!(PythonRandom::new(1).sample(0, 3).is_empty());
    assert_eq!(PythonRandom::new(1).below(0), 0);
}

#[test]
fn a_question_is_never_its_own_shot() {
    for index in 0..40 {
        let shots = few_shot_indices(index, 40, 10);
        let mut distinct = shots.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), 10);
        assert!(!shots.contains(&index) && distinct[9] < 40);
    }
    assert_eq!(few_shot_indices(0, 5, 10).len(), 4, "as many as there are");
    assert!(few_shot_indices(0, 1, 10).is_empty());
}
