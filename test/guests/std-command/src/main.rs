//! A command on Rust's own std: does what its arguments say, in order, and prints one line for each: `ok …` or `err …`.
//! Deeds are separated by `;`, as in `write /data/a hello ; read /data/a`. Build: `sh test/guests/std-command/build.sh`

#![feature(wasi_ext)]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::wasi::fs::symlink_path;
use std::time::{Duration, SystemTime};

unsafe extern "C" {
    fn malloc(size: usize) -> *mut u8;
}

/// This wasi-libc takes all memory behind its data for its heap at the first `malloc`: it must come before the adapter of
/// wasip1 has put its own there.
extern "C" fn take_the_heap() {
    unsafe { std::hint::black_box(malloc(1)) };
}

#[used]
#[unsafe(link_section = ".init_array.00001")]
static FIRST: extern "C" fn() = take_the_heap;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    for deed in args.split(|arg| arg == ";") {
        let words: Vec<&str> = deed.iter().map(String::as_str).collect();
        match act(&words) {
            Ok(text) => println!("ok {text}"),
            Err(error) => println!("err {:?}", error.kind()),
        }
    }
}

fn act(words: &[&str]) -> io::Result<String> {
    match *words {
        ["args", ref rest @ ..] => Ok(rest.join(",")),
        ["env"] => Ok(std::env::vars().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(",")),
        ["exit", code] => std::process::exit(code.parse().unwrap()),
        ["panic"] => panic!("as asked"),
        ["read", path] => fs::read_to_string(path),
        ["write", path, text] => fs::write(path, text).map(done),
        ["append", path, text] => OpenOptions::new().append(true).open(path)?.write_all(text.as_bytes()).map(done),
        ["hold", path] => File::open(path).map(|file| { std::mem::forget(file); String::new() }),
        ["create-new", path] => File::create_new(path).map(|_| String::new()),
        ["fill", path, count] => fill(path, count.parse().unwrap()),
        ["sum", path] => sum(path),
        ["seek", path, at] => seek(path, at.parse().unwrap()),
        ["truncate", path, size] => OpenOptions::new().write(true).open(path)?.set_len(size.parse().unwrap()).map(done),
        ["ls", path] => list(path),
        ["mkdir", path] => fs::create_dir(path).map(done),
        ["rmdir", path] => fs::remove_dir(path).map(done),
        ["rm", path] => fs::remove_file(path).map(done),
        ["rm-all", path] => fs::remove_dir_all(path).map(done),
        ["rename", from, to] => fs::rename(from, to).map(done),
        ["link", from, to] => fs::hard_link(from, to).map(done),
        ["symlink", to, path] => symlink_path(to, path).map(done),
        ["readlink", path] => fs::read_link(path).map(|found| found.display().to_string()),
        ["stat", path] => fs::metadata(path).map(|found| described(&found)),
        ["lstat", path] => fs::symlink_metadata(path).map(|found| described(&found)),
        ["touch", path, seconds] => touch(path, seconds.parse().unwrap()),
        ["mtime", path] => {
            let time = fs::metadata(path)?.modified()?;
            Ok(time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs().to_string())
        }
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}

fn done(_: ()) -> String {
    String::new()
}

fn described(found: &fs::Metadata) -> String {
    let kind = if found.is_dir() { "dir" } else if found.is_symlink() { "symlink" } else { "file" };
    if found.is_dir() { kind.into() } else { format!("{kind} {}", found.len()) }
}

fn list(path: &str) -> io::Result<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let mark = if entry.file_type()?.is_dir() { "/" } else { "" };
        names.push(format!("{}{mark}", entry.file_name().display()));
    }
    names.sort();
    Ok(names.join(","))
}

/// Writes `count` bytes in pieces of 10 000: byte `i` is `i % 251`.
fn fill(path: &str, count: usize) -> io::Result<String> {
    let mut file = File::create(path)?;
    let bytes: Vec<u8> = (0..count).map(|at| (at % 251) as u8).collect();
    for piece in bytes.chunks(10_000) {
        file.write_all(piece)?;
    }
    file.sync_all()?;
    Ok(count.to_string())
}

fn sum(path: &str) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.read_to_end(&mut bytes)?;
    let right = bytes.iter().enumerate().all(|(at, byte)| *byte == (at % 251) as u8);
    Ok(format!("{} {right}", bytes.len()))
}

/// Overwrites two bytes at `at` and reads four from one before.
fn seek(path: &str, at: u64) -> io::Result<String> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    file.seek(SeekFrom::Start(at))?;
    file.write_all(b"##")?;
    file.seek(SeekFrom::Start(at - 1))?;
    let mut four = [0; 4];
    file.read_exact(&mut four)?;
    Ok(String::from_utf8_lossy(&four).into_owned())
}

fn touch(path: &str, seconds: u64) -> io::Result<String> {
    let file = OpenOptions::new().write(true).open(path)?;
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).map(done)
}
