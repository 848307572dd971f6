//! Passes a linker option that makes the released program smaller.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // A position-independent program begins by adding its load address to twenty thousand pointers.
    // The linker option stores the list of these pointers in packed form. Without it the list has half a megabyte, which is
    // read at the start and stays in memory;
    // packed it has a fiftieth of that size. The option needs glibc 2.36, and a linker that supports it for the target machine:
    // the linker of Debian 12 supports it for x86-64 only.
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
    if is("PROFILE", "release")
        && is("CARGO_CFG_TARGET_ARCH", "x86_64")
        && is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
    {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}
