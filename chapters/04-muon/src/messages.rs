// ANCHOR: head
//! Words and numbers from every rank to every rank, over the one operation that moves tensors unchanged: all_gather.

use crate::{Collective, Error};
use tch::{Device, Tensor};
// ANCHOR_END: head

// ANCHOR: gather
/// What each rank says, in the order of the ranks.
pub fn gather_bytes(collective: &dyn Collective, own: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    // Pieces of one size: so first the lengths, then everything padded to the longest.
    let length = Tensor::from_slice(&[own.len() as i64]); // (1)
    let lengths = gather(collective, length)?; // (world)
    let lengths = Vec::<i64>::try_from(&lengths)?;
    let longest = lengths.iter().copied().max().unwrap_or(0);
    let mut padded = own.to_vec();
    padded.resize(longest as usize, 0);
    let all = gather(collective, Tensor::from_slice(&padded))?; // (longest) -> (world · longest)
    let all = Vec::<u8>::try_from(&all)?;
    let of_rank = |(rank, &length): (usize, &i64)| {
        let start = rank * longest as usize;
        all[start..start + length as usize].to_vec()
    };
    Ok(lengths.iter().enumerate().map(of_rank).collect())
}

/// The results of `count` pieces of work, of which each rank did every world-th: rank r the pieces r, r + world, …
/// Every rank gets all of them, in the order of the pieces: whatever is added up from them has the same bits as on one rank.
pub fn gather_numbers(
    collective: &dyn Collective,
    own: &[f64],
    count: usize,
) -> Result<Vec<f64>, Error> {
    let world = collective.world();
    let each = count.div_ceil(world);
    let mut padded = own.to_vec();
    padded.resize(each, 0.0);
    let all = gather_f64(collective, &padded)?; // (each) -> (world · each)
    let number = |piece: usize| all[(piece % world) * each + piece / world];
    Ok((0..count).map(number).collect())
}

/// The sum over the ranks of a few numbers, in fp64 and in the order of the ranks.
pub fn sum_over_ranks<const N: usize>(
    collective: &dyn Collective,
    own: [f64; N],
) -> Result<[f64; N], Error> {
    let all = gather_f64(collective, &own)?;
    let mut sums = [0.0; N];
    for of_rank in all.chunks(N) {
        for (sum, number) in sums.iter_mut().zip(of_rank) {
            *sum += number;
        }
    }
    Ok(sums)
}

/// (n) -> (world · n), as bytes: some devices have no fp64.
fn gather_f64(collective: &dyn Collective, own: &[f64]) -> Result<Vec<f64>, Error> {
    let bytes: Vec<u8> = own.iter().flat_map(|x| x.to_le_bytes()).collect();
    let all = Vec::<u8>::try_from(&gather(collective, Tensor::from_slice(&bytes))?)?;
    let number = |bytes: &[u8]| f64::from_le_bytes(bytes.try_into().expect("eight bytes"));
    Ok(all.chunks_exact(8).map(number).collect())
}

/// (n) -> (world · n)
fn gather(collective: &dyn Collective, tensor: Tensor) -> Result<Tensor, Error> {
    let sent = tensor.to_device(collective.device());
    let all = collective.all_gather(sent).wait()?;
    Ok(all.to_device(Device::Cpu))
}
// ANCHOR_END: gather
