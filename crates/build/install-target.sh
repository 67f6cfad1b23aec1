#!/bin/sh
# Installs Rust's wasm32-wasip2 target into the toolchain in use: with rustup, and where its server is out of reach, from Debian's packages.
#
# `gateway-build` runs this where the target is missing. By hand: sh crates/build/install-target.sh
#
# The second way needs a Debian mirror and the Rust registry. The standard library comes from rust-src, in exactly the version of rustc,
# and the C start files come from wasi-libc. Both are downloaded with an apt configuration of its own and only unpacked: the machine's
# sources and packages stay as they are. The work happens in <sysroot>/lib/rustlib/.gateway-build (about 300 MB), and the finished
# folder is renamed into place last. So an interrupted run leaves no half-installed target, and the next run clears up after it.
#
# Environment: RUSTC, default rustc. Exit status: 0 when the target is there, at once if it was there before; 1 with a message otherwise.
set -eu

target=wasm32-wasip2
suites='trixie-backports forky' # Where Debian keeps current versions of Rust.
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
stamp=made-by-gateway-build # Holds the `rustc -vV` that the target was built for: rustup keeps the folder when it updates the toolchain.
work=

say() { printf 'gateway-build: %s\n' "$*" >&2; }

fail() {
  say "the $target target is missing and cannot be installed
  with rustup: $(cat "$work/rustup" 2>&1)
  from Debian's packages: $1
  Install it by hand: rustup target add $target"
  exit 1
}

# limited SECONDS COMMAND...: stops the command after so long, with status 124, if there is a program for that.
limited() { if command -v timeout >/dev/null; then timeout --foreground "$@"; else shift && "$@"; fi; }

# run SECONDS WHAT COMMAND...: shows the command's last lines if it fails.
run() {
  limit=$1 what=$2
  shift 2
  limited "$limit" "$@" >log 2>&1 || fail "$what failed with status $?
$(tail -n 12 log)"
}

rustc=${RUSTC:-rustc}
version=$("$rustc" -vV)
field() { printf '%s\n' "$version" | sed -n "s/^$1: //p"; }
release=$(field release)
sysroot=$("$rustc" --print sysroot)
rustlib=$sysroot/lib/rustlib
lib=$rustlib/$target/lib

installed() {
  for file in "$lib"/libstd-*.rlib; do [ -f "$file" ] || return 1; done
  [ ! -f "$lib/$stamp" ] || [ "$(cat "$lib/$stamp")" = "$version" ]
}
if installed; then exit 0; fi
[ -w "$rustlib" ] || { say "run this once as a user who may write into $rustlib, or install the $target target with what installed Rust" && exit 1; }

# The lock is the kernel's: it ends with the last process that holds it, and those are this shell and what it starts.
exec 9>"$rustlib/.gateway-build.lock"
if command -v flock >/dev/null; then
  flock --nonblock 9 || { say "waiting for another installation of the $target target" && flock 9; }
  if installed; then exit 0; fi
fi
work=$rustlib/.gateway-build
rm -rf "$work" # Of a run that was killed.
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM
mkdir "$work"

say "installing the $target target: rustup target add $target"
# Of an earlier rustc; rustup does not install over files that it does not know. Moved, because that cannot stop halfway.
if [ -f "$lib/$stamp" ]; then mv "$lib" "$work/outdated"; fi
# A minute is enough for its 20 MB at 3 Mbit/s.
limited 60 env RUST_BACKTRACE=0 rustup target add "$target" >"$work/rustup" 2>&1 || echo "status $?" >>"$work/rustup"
if installed; then exit 0; fi

for tool in apt-get apt-cache dpkg-deb flock; do
  command -v "$tool" >/dev/null || fail "$tool is missing here"
done
cd "$work"
# The mirror that the machine has: known by its path or, on Debian itself, by offering the release in use.
# shellcheck disable=SC1091 # not there on every machine
codename=$([ ! -f /etc/os-release ] || { . /etc/os-release && [ "$ID" != debian ] || printf %s "${VERSION_CODENAME:-}"; })
mirrors=$(apt-get --print-uris update 2>log | awk -F "'" -v codename="$codename" '
  { split($2, part, "/dists/"); split(part[2], suite, "/") }
  part[1] ~ /\/debian(\.list)?$/ || (codename != "" && suite[1] == codename) { if (!seen[part[1]]++) printf " %s", part[1] }')
[ -n "$mirrors" ] || fail 'no Debian mirror is among the apt sources of this machine'
say "rustup cannot; building the target from Debian's rust-src and wasi-libc, which takes a minute or two"

# The arguments of this script are apt's options from here on.
mkdir -p sources preferences lists/partial cache/archives/partial
{
  printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nTargets: Packages\n' "$mirrors" "$suites"
  [ ! -f "$keyring" ] || printf 'Signed-By: %s\n' "$keyring"
} >sources/debian.sources
set -- -q -o "Dir::Etc::SourceParts=$work/sources" -o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::PreferencesParts=$work/preferences" \
  -o Dir::Etc::Preferences=/dev/null -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work/cache" \
  -o Acquire::Languages=none -o Acquire::Retries=2 -o APT::Sandbox::User=root
limited 300 apt-get "$@" update >log 2>&1 || true # One source may fail and another have what is needed.
versions=$(apt-cache "$@" madison rust-src | awk '{ printf " %s", $3 }')
[ -n "$versions" ] || fail "the mirror offers no rust-src in $suites
$(tail -n 12 log)"
wanted=
for offered in $versions; do case $offered in "$release"[-+]*) wanted=$offered ;; esac done
[ -n "$wanted" ] || fail "rustc is $release, but Debian has rust-src in these versions only:$versions"
run 900 'downloading from Debian' apt-get "$@" download "rust-src=$wanted" wasi-libc
# shellcheck disable=SC2016 # for the inner shell
unpack() { run 300 "unpacking $1" sh -c 'dpkg-deb --fsys-tarfile "$0" | tar -xf - "$1"' "$1"_*.deb "$2"; }
unpack rust-src "./usr/src/rustc-$release/library"
unpack wasi-libc "./usr/lib/$target"

# Cargo reads the library's sources from rustc's sysroot, so it gets a sysroot of its own: the host's libraries, the sources, the new target.
new=sysroot/lib/rustlib/$target/lib
mkdir -p sysroot/lib/rustlib/src/rust "$new/self-contained" empty/src
ln -s "$rustlib/$(field host)" sysroot/lib/rustlib/
mv "usr/src/rustc-$release/library" sysroot/lib/rustlib/src/rust/
for file in crt1-command.o crt1-reactor.o libc.a; do cp "usr/lib/$target/$file" "$new/self-contained/"; done
printf '#!/bin/sh\nexec "%s" --sysroot "%s" "$@"\n' "$sysroot/bin/rustc" "$work/sysroot" >rustc
chmod +x rustc

# An empty crate, and on the way to it the standard library. With bitcode, which `lto = true` needs, and with rustup's paths of sources,
# so that no component carries folders of the machine that built it. RUSTC_BOOTSTRAP allows -Z in a stable release.
printf '[package]\nname = "empty"\nversion = "0.0.0"\nedition = "2024"\n[profile.release]\npanic = "abort"\n[workspace]\n' >empty/Cargo.toml
echo '#![no_std]' >empty/src/lib.rs
cargo=$sysroot/bin/cargo
[ -x "$cargo" ] || cargo=${CARGO:-cargo}
remap="--remap-path-prefix=$work/sysroot/lib/rustlib/src/rust=/rustc/$(field commit-hash)"
run 1800 'compiling the standard library' env RUSTC_BOOTSTRAP=1 "RUSTC=$work/rustc" RUSTC_WRAPPER= RUSTC_WORKSPACE_WRAPPER= \
  "CARGO_ENCODED_RUSTFLAGS=$(printf -- '-Cembed-bitcode=yes\037%s' "$remap")" "$cargo" build --manifest-path empty/Cargo.toml \
  --target-dir build --release --target "$target" -Zbuild-std=std,panic_abort,panic_unwind,test,proc_macro
for file in "build/$target"/release/deps/lib*.rlib; do
  case $file in */libempty-*) ;; *) cp "$file" "$new/" ;; esac
done
echo 'fn main() { println!("hello"); }' >hello.rs
run 120 'compiling a program with the new target' ./rustc --target "$target" -Copt-level=s -Clto -Cpanic=abort -o hello.wasm hello.rs
printf '%s\n' "$version" >"$new/$stamp"

mkdir -p "$rustlib/$target"
if [ -e "$lib" ]; then mv "$lib" before; fi # It has no libstd.
mv -T "$new" "$lib"
