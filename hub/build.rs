//! Makes constants of the words of the hub's pages.

#[path = "../edge-agent/render/fluent.rs"]
mod fluent;
#[path = "../edge-agent/render/word_struct.rs"]
mod word_struct;

fn main() -> Result<(), String> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=../edge-agent/render/fluent.rs");
    println!("cargo:rerun-if-changed=../edge-agent/render/word_struct.rs");
    println!("cargo:rerun-if-changed=src/people/words");
    word_struct::write_words("src/people/words", "people_words.rs")
}
