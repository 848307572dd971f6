//! Tells the linker what makes the program smaller at no cost.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // A position-independent program begins by adding its address to twenty thousand pointers. Packed, their list is a fiftieth of
    // the half megabyte that is otherwise read, and stays in memory, for nothing. It needs glibc 2.36 and a linker that knows it for
    // the machine, as Debian 12's does for this one only.
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
    if is("CARGO_CFG_TARGET_ARCH", "x86_64")
        && is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
    {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}
