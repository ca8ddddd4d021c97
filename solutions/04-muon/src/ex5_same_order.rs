//! # The same order on every rank
//!
//! Goal: find, from one number per rank, that ranks do not do the same, where they part, and who is to blame.
//!
//! Minutes: 45. Difficulty: 3 of 5.
//!
//! The third operation of one rank meets the third of the others, whatever they are. So each rank keeps a checksum of what it has
//! started, and now and then the ranks compare theirs. The chapter's `Sequence` keeps all notes besides, and sends them round when the
//! checksums differ. Here nothing is kept but one number per operation, and the ranks look for the place by asking each other for
//! checksums of earlier operations.
//!
//! - `noted` takes the checksum so far (0 at the beginning) and one more operation, and gives the new one. Ranks that have noted the
//!   same in the same order agree, in every program and on every machine. Another order, another operation, another name,
//!   another shape, one operation more or less: the sums differ, and stay different whatever is noted afterwards.
//! - `first_apart` finds the first of `count` operations, counted from 0, that is not the same on all ranks; `None` if there is none.
//!   `sums(n)` gives the checksums of all ranks after n operations. It is a gather over all ranks: ask at most 1 + ⌈log₂ count⌉ times.
//! - `outvoted` says whose fault it is. If more than half of the ranks have one sum, it is those that have another. If no sum has
//!   that many, nobody can tell, and it names all ranks. If all agree, none.
//!
//! ## Hint 1
//!
//! A sum or an exclusive or of hashes forgets the order. A checksum that remembers it is changed by every byte in a way that depends
//! on all the bytes before.
//!
//! Once the sums differ they differ for ever. What does that say about `sums(n)` as n grows?
//!
//! ## Hint 2
//!
//! FNV-1a: for each byte, `sum = (sum ^ byte).wrapping_mul(0x100_0000_01b3)`. From the same sum, "ab" and "c" must not give what "a"
//! and "bc" give, nor a shape [1, 23] what [12, 3] does: put something between, or the length before.
//!
//! If sums(n) agree the place is at n or later. If they do not it is before n. Halve.
//!
//! ## Hint 3
//!
//! Begin with `0xcbf2_9ce4_8422_2325` in place of a checksum of 0, as the first byte of 0 would change nothing. Hash each text's length
//! (`to_le_bytes()`) before the text, and the number of dimensions before the dimensions.
//!
//! `first_apart`: no answer if all of `sums(count)` are equal. Else `low = 0` (agree) and `high = count` (do not); while high − low > 1
//! ask in the middle; the answer is `low`.
//!
//! ## Notes
//!
//! FNV's step can be undone (the multiplier is odd), so from two different sums the same bytes lead to two different sums. That is
//! why the halving works. From equal sums different bytes may meet, by chance, in one of 2⁶⁴ cases.
//!
//! Ten thousand operations take 15 gathers of 8 bytes per rank. The chapter sends up to a hundred steps' notes instead, once, at
//! the end of a run that has failed, and has the words to print.
//!
//! `std`'s `DefaultHasher::new()` gives the same sums in every process, but promises that for one release of Rust only. What a
//! `HashMap` hashes with, `RandomState`, differs in every process: with it no two ranks ever agree.

/// The checksum after one more operation, such as `reduce_scatter` of `head` (65536, 1280).
pub fn noted(sum: u64, operation: &str, name: &str, shape: &[i64]) -> u64 {
    let begun = if sum == 0 { 0xcbf2_9ce4_8422_2325 } else { sum };
    let texts = [operation, name].into_iter().fold(begun, |sum, text| {
        let with_length = hashed(sum, &text.len().to_le_bytes());
        hashed(with_length, text.as_bytes())
    });
    let begun = hashed(texts, &shape.len().to_le_bytes());
    let sizes = shape.iter();
    sizes.fold(begun, |sum, size| hashed(sum, &size.to_le_bytes()))
}

fn hashed(sum: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(sum, |sum, &byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}

/// The first of `count` operations in which the ranks part. `sums(n)`: their checksums after n operations.
pub fn first_apart(count: usize, sums: &mut dyn FnMut(usize) -> Vec<u64>) -> Option<usize> {
    let mut agree = |n: usize| sums(n).windows(2).all(|pair| pair[0] == pair[1]);
    if agree(count) {
        return None;
    }
    let (mut low, mut high) = (0, count);
    while high - low > 1 {
        let middle = (low + high) / 2;
        match agree(middle) {
            true => low = middle,
            false => high = middle,
        }
    }
    Some(low)
}

/// The ranks that have done something else than most.
pub fn outvoted(sums: &[u64]) -> Vec<usize> {
    let is_most = |sum: &&u64| sums.iter().filter(|other| other == sum).count() * 2 > sums.len();
    let most = sums.iter().find(is_most);
    let other = |rank: &usize| Some(&sums[*rank]) != most;
    (0..sums.len()).filter(other).collect()
}
