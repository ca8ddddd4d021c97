//! A mistake for each exercise: small changes of the solutions, each of which somebody could make.

/// What is changed in an exercise's solution to make it wrong, and the sentence that this breaks.
pub struct Mistake {
    pub exercise: u32,
    pub right: &'static str,
    pub wrong: &'static str,
    pub breaks: &'static str,
}

pub struct Chapter {
    pub number: &'static str,
    pub folder: &'static str,
    pub exercises: u32,
    /// One for each exercise but the first, which only asks to delete a marker.
    pub mistakes: &'static [Mistake],
}

pub const TOKENIZER: Chapter = Chapter {
    number: "01",
    folder: "01-tokenizer",
    exercises: 11,
    mistakes: &[
        Mistake {
            exercise: 2,
            right: "+= weight",
            wrong: "+= 1",
            breaks: "each place counts with its chunk's number",
        },
        Mistake {
            exercise: 3,
            right: "(count, Reverse(pair))",
            wrong: "(count, pair)",
            breaks: "of equally common pairs the smaller goes first",
        },
        Mistake {
            exercise: 4,
            right: "merged.last()",
            wrong: "ids.get(at.wrapping_sub(1))",
            breaks: "a a a a: three pairs go, one comes",
        },
        Mistake {
            exercise: 5,
            right: "list.before[at]",
            wrong: "None::<usize>",
            breaks: "the ids are the chapter's",
        },
        Mistake {
            exercise: 6,
            right: "text.push('\\u{FFFD}');",
            wrong: "",
            breaks: "joined, it is the lossy text of all the bytes",
        },
        Mistake {
            exercise: 7,
            right: "digits.len() % size",
            wrong: "0",
            breaks: "12345 from the right in twos is 1 23 45",
        },
        Mistake {
            exercise: 8,
            right: "256 + Special::ALL.len()",
            wrong: "256",
            breaks: "the cut tokenizer is the one that training with that size gives",
        },
        Mistake {
            exercise: 9,
            right: "|| right == id",
            wrong: "",
            breaks: "a stepping stone comes with the first token made of it",
        },
        Mistake {
            exercise: 10,
            right: "decode(&encode(text)) != *text",
            wrong: "decode(&encode(text)).trim() != text.trim()",
            breaks: "it finds one that trims white space at the end",
        },
        Mistake {
            exercise: 11,
            right: ".take(2)",
            wrong: ".take(3)",
            breaks: "digits come in ones and twos",
        },
    ],
};

pub const DATASET: Chapter = Chapter {
    number: "02",
    folder: "02-dataset",
    exercises: 11,
    mistakes: &[
        Mistake {
            exercise: 2,
            right: "(waiting[number], Reverse(number))",
            wrong: "waiting[number]",
            breaks: "of equally long ones the first to come goes first, also when it is cropped",
        },
        Mistake {
            exercise: 3,
            right: ".take_while(|&&place| place != 0)",
            wrong: ".filter(|&&place| place != 0)",
            breaks: "the stream of 4, 7, 2, 5 in rows of six: one of three begins with a document",
        },
        Mistake {
            exercise: 4,
            right: "training.sort();",
            wrong: "",
            breaks: "the named shard is for validation, all others are for training, by name",
        },
        Mistake {
            exercise: 5,
            right: "ids.iter().zip(mask).skip(1)",
            wrong: "ids.iter().skip(1).zip(mask)",
            breaks: "a target is the next id, if the mask of that id is 1",
        },
        Mistake {
            exercise: 6,
            right: ".map(str::to_lowercase)",
            wrong: ".map(str::to_string)",
            breaks: "words are runs of letters and digits in lower case",
        },
        Mistake {
            exercise: 7,
            right: "waiting: self.packer.pending()",
            wrong: "waiting: Vec::new()",
            breaks: "a fresh loader goes on with the very next row",
        },
        Mistake {
            exercise: 8,
            right: "self.place.offset += taken",
            wrong: "self.place.offset = taken",
            breaks: "one rank, documents of several rows: the ribbon in rows",
        },
        Mistake {
            exercise: 9,
            right: "id <= u32::from(u16::MAX)",
            wrong: "id < u32::from(u16::MAX)",
            breaks: "what is written has the layout, two bytes to an id if all of them fit",
        },
        Mistake {
            exercise: 10,
            right: "all.min().unwrap_or",
            wrong: "all.max().unwrap_or",
            breaks: "a signature holds the smallest hash for each hash function",
        },
        Mistake {
            exercise: 11,
            right: "Ordering::Less if brought_some => self.failures = 0,",
            wrong: "",
            breaks: "bytes that came let it forget the failures before them",
        },
    ],
};

pub const TRANSFORMER: Chapter = Chapter {
    number: "03",
    folder: "03-transformer",
    exercises: 11,
    mistakes: &[
        Mistake {
            exercise: 2,
            right: "r.pow_tensor_scalar(3)",
            wrong: "r.square()",
            breaks: "backward is autograd's, through the chapter's norm",
        },
        Mistake {
            exercise: 3,
            right: "b * &cos - a * &sin",
            wrong: "b * &cos + a * &sin",
            breaks: "lengths stay",
        },
        Mistake {
            exercise: 4,
            right: "distance.lt(0)",
            wrong: "distance.lt(-1)",
            breaks: "two positions: the second takes e² parts of its own value and one of the first's",
        },
        Mistake {
            exercise: 5,
            right: ".mean_dim(1, false, weight.kind())",
            wrong: ".sum_dim_intlist(1, false, weight.kind())",
            breaks: "each shared head is the mean of its group, number by number",
        },
        Mistake {
            exercise: 6,
            right: "y.sqrt() * 2.0",
            wrong: "y.sqrt()",
            breaks: "the gradient of relu² is autograd's, and 0 where relu² is silent",
        },
        Mistake {
            exercise: 7,
            right: "every.triu(1)",
            wrong: "every.triu(2)",
            breaks: "one head: no logit is moved by a later token",
        },
        Mistake {
            exercise: 8,
            right: "per_position - 1) /",
            wrong: "0) /",
            breaks: "d20 is half attention from T = 9,319 on",
        },
        Mistake {
            exercise: 9,
            right: "index_add(",
            wrong: "index_copy(",
            breaks: "a token that stands twice gives its row two gradients",
        },
        Mistake {
            exercise: 10,
            right: "(from - window).max(0)",
            wrong: "from",
            breaks: "it is the chapter's attention with this window",
        },
        Mistake {
            exercise: 11,
            right: "sum * (&maximum - &larger).exp()",
            wrong: "sum",
            breaks: "in chunks of any size the sum is the chapter's",
        },
    ],
};

pub const MUON: Chapter = Chapter {
    number: "04",
    folder: "04-muon",
    exercises: 6,
    mistakes: &[
        Mistake {
            exercise: 2,
            right: "1.0 - settings.rate * settings.decay",
            wrong: "1.0 - settings.decay",
            breaks: "without a gradient a weight of 4 decays by the rate times the decay, to 3.8",
        },
        Mistake {
            exercise: 3,
            right: "gram.matmul(&gram) * c",
            wrong: "&gram * c",
            breaks: "singular values go through the polynomials one after the other, directions stay",
        },
        Mistake {
            exercise: 4,
            right: "order.sort_by_key(|&rank| (work[rank], rank));",
            wrong: "",
            breaks: "what is left over goes to the least busy, of equally busy ones to the lower number",
        },
        Mistake {
            exercise: 5,
            right: "hashed(with_length, text.as_bytes())",
            wrong: "hashed(sum, text.as_bytes())",
            breaks: "what stands beside each other does not run together",
        },
        Mistake {
            exercise: 6,
            right: "let counts = is_cut(piece, world) || rank == 0;",
            wrong: "let counts = true;",
            breaks: "clipped, too: the norm is that of the whole mean gradient",
        },
    ],
};

pub const PRETRAIN: Chapter = Chapter {
    number: "05",
    folder: "05-pretrain",
    exercises: 6,
    mistakes: &[
        Mistake {
            exercise: 2,
            right: "(step + 1) as f64 / schedule.warmup_steps as f64",
            wrong: "step as f64 / schedule.warmup_steps as f64",
            breaks: "a warm-up of four steps: 0.25, 0.5, 0.75, 1",
        },
        Mistake {
            exercise: 3,
            right: "(ranks as f64 / count as f64)",
            wrong: "(1.0 / count as f64)",
            breaks: "the mean over the ranks is the gradient of the step",
        },
        Mistake {
            exercise: 4,
            right: "if token_bytes[id] > 0 {",
            wrong: "if token_bytes[id] < usize::MAX {",
            breaks: "special tokens stand for no bytes, and their loss does not count",
        },
        Mistake {
            exercise: 5,
            right: "disk.sync_folder()?; // their names, before somebody counts on them",
            wrong: "",
            breaks: "a power cut anywhere in a save leaves all files of the save before, or all of this one",
        },
        Mistake {
            exercise: 6,
            right: "read: self.read - self.ahead.len(),",
            wrong: "read: self.read,",
            breaks: "with numbers that were read ahead",
        },
    ],
};

pub const HOPPER: Chapter = Chapter {
    number: "06",
    folder: "06-hopper",
    exercises: 10,
    mistakes: &[
        Mistake {
            exercise: 2,
            right: "3.0 * (layers * block",
            wrong: "2.0 * (layers * block",
            breaks: "products: each at its own roof, and two more on the way back",
        },
        Mistake {
            exercise: 3,
            right: "direct + r * (g - y * along)",
            wrong: "direct + (g - y * along)",
            breaks: "what comes through the norm: of (3, 4) with gradient (1, 0)",
        },
        Mistake {
            exercise: 4,
            right: "(*of_x - x * r * r * along)",
            wrong: "(*of_x - x * r * along)",
            breaks: "with factor 1 and no turn, backward is the norm's",
        },
        Mistake {
            exercise: 5,
            right: "partial.sum * exp(partial.maximum - z) + 1.0",
            wrong: "partial.sum + 1.0",
            breaks: "of 1, 3, 2 the maximum is 3 and the sum 1 + e⁻¹ + e⁻²",
        },
        Mistake {
            exercise: 6,
            right: "(1.0 - (z / softcap).square())",
            wrong: "(1.0 - z.square())",
            breaks: "the gradient with respect to x is autograd's, through the chapter's head",
        },
        Mistake {
            exercise: 7,
            right: "weight.master - rate * update",
            wrong: "weight.working - rate * update",
            breaks: "a thousand small steps come to a thousand times one",
        },
        Mistake {
            exercise: 8,
            right: "u32::from(chance)",
            wrong: "u32::from(chance / 2)",
            breaks: "a number whose lower half is k moves away from 0 in k of 65,536 cases",
        },
        Mistake {
            exercise: 9,
            right: "best[start].0 + bytes",
            wrong: "bytes",
            breaks: "with room for everything, the plan that moves the fewest bytes",
        },
        Mistake {
            exercise: 10,
            right: "2.0 * y.sqrt() * of_y",
            wrong: "y.sqrt() * of_y",
            breaks: "backward goes from y, and is 0 where y is",
        },
    ],
};
