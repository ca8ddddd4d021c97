// ANCHOR: head
//! Two naming schemes for the same tensors: transformers' (used in our files) and nanochat's own `state_dict`.
// ANCHOR_END: head

// ANCHOR: names
/// Parts of a block: nanochat's name, ours.
const PARTS: [(&str, &str); 7] = [
    ("attn.c_q", "self_attn.q_proj"),
    ("attn.c_k", "self_attn.k_proj"),
    ("attn.c_v", "self_attn.v_proj"),
    ("attn.ve_gate", "self_attn.value_gate"), // with value embeddings; transformers has no name for it
    ("attn.c_proj", "self_attn.o_proj"),
    ("mlp.c_fc", "mlp.fc1"),
    ("mlp.c_proj", "mlp.fc2"),
];
/// What stands outside the blocks; from the third on these come with switches.
const OUTSIDE: [(&str, &str); 7] = [
    ("lm_head.weight", "lm_head.weight"),
    ("transformer.wte.weight", "model.embed_tokens.weight"),
    ("resid_lambdas", "model.residual_scalars"),
    ("x0_lambdas", "model.start_scalars"),
    ("smear_gate.weight", "model.smear_gate.weight"),
    ("smear_lambda", "model.smear_strength"),
    ("backout_lambda", "model.backout_strength"),
];
/// Before the number of a layer.
const BLOCKS: (&str, &str) = ("transformer.h.", "model.layers.");
const VALUE_TABLES: (&str, &str) = ("value_embeds.", "model.value_embeddings.");

/// `transformer.h.3.attn.c_q.weight` -> `model.layers.3.self_attn.q_proj.weight`; `None` if it is no name of nanochat's
/// model.
pub fn from_nanochat(name: &str) -> Option<String> {
    translate(name, |(theirs, ours)| (theirs, ours))
}

/// The way back.
pub fn to_nanochat(name: &str) -> Option<String> {
    translate(name, |(theirs, ours)| (ours, theirs))
}

type Pair = (&'static str, &'static str);

/// `order` turns a pair of the tables above into (from, to).
fn translate(name: &str, order: fn(Pair) -> Pair) -> Option<String> {
    if let Some((_, to)) = OUTSIDE.map(order).iter().find(|(from, _)| *from == name) {
        return Some(to.to_string());
    }
    let number = |text: &str| text.parse::<u32>().ok();
    let stem = name.strip_suffix(".weight")?;
    let (from, to) = order(VALUE_TABLES);
    if let Some(layer) = stem.strip_prefix(from) {
        return Some(format!("{to}{}.weight", number(layer)?));
    }
    let (from, to) = order(BLOCKS);
    let (layer, part) = stem.strip_prefix(from)?.split_once('.')?;
    let layer = number(layer)?;
    let parts = PARTS.map(order);
    let (_, part) = parts.iter().find(|(from, _)| *from == part)?;
    Some(format!("{to}{layer}.{part}.weight"))
}
// ANCHOR_END: names
