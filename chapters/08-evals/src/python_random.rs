// ANCHOR: head
//! Python's `random.Random`, number for number.
//!
//! Why copy another language's random numbers? A CORE prompt holds solved examples, and which ones is decided by
//! `random.Random(1234 + i).sample(...)`, in an order decided by `random.Random(1337).shuffle(...)`. Other examples make
//! another prompt, and another prompt makes another score: published numbers can only be compared with ours if ours come
//! from the same prompts. So the generator belongs to the definition of the benchmark, as the questions do.
//!
//! Three layers, each of which has to be exact:
//!
//! 1. The *Mersenne Twister* MT19937 (Matsumoto and Nishimura 1998): 624 words of 32 bits that are stirred together once
//!    they are used up.
//! 2. *Seeding by array*: the seed is cut into 32-bit words, lowest first, and those are mixed into the 624.
//! 3. *What Python draws with it*: numbers below n by trying again, `shuffle` from the back, and `sample` in two ways.
// ANCHOR_END: head

// ANCHOR: state
/// Words of state.
const N: usize = 624;
/// The word this far ahead takes part in each stirring.
const M: usize = 397;

pub struct PythonRandom {
    state: [u32; N],
    /// How many words of `state` have been handed out; N = all.
    used: usize,
}
// ANCHOR_END: state

// ANCHOR: seed
impl PythonRandom {
    /// `random.Random(seed)` for a seed that is not negative.
    pub fn new(seed: u64) -> PythonRandom {
        let (low, high) = (seed as u32, (seed >> 32) as u32);
        let key = if high == 0 {
            vec![low]
        } else {
            vec![low, high]
        };
        let mut state = [0; N];
        // A fixed state to begin with...
        state[0] = 19_650_218_u32;
        for i in 1..N {
            state[i] = 1_812_433_253_u32
                .wrapping_mul(state[i - 1] ^ (state[i - 1] >> 30))
                .wrapping_add(i as u32);
        }
        // ...into which the key is mixed, over and over until each word has been reached, ...
        let mut i = 1;
        for j in 0..N.max(key.len()) {
            let j = j % key.len();
            state[i] = (state[i] ^ stirred(state[i - 1], 1_664_525))
                .wrapping_add(key[j])
                .wrapping_add(j as u32);
            i = next(i, &mut state);
        }
        // ...and once more without the key, so that each word depends on each word of it.
        for _ in 1..N {
            state[i] = (state[i] ^ stirred(state[i - 1], 1_566_083_941)).wrapping_sub(i as u32);
            i = next(i, &mut state);
        }
        state[0] = 0x8000_0000; // not all bits of the state may be zero
        PythonRandom { state, used: N }
    }
}

fn stirred(word: u32, factor: u32) -> u32 {
    (word ^ (word >> 30)).wrapping_mul(factor)
}

/// Goes round the words 1 to N − 1; word 0 is a copy of the last one when the round begins anew.
fn next(i: usize, state: &mut [u32; N]) -> usize {
    if i + 1 < N {
        return i + 1;
    }
    state[0] = state[N - 1];
    1
}
// ANCHOR_END: seed

// ANCHOR: twist
impl PythonRandom {
    /// 32 random bits.
    fn word(&mut self) -> u32 {
        if self.used == N {
            self.twist();
        }
        let mut y = self.state[self.used];
        self.used += 1;
        // "Tempering": the words themselves are too regular, an invertible scrambling hides that.
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    fn twist(&mut self) {
        for i in 0..N {
            let joined = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % N] & 0x7fff_ffff);
            let twisted = if joined & 1 == 0 { 0 } else { 0x9908_b0df };
            self.state[i] = self.state[(i + M) % N] ^ (joined >> 1) ^ twisted;
        }
        self.used = 0;
    }
}
// ANCHOR_END: twist

// ANCHOR: draw
impl PythonRandom {
    /// `getrandbits(bits)` for 1 to 64 bits; the first word drawn holds the lowest ones.
    pub fn bits(&mut self, bits: u32) -> u64 {
        if bits <= 32 {
            return u64::from(self.word()) >> (32 - bits.max(1));
        }
        let low = u64::from(self.word());
        low | (u64::from(self.word()) >> (64 - bits.min(64))) << 32
    }

    /// `_randbelow(n)`, a number below `n`: bits as many as n has, drawn again while they are too large. No number is favoured, and
    /// how much is drawn depends on luck, which is why nothing short of the same generator gives the same prompts.
    pub fn below(&mut self, n: usize) -> usize {
        if n == 0 {
            return 0;
        }
        let bits = usize::BITS - n.leading_zeros();
        loop {
            let drawn = self.bits(bits) as usize;
            if drawn < n {
                return drawn;
            }
        }
    }

    /// `shuffle(list)`: every place, from the last one on, swaps with one before it or with itself.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.below(last + 1));
        }
    }
}
// ANCHOR_END: draw

// ANCHOR: sample
impl PythonRandom {
    /// `sample(range(n), k)`: k different numbers below n, in random order. (Where k is larger than n, all n of them; Python
    /// refuses.)
    pub fn sample(&mut self, n: usize, k: usize) -> Vec<usize> {
        let k = k.min(n);
        if n <= set_size(k) {
            return self.sample_from_pool(n, k);
        }
        // Few out of many: draw until the number is a new one.
        let mut chosen = Vec::with_capacity(k);
        while chosen.len() < k {
            let drawn = self.below(n);
            if !chosen.contains(&drawn) {
                chosen.push(drawn);
            }
        }
        chosen
    }

    /// Many out of few: a list of what is left, in which the last one fills each gap.
    fn sample_from_pool(&mut self, n: usize, k: usize) -> Vec<usize> {
        let mut pool: Vec<usize> = (0..n).collect();
        (0..k)
            .map(|_| pool.swap_remove(self.below(pool.len())))
            .collect()
    }
}

/// Python's estimate of the size of a set of k numbers: where a list of n would be smaller, it takes the list. A matter of
/// memory, but the two ways draw differently, so that the estimate decides which numbers come out.
fn set_size(k: usize) -> usize {
    let mut size = 21; // of a small set
    if k > 5 {
        // 4 ** ceil(log(3 k, 4))
        let mut table = 1_usize;
        while table < k.saturating_mul(3) {
            table = table.saturating_mul(4);
        }
        size += table;
    }
    size
}
// ANCHOR_END: sample
