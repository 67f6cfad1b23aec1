//! How the component is linked, and, for the plain component alone, what a Spin host reads from `spin.toml` becomes tables that the component carries, so that the defaults of
//! its variables and its allowed hosts are written once.
#![allow(clippy::print_stdout, reason = "stdout is how a build script talks to cargo")]

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Otherwise the linker leaves room for five bytes in the place of each number that it fills in: 40 KB. Debug information needs that room.
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
    if is("CARGO_CFG_TARGET_FAMILY", "wasm") && is("PROFILE", "release") {
        println!("cargo::rustc-link-arg-cdylib=--compress-relocations");
    }
    #[cfg(feature = "plain-wasi")]
    tables::generate();
}

#[cfg(feature = "plain-wasi")]
mod tables {
    use std::fmt::Write as _;
    use std::path::Path;

    const MANIFEST: &str = "spin.toml";

    /// Writes `manifest.rs`; what it declares is described in `src/manifest.rs`, which includes it.
    pub(super) fn generate() {
        println!("cargo::rerun-if-changed={MANIFEST}");
        let text = std::fs::read_to_string(MANIFEST).unwrap_or_else(|error| fail(&error.to_string()));
        let manifest = text.parse::<toml::Table>().unwrap_or_else(|error| fail(&error.to_string()));
        let folder = std::env::var_os("OUT_DIR").unwrap_or_else(|| fail("cargo sets no OUT_DIR"));
        let path = Path::new(&folder).join("manifest.rs");
        std::fs::write(path, tables(&manifest)).unwrap_or_else(|error| fail(&error.to_string()));
    }

    fn tables(manifest: &toml::Table) -> String {
        let mut code = String::from("pub(crate) static VARIABLES: &[(&str, Option<&str>)] = &[\n");
        for (name, declaration) in table(manifest, "variables") {
            let default = declaration.get("default").map(|default| text(default, name));
            _ = writeln!(code, "    ({name:?}, {default:?}),");
        }
        code.push_str("];\npub(crate) static ALLOWED_HOSTS: &[AllowedHost] = &[\n");
        let component = table(table(manifest, "component"), "gateway");
        let entries = component.get("allowed_outbound_hosts").and_then(toml::Value::as_array);
        for entry in entries.unwrap_or_else(|| fail("allowed_outbound_hosts is no list")) {
            let entry = text(entry, "allowed_outbound_hosts");
            match entry.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")) {
                Some(name) if !name.contains(['{', '}']) => {
                    _ = writeln!(code, "    AllowedHost::Variable({:?}),", name.trim())
                }
                None if !entry.contains(['{', '}']) => _ = writeln!(code, "    AllowedHost::Fixed({entry:?}),"),
                _ => fail("an entry of allowed_outbound_hosts must be one variable in braces or hold none"),
            }
        }
        code.push_str("];\n");
        for (name, template) in table(component, "variables") {
            // The plain component looks its variables up by the names of the application, one by one.
            if name != "settings" && text(template, name) != format!("{{{{ {name} }}}}") {
                fail(&format!("the component's variable {name} must be the application's of that name"));
            }
        }
        code
    }

    fn table<'a>(of: &'a toml::Table, name: &str) -> &'a toml::Table {
        of.get(name).and_then(toml::Value::as_table).unwrap_or_else(|| fail(&format!("[{name}] is missing")))
    }

    fn text<'a>(value: &'a toml::Value, name: &str) -> &'a str {
        value.as_str().unwrap_or_else(|| fail(&format!("{name} is no text")))
    }

    fn fail(reason: &str) -> ! {
        // The one way for a build script to fail with a message that cargo shows.
        println!("cargo::error={MANIFEST}: {reason}");
        std::process::exit(1)
    }
}
