//! Makes constants of the words of the dashboard, and makes the released program smaller, and its memory too.

#[path = "render/fluent.rs"]
mod fluent;

use std::env;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

fn main() -> Result<(), String> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=render/fluent.rs");
    println!("cargo:rerun-if-changed=src/ui/words");
    write_words()?;
    if is("PROFILE", "release")
        && is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
    {
        pack_relative_relocations();
        link_unwinder_statically();
        use_one_heap();
        put_daily_functions_together();
    }
    Ok(())
}

/// The words of the dashboard: a structure with a text for each word, and one value of it for each language.
fn write_words() -> Result<(), String> {
    let lists = fluent::lists("src/ui/words")?;
    let model = lists.get(fluent::MODEL).ok_or("the model is missing")?;
    let field = |id: &str| id.replace('-', "_");
    let mut code = String::from(
        "/// The words of one language.\n#[derive(Debug)]\npub struct Words {\n/// The ISO 639 code of the language, with the ISO 15924 code of its letters if it is written in several.\npub language: &'static str,\n",
    );
    // Writing to a string cannot fail.
    for (id, word) in model {
        let _ = writeln!(code, "#[doc = {word:?}]\npub {}: &'static str,", field(id));
    }
    let _ = writeln!(code, "}}\nstatic WORD_LISTS: [Words; {}] = [", lists.len());
    for (language, words) in &lists {
        let _ = write!(code, "Words {{ language: {language:?}, ");
        for (id, word) in words {
            let _ = write!(code, "{}: {word:?}, ", field(id));
        }
        code.push_str("},\n");
    }
    code.push_str("];\n");
    let target = env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    std::fs::write(Path::new(&target).join("ui_words.rs"), code)
        .map_err(|error| format!("ui_words.rs: {error}"))
}

/// The kernel maps a program's code in pieces of 64 KiB and more: a function that is used brings its neighbours into memory.
/// The linker script puts the functions that a till uses every day at the beginning of the code, so that PDF, fonts, certificates,
/// emulators and commands stay on the disk.
/// It is made by `hardware-tests/acceptance/layout.py`. The linker mold reads no such scripts.
fn put_daily_functions_together() {
    println!("cargo:rerun-if-changed=link/daily.ld");
    let other_linker =
        env::var("CARGO_ENCODED_RUSTFLAGS").is_ok_and(|flags| flags.contains("mold"));
    let Ok(folder) = env::var("CARGO_MANIFEST_DIR") else {
        return;
    };
    if !other_linker {
        println!("cargo:rustc-link-arg-bins=-Wl,-T,{folder}/link/daily.ld");
        leave_out_unwind_tables(&folder);
    }
}

/// The compiler writes tables for walking back through the functions after a panic. A panic ends this program (`panic = "abort"`), and
/// the message of a panic needs no walk, so the tables would only fill the disk: a twelfth of the file.
fn leave_out_unwind_tables(folder: &str) {
    println!("cargo:rerun-if-changed=link/no-unwind-tables.ld");
    println!("cargo:rustc-link-arg-bins=-Wl,-T,{folder}/link/no-unwind-tables.ld");
    println!("cargo:rustc-link-arg-bins=-Wl,--no-eh-frame-hdr");
}

/// Links the C function that limits the heaps of the C library to one. It is C because the workspace has no unsafe Rust, and a
/// call of the C library is unsafe.
fn use_one_heap() {
    println!("cargo:rerun-if-changed=c/one_heap.c");
    for object in cc::Build::new()
        .file("c/one_heap.c")
        .compile_intermediates()
    {
        println!("cargo:rustc-link-arg-bins={}", object.display());
    }
}

/// A position-independent program begins by adding its load address to twenty thousand pointers.
/// The linker option stores the list of these pointers in packed form. Without it the list has half a megabyte, which is
/// read at the start and stays in memory; packed it has a fiftieth of that size.
/// The option needs glibc 2.36, and a linker that supports it for the target machine:
/// the linker of Debian 12 supports it for x86-64 only.
fn pack_relative_relocations() {
    if is("CARGO_CFG_TARGET_ARCH", "x86_64") {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The standard library walks the stack for the message of a panic with the compiler's unwinder.
/// Linked from its archive it is some pages of the program instead of a shared library to find, map and relocate at each start.
/// Where the compiler does not name the archive, the shared library is used.
fn link_unwinder_statically() {
    println!("cargo:rerun-if-env-changed=CC");
    let compiler = match env::var("CARGO_CFG_TARGET_ARCH").as_deref() {
        _ if env::var("HOST").ok() == env::var("TARGET").ok() => {
            env::var("CC").unwrap_or_else(|_| "cc".to_owned())
        }
        Ok("aarch64") => "aarch64-linux-gnu-gcc".to_owned(),
        Ok("arm") => "arm-linux-gnueabihf-gcc".to_owned(),
        _ => return,
    };
    let Ok(answer) = Command::new(compiler)
        .arg("-print-file-name=libgcc_eh.a")
        .output()
    else {
        return;
    };
    let Ok(archive) = String::from_utf8(answer.stdout) else {
        return;
    };
    if let Some(folder) = Path::new(archive.trim())
        .parent()
        .filter(|folder| folder.is_absolute())
    {
        println!("cargo:rustc-link-search=native={}", folder.display());
        println!("cargo:rustc-link-lib=static:-bundle=gcc_eh");
    }
}

fn is(name: &str, value: &str) -> bool {
    env::var(name).is_ok_and(|found| found == value)
}
