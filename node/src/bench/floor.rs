//! The baselines of the rows: the simplest program that does the same work, run beside ours on the same disk and
//! over the same loopback.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use redb::{Database, TableDefinition};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

const ROWS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("rows");

/// Sends `messages` over one loopback TCP connection with buffered writes, stores them in rows of a plain redb and
/// commits them once, durably. Returns the time from the connection to the commit.
pub fn catch_up(dir: &Path, messages: &[Vec<u8>]) -> Result<Duration> {
    let path = dir.join("floor.redb");
    let database = Database::create(&path).context("creating the floor's database")?;
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    let elapsed = thread::scope(|scope| -> Result<Duration> {
        scope.spawn(move || -> Result<()> {
            let (socket, _) = listener.accept()?;
            let mut out = BufWriter::with_capacity(64 * 1024, socket);
            for message in messages {
                out.write_all(&(message.len() as u32).to_be_bytes())?;
                out.write_all(message)?;
            }
            out.flush()?;
            Ok(())
        });
        let start = Instant::now();
        let mut input = BufReader::with_capacity(64 * 1024, TcpStream::connect(address)?);
        let txn = database.begin_write()?;
        {
            let mut table = txn.open_table(ROWS)?;
            let mut message = Vec::new();
            for row in 0..messages.len() as u64 {
                let mut length = [0; 4];
                input.read_exact(&mut length)?;
                message.resize(u32::from_be_bytes(length) as usize, 0);
                input.read_exact(&mut message)?;
                table.insert(row, message.as_slice())?;
            }
        }
        txn.commit()?;
        Ok(start.elapsed())
    })?;
    drop(database);
    std::fs::remove_file(path)?;
    Ok(elapsed)
}

/// One `fdatasync` of a file that has just grown by 200 bytes, after `pause` without work: the cost of a disk for an
/// idle program.
pub fn fdatasync(dir: &Path, pause: Duration, rounds: usize) -> Result<Vec<Duration>> {
    let path = dir.join("floor.sync");
    let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
    let mut times = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        thread::sleep(pause);
        times.push(append_and_sync(&mut file)?);
    }
    std::fs::remove_file(path)?;
    Ok(times)
}

fn append_and_sync(file: &mut File) -> Result<Duration> {
    let start = Instant::now();
    file.write_all(&[7; 200])?;
    file.sync_data()?;
    Ok(start.elapsed())
}

/// One echo of 200 bytes over a loopback TCP connection, after `pause` without work.
pub fn round_trip(pause: Duration, rounds: usize) -> Result<Vec<Duration>> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    thread::scope(|scope| {
        scope.spawn(move || -> Result<()> {
            let (mut socket, _) = listener.accept()?;
            socket.set_nodelay(true)?;
            let mut buffer = [0; 200];
            while socket.read_exact(&mut buffer).is_ok() {
                socket.write_all(&buffer)?;
            }
            Ok(())
        });
        let mut socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        let mut buffer = [7; 200];
        let mut times = Vec::with_capacity(rounds);
        for _ in 0..rounds {
            thread::sleep(pause);
            let start = Instant::now();
            socket.write_all(&buffer)?;
            socket.read_exact(&mut buffer)?;
            times.push(start.elapsed());
        }
        Ok(times)
    })
}

/// The bytes of a sealed record, without its tag.
const RECORD: usize = 64 * 1024;

/// Seals `total` bytes of memory in records with ChaCha20-Poly1305, sends them over one loopback TCP connection, and
/// opens them into memory. Returns the time from the first byte to the last.
pub fn sealed_records(total: u64) -> Result<Duration> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    let records = total.div_ceil(RECORD as u64);
    thread::scope(|scope| {
        let sender = scope.spawn(move || -> Result<()> {
            let (mut socket, _) = listener.accept()?;
            let key = record_key();
            let mut record = vec![7; RECORD];
            for number in 0..records {
                record.truncate(RECORD);
                let sealed =
                    key.seal_in_place_append_tag(record_nonce(number), Aad::empty(), &mut record);
                sealed.map_err(|_| anyhow!("a record is not sealed"))?;
                socket.write_all(&record)?;
            }
            Ok(())
        });
        let mut socket = TcpStream::connect(address)?;
        let key = record_key();
        let mut record = vec![0; RECORD + CHACHA20_POLY1305.tag_len()];
        let start = Instant::now();
        for number in 0..records {
            socket.read_exact(&mut record)?;
            let opened = key.open_in_place(record_nonce(number), Aad::empty(), &mut record);
            opened.map_err(|_| anyhow!("a record does not open"))?;
        }
        let elapsed = start.elapsed();
        sender.join().map_err(|_| anyhow!("the sender failed"))??;
        Ok(elapsed)
    })
}

fn record_key() -> LessSafeKey {
    let key = UnboundKey::new(&CHACHA20_POLY1305, &[9; 32]);
    LessSafeKey::new(key.expect("a key has 32 bytes"))
}

fn record_nonce(number: u64) -> Nonce {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&number.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}

/// Copies a file with ordinary reads and writes, and makes the copy durable. The copy is removed then.
pub fn durable_copy(from: &Path, to: &Path) -> Result<Duration> {
    let start = Instant::now();
    let mut source = File::open(from)?;
    let mut copy = File::create(to)?;
    let mut part = vec![0; 1 << 20];
    loop {
        let length = source.read(&mut part)?;
        if length == 0 {
            break;
        }
        copy.write_all(&part[..length])?;
    }
    copy.sync_data()?;
    let elapsed = start.elapsed();
    std::fs::remove_file(to)?;
    Ok(elapsed)
}

/// The files that are made durable together.
const FILES_A_SYNC: usize = 100;

/// Sends the bytes of `count` files of `size` bytes each over one loopback TCP connection into as many files, and makes
/// each hundred of them durable together. They stay there. Returns the time from the connection to the last of them.
pub fn files(dir: &Path, count: usize, size: usize) -> Result<Duration> {
    let dir = dir.join("floor.files");
    std::fs::create_dir(&dir)?;
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    thread::scope(|scope| -> Result<Duration> {
        scope.spawn(move || -> Result<()> {
            let (socket, _) = listener.accept()?;
            let mut out = BufWriter::with_capacity(64 * 1024, socket);
            for number in 0..count {
                out.write_all(&vec![number as u8; size])?;
            }
            Ok(out.flush()?)
        });
        let start = Instant::now();
        let mut input = BufReader::with_capacity(64 * 1024, TcpStream::connect(address)?);
        let mut bytes = vec![0; size];
        let directory = File::open(&dir)?;
        for number in 0..count {
            input.read_exact(&mut bytes)?;
            File::create_new(dir.join(number.to_string()))?.write_all(&bytes)?;
            if (number + 1) % FILES_A_SYNC == 0 || number + 1 == count {
                rustix::fs::syncfs(&directory)?;
            }
        }
        Ok(start.elapsed())
    })
}
