//! The texts that the browser and the crate are compared on.

/// Chosen by hand for the corners of the split pattern, then lines of real code, then random mixtures.
pub fn texts() -> Vec<String> {
    let mut texts: Vec<String> = CHOSEN.iter().map(|text| text.to_string()).collect();
    let code = include_str!("../../src/pattern.rs");
    texts.extend(
        code.lines()
            .filter(|line| line.len() > 30)
            .map(String::from),
    );
    texts.push(code.to_string());
    texts.push("e".repeat(500));
    texts.push(" ".repeat(300) + "x");
    texts.extend((0..160).map(mixture));
    texts
}

const CHOSEN: [&str; 48] = [
    "",
    " ",
    "\n",
    "a",
    "Hello, world!",
    "The cat's here, isn't it? They'll say we've won; I'd've known.",
    "IT'S IT'Ll we'RE 'd 'D 'x 'lx",
    "\u{2019}s curly, it\u{2019}s",
    "'ſ is a long s, it'ſx, and 'K is no contraction",
    "    return x",
    "\treturn\t\tx",
    "a  b   c    d",
    "trailing   ",
    "   leading",
    "line\n\n\n  next\r\n\r\n\tlast\n",
    "x \n y \r z \r\n",
    " \n \n ",
    "{\n}\n\n;;;\n",
    "!!! ??? ... --- ===",
    "a_b __init__ (word) [x] <|bos|>",
    "<|assistant_end|><|user_start|>",
    "1 12 123 1234 12345 3.14159 1,000,000 0xCAFE 1e-9",
    "2026-11-24T02:18:00Z",
    "7 + 12 = 19; 48/2 = <<48/2=24>>24",
    "½ ⅓ ² ³ Ⅻ ⅻ ① ٣٤٥ १२३ ৪৫ 百二十",
    "게가 조개를 세고 있다.",
    "대한민국 2026년 11월 24일, 안녕하세요!",
    "각 각 ㄱㅏㄱ",
    "蟹は潮だまりで小さな貝を数えています。",
    "螃蟹在数贝壳。123个！",
    "Краб считает ракушки, ёж — нет.",
    "मैं कर्नाटक से हूँ",
    "ปูกำลังนับเปลือกหอย",
    "العربية 123 مرحبا",
    "עברית שלום",
    "Größe Übermut naïve œuvre",
    "e\u{301} é a\u{30a} å",
    "🦀",
    "🦀🌊🐚 🦦🌅",
    "👩‍🚀 👨‍👩‍👧 🏳️‍🌈 ✋🏽 🇰🇷",
    "ok👍fine 👍👍",
    "\u{a0}no-break\u{a0}\u{a0}space \u{3000}wide\u{3000}",
    "next\u{85}line \u{85}\u{85}x \u{2028}line\u{2029}paragraph",
    "\u{feff}byte order mark \u{feff}\u{feff}",
    "zero\u{200b}width \u{200d}joiner \u{0}null \u{1b}[31m",
    "\u{fffd} replacement, \u{10ffff} last, \u{e000} private",
    "𝒳 𝔘 𐍈 𠮷 \u{1d7d8}\u{1d7d9}",
    "aaaa aaaaa aaaaaaa abababab tokenizertokenizer",
];

const PIECES: [&str; 40] = [
    "the",
    " token",
    "izer",
    "counts",
    "pairs",
    " ",
    "  ",
    "    ",
    "\n",
    "\r\n",
    "\t",
    "'s",
    "'LL",
    "'",
    "1",
    "42",
    "789",
    "٣",
    ".",
    ", ",
    "!?",
    "{",
    "}\n",
    "_",
    "(",
    "게",
    "모델",
    "을",
    "蟹",
    "の",
    "ж",
    "é",
    "e\u{301}",
    "🦀",
    "👩‍🚀",
    "\u{a0}",
    "\u{85}",
    "\u{feff}",
    "ſ",
    "\u{3000}",
];

/// Up to 24 pieces. A linear congruential generator (Knuth's MMIX constants) chooses: the same everywhere.
fn mixture(seed: u64) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut below = |n: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) % n as u64) as usize
    };
    let length = 1 + below(24);
    (0..length).map(|_| PIECES[below(PIECES.len())]).collect()
}
