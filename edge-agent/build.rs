//! Makes constants of the words of the dashboard, and makes the released program smaller, and its memory too.

#[path = "render/fluent.rs"]
mod fluent;
#[path = "render/word_struct.rs"]
mod word_struct;

use std::env;
use std::path::Path;
use std::process::Command;

fn main() -> Result<(), String> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=render/fluent.rs");
    println!("cargo:rerun-if-changed=render/word_struct.rs");
    println!("cargo:rerun-if-changed=src/ui/words");
    word_struct::write_words("src/ui/words", "ui_words.rs")?;
    if is("PROFILE", "release")
        && is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
    {
        pack_relative_relocations();
        let is_static = link_c_library_statically()?;
        set_up_c_library(is_static);
        put_daily_functions_together()?;
    }
    Ok(())
}

/// The kernel maps a program's code in pieces of 64 KiB and more: a function that is used brings its neighbours into memory.
/// The linker script puts the functions that a till uses every day at the beginning of the code, so that PDF, fonts, certificates,
/// emulators and commands stay on the disk.
/// It is made by `hardware-tests/acceptance/layout.py`. The linker mold reads no such scripts.
fn put_daily_functions_together() -> Result<(), String> {
    println!("cargo:rerun-if-changed=link/daily.ld");
    let other_linker =
        env::var("CARGO_ENCODED_RUSTFLAGS").is_ok_and(|flags| flags.contains("mold"));
    let folder = env::var("CARGO_MANIFEST_DIR").map_err(|error| error.to_string())?;
    if other_linker {
        return Ok(());
    }
    if is("CARGO_CFG_TARGET_ARCH", "arm") {
        // Short jumps lead from function to function of this C library, so its members stay where they are.
        // This machine's tables for walking back are small and of another kind.
        let script = std::fs::read_to_string("link/daily.ld")
            .map_err(|error| format!("link/daily.ld: {error}"))?;
        let without: Vec<&str> = script
            .lines()
            .filter(|line| !line.contains("*libc.a:"))
            .collect();
        let path = env::var("OUT_DIR").map_err(|error| error.to_string())? + "/daily.ld";
        std::fs::write(&path, without.join("\n")).map_err(|error| format!("{path}: {error}"))?;
        println!("cargo:rustc-link-arg-bins=-Wl,-T,{path}");
    } else {
        println!("cargo:rustc-link-arg-bins=-Wl,-T,{folder}/link/daily.ld");
        leave_out_unwind_tables(&folder);
    }
    Ok(())
}

/// The compiler writes tables for walking back through the functions after a panic. A panic ends this program (`panic = "abort"`), and
/// the message of a panic needs no walk, so the tables would only fill the disk: a twelfth of the file.
fn leave_out_unwind_tables(folder: &str) {
    println!("cargo:rerun-if-changed=link/no-unwind-tables.ld");
    println!("cargo:rustc-link-arg-bins=-Wl,-T,{folder}/link/no-unwind-tables.ld");
    println!("cargo:rustc-link-arg-bins=-Wl,--no-eh-frame-hdr");
}

/// Links the C function that makes the settings of the C library.
fn set_up_c_library(is_static: bool) {
    println!("cargo:rerun-if-changed=c/c_library.c");
    let mut build = cc::Build::new();
    if is_static {
        build.define("STATIC_C_LIBRARY", None);
    }
    for object in build.file("c/c_library.c").compile_intermediates() {
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

/// The program holds its C library: it starts without the search for shared libraries and the relocation of them, keeps only the
/// functions that it uses in memory, and runs on machines with an older C library than that of the build
/// ([decision 0065](../docs/decisions/0065-link-the-c-library-statically.md)).
///
/// Cargo has no setting for one program of a workspace (`crt-static` would apply to macros too, which must be shared libraries).
/// So the names under which the compiler asks for shared libraries are given another meaning: linker scripts that name the archives.
/// Where the compiler has no archives, the shared libraries are used; also where a signature card's driver is to be loaded, which is a
/// shared library itself.
fn link_c_library_statically() -> Result<bool, String> {
    println!("cargo:rerun-if-env-changed=CC");
    let Some(compiler) = c_compiler().filter(|_| env::var_os("CARGO_FEATURE_PKCS11").is_none())
    else {
        return Ok(false);
    };
    let needed = ["libc.a", "libm.a", "libgcc_eh.a"];
    if let Some(missing) = needed.iter().find(|name| !compiler_has(&compiler, name)) {
        println!(
            "cargo:warning={compiler} has no {missing}: the program needs the shared C library of this machine"
        );
        return Ok(false);
    }
    let folder = env::var("OUT_DIR").map_err(|error| error.to_string())? + "/archives";
    std::fs::create_dir_all(&folder).map_err(|error| format!("{folder}: {error}"))?;
    for (name, archives) in [
        ("c", "GROUP(-l:libc.a -l:libgcc.a -l:libgcc_eh.a)"),
        ("m", "INPUT(-l:libm.a)"),
        ("gcc_s", "INPUT(-l:libgcc_eh.a)"),
        ("util", ""),
        ("rt", ""),
        ("pthread", ""),
        ("dl", ""),
    ] {
        let path = format!("{folder}/lib{name}.so");
        std::fs::write(&path, format!("/* See build.rs. */\n{archives}\n"))
            .map_err(|error| format!("{path}: {error}"))?;
    }
    println!("cargo:rustc-link-arg-bins=-L{folder}");
    // The start code of a static program whose load address is random; for 32-bit ARM some C libraries have none.
    if compiler_has(&compiler, "rcrt1.o") {
        println!("cargo:rustc-link-arg-bins=-static-pie");
    } else {
        println!("cargo:rustc-link-arg-bins=-static");
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
    Ok(true)
}

/// The C compiler that links the program.
fn c_compiler() -> Option<String> {
    match env::var("CARGO_CFG_TARGET_ARCH").as_deref() {
        _ if env::var("HOST").ok() == env::var("TARGET").ok() => {
            Some(env::var("CC").unwrap_or_else(|_| "cc".to_owned()))
        }
        Ok("aarch64") => Some("aarch64-linux-gnu-gcc".to_owned()),
        Ok("arm") => Some("arm-linux-gnueabihf-gcc".to_owned()),
        _ => None,
    }
}

fn compiler_has(compiler: &str, file: &str) -> bool {
    Command::new(compiler)
        .arg(format!("-print-file-name={file}"))
        .output()
        .ok()
        .and_then(|answer| String::from_utf8(answer.stdout).ok())
        .is_some_and(|path| Path::new(path.trim()).is_absolute())
}

fn is(name: &str, value: &str) -> bool {
    env::var(name).is_ok_and(|found| found == value)
}
