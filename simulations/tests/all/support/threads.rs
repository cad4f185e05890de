//! Threads for worlds of tests.

/// Does something on so many of them.
pub fn on<T: Send>(threads: usize, what: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.expect("threads can be had").install(what)
}
