//! A page of HTML says what its blocks say, whatever letters a caller's texts have.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use ferrotill_render::{Align, Block, Emphasis, html};
use proptest::prelude::*;

fn emphasis() -> impl Strategy<Value = Emphasis> {
    prop_oneof![
        Just(Emphasis::Plain),
        Just(Emphasis::Bold),
        Just(Emphasis::Large)
    ]
}

/// Any text, and often one with letters that have a meaning in HTML.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[<>&;\"'/a-zșțăқ =!-]{0,12}"]
}

fn block() -> impl Strategy<Value = Block> {
    prop_oneof![
        1 => Just(Block::Rule),
        3 => (text(), any::<bool>(), emphasis()).prop_map(|(text, left, emphasis)| Block::Text {
            text,
            align: if left { Align::Left } else { Align::Centre },
            emphasis,
        }),
        3 => (text(), text(), emphasis()).prop_map(|(left, right, emphasis)| Block::Columns {
            left,
            right,
            emphasis,
        }),
    ]
}

/// The texts of the body in their order: what stands between two tags, without the line breaks of the page itself.
fn read_back(page: &str) -> Vec<String> {
    let (_, body) = page.split_once("<main>\n").unwrap();
    let (body, _) = body.rsplit_once("</main>").unwrap();
    let mut texts = Vec::new();
    for line in body.lines() {
        let tags: Vec<&str> = line.split('<').skip(1).collect();
        let name = |tag: &str| tag.split(['>', ' ']).next().unwrap().to_owned();
        let is_columns = tags.iter().any(|tag| name(tag) == "span");
        for tag in tags {
            let (_, text) = tag.split_once('>').unwrap();
            let holds_text = match name(tag).as_str() {
                "span" => true,
                "p" | "h1" => !is_columns,
                "/p" | "/h1" | "/span" | "hr" => false,
                other => panic!("<{other}> in {page}"),
            };
            if holds_text {
                let text = text.replace("&lt;", "<").replace("&gt;", ">");
                let text = text.replace("&quot;", "\"").replace("&#39;", "'");
                texts.push(text.replace("&amp;", "&"));
            }
        }
    }
    texts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_text_is_read_back_as_it_was(blocks in proptest::collection::vec(block(), 0..8)) {
        let shown = |text: &String| text.replace(char::is_control, " ");
        let wanted: Vec<String> = blocks
            .iter()
            .flat_map(|block| match block {
                Block::Rule => Vec::new(),
                Block::Text { text, .. } => vec![shown(text)],
                Block::Columns { left, right, .. } => vec![shown(left), shown(right)],
                Block::Qr { .. } | Block::Logo(_) => unreachable!("no picture is made above"),
            })
            .collect();
        let page = html(&blocks, "ro");
        prop_assert_eq!(read_back(&page), wanted, "{}", page);
        prop_assert_eq!(page.matches("<hr>").count(), blocks.iter().filter(|block| **block == Block::Rule).count());
    }
}
