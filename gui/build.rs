//! Compiles the interface, with its languages.

fn main() {
    let config = slint_build::CompilerConfiguration::new()
        .with_bundled_translations("lang")
        .with_style("fluent".into())
        // Tests find elements by it.
        .with_debug_info(true);
    println!("cargo:rerun-if-changed=lang");
    slint_build::compile_with_config("ui/app.slint", config).expect("the interface compiles");
}
