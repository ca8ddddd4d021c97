// ANCHOR: head
//! Special tokens: ids that no text can produce.
//!
//! A *special token* is a mark for the model, not a piece of writing. It has an id and a name, but `encode` never
//! returns its id: a user who types `<|bos|>` gets the ids of those seven characters. Only code that lays out a
//! document or a conversation inserts the id itself. That separation is what keeps a user's message from ending
//! its own turn and starting the assistant's.
// ANCHOR_END: head

// ANCHOR: special
/// The nine special tokens, in the order of their ids: they take the last nine of the vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Special {
    /// Beginning of sequence: in front of every document. The only one that pretraining sees.
    Bos,
    UserStart,
    UserEnd,
    AssistantStart,
    /// The assistant has finished: generation stops here.
    AssistantEnd,
    /// The assistant calls the calculator: what follows is an expression …
    PythonStart,
    PythonEnd,
    /// … and here the program, not the model, writes the result.
    OutputStart,
    OutputEnd,
}

impl Special {
    pub const ALL: [Special; 9] = [
        Special::Bos,
        Special::UserStart,
        Special::UserEnd,
        Special::AssistantStart,
        Special::AssistantEnd,
        Special::PythonStart,
        Special::PythonEnd,
        Special::OutputStart,
        Special::OutputEnd,
    ];

    /// The name under which tokenizer.json lists it, and as which `decode` prints it.
    pub fn name(self) -> &'static str {
        match self {
            Special::Bos => "<|bos|>",
            Special::UserStart => "<|user_start|>",
            Special::UserEnd => "<|user_end|>",
            Special::AssistantStart => "<|assistant_start|>",
            Special::AssistantEnd => "<|assistant_end|>",
            Special::PythonStart => "<|python_start|>",
            Special::PythonEnd => "<|python_end|>",
            Special::OutputStart => "<|output_start|>",
            Special::OutputEnd => "<|output_end|>",
        }
    }

    /// Its place among the nine.
    pub fn index(self) -> usize {
        self as usize
    }
}
// ANCHOR_END: special
