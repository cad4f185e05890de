//! The baselines of the rows: the simplest program that does the same work, run beside ours on the same disk and
//! over the same loopback.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use redb::{Database, TableDefinition};

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
